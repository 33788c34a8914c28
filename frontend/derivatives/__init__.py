"""`gradient` and its family over the trace, and the rules that programs give."""

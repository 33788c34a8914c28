"""Conditions and loops that only the graph knows: regions of the trace, what they carry, how arms join."""

"""Sessions: statements one after another, the REPL, its help and its package mode, interrupts and limits."""

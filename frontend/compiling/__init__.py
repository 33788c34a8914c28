"""Functions that become graphs: signatures, exported entries, calls compiled while a program runs."""

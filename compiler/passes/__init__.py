"""Passes over the IR, one per file."""

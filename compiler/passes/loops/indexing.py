"""Arrays that a loop reads and writes at its own index become scanned inputs and stacked results."""

from ...rewrite import Rules

RULES = Rules()

"""From the syntax tree to values: one module for each kind of construct, compiled to Python closures."""

"""From text to the syntax tree: tokens, grammar, nodes with spans, syntax errors."""

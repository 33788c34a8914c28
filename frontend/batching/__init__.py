"""Vectors of examples and trees that only the graph knows, and the maps, folds and recursion over them."""

"""Loops made cheaper: what does not depend on the iteration leaves them, what can be computed for all
iterations at once is, sums over the iterations are taken outside."""

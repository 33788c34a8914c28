"""Derivatives of `if`, `loop` and `map`.

The derivative of a region is built from the region's own operations, so it uses values of the region.
`closure` then finds where these come from in the operation that holds the derivative: from the arguments of
its region, from results that the region hands out in addition (residuals), or computed once more.
"""

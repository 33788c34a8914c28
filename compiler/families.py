"""Families of ops that passes and lowering treat alike."""

UNARY = frozenset("""
    neg abs sign exp expm1 log log1p log2 log10 sqrt rsqrt reciprocal sin cos tan asin acos atan sinh cosh
    tanh asinh acosh atanh sigmoid softplus erf floor ceil round trunc not is_nan is_inf is_finite
    identity stop_gradient convert relu hard_sigmoid
""".split())

COMMUTATIVE = frozenset("add mul max min and or xor eq ne".split())

COMPARISONS = frozenset("eq ne lt le gt ge".split())

BINARY = COMMUTATIVE | COMPARISONS | frozenset("""
    sub div idiv rem mod pow atan2 shift_left shift_right_logical
""".split())

ELEMENTWISE = UNARY | BINARY | {"select"}
"""Ops whose result has the shape of each operand and where element i depends on the elements i alone."""

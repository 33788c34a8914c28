x = 3
@assert x < 2 "x is too large"

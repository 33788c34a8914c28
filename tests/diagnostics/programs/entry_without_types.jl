@export f(x) = 2x
@export g(y::Float32[2], z) = y

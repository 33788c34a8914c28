@export f(x::Float32[3]) = g(x)

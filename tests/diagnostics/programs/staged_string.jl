@export f(x::Float32[3]) = string(sum(x))

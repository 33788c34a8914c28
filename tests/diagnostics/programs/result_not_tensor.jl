@export f(x::Float32[3]) = "a string"

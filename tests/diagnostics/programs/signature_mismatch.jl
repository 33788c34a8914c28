@export f(x::Float32[3, N], y::Float32[4, N]) = x .+ y

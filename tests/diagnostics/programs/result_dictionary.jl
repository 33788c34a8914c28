@export f(x::Float32[3]) = Dict(:a => x)

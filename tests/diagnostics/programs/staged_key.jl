d = Dict(1 => 2.0)
@export f(i::Int) = d[i]

f(x::Int, y::String) = 1
f(x::Float64) = 2
g(z) = f(z, 3)
g(1.5)

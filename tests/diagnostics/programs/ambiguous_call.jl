f(x::Int, y) = 1
f(x, y::Int) = 2
f(1, 2)

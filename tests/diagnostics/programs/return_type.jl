f(x)::Int = x / 2
f(3)

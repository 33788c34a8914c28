f(x) = (x + 1)::Int
f(1.5)

n = 3
f(x::n) = x

scale(k) = x -> x * k
double = scale("2")
map(double, [1, 2])

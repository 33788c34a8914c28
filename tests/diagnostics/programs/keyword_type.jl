scaled(x; factor::Int = 1) = factor * x
scaled(2; factor = 1.5)

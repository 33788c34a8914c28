scaled(x; factor) = factor * x
scaled(2)

f(xs) = map(x -> x * scale, xs)
f([1, 2])

f(x) = x > 1 ? error("too big: ", x) : x
f.([0, 1, 2])

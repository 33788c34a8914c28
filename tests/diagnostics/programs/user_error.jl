check(x) = x > 0 || error("x must be positive, got ", x)
check(-1)

root(x) = sqrt(x)
root(-2)

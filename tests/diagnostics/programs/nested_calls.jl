inner(x) = x[10]
middle(x) = inner(x) + 1
outer(x) = middle(x) * 2
outer([1, 2, 3])

tup = (1.0, 2.0)
@export f(i::Int) = tup[i]

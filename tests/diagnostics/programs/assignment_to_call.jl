x = [1, 2]
length(x) + 1 = 3

counts = [1, 2, 3]
counts[2] = 1.5

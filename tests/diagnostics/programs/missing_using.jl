mean([1, 2])

x = 1 > 0 and 2 > 1

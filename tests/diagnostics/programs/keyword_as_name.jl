end = 3

pair = (1, 2)
pair[3]

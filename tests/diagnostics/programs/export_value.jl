x = 3
@export x

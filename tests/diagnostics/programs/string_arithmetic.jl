name = "a"
label = name + 1

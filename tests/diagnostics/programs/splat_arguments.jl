add(a, b) = a + b
values = (1, 2, 3)
add(values...)

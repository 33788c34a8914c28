x = Vector{Int, 2, 3}

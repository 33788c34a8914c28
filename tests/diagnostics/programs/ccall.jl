ccall(:sin, Float64, (Float64,), 1.0)

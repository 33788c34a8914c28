@export f(x::Float32[3]; scale = 2) = x .* scale

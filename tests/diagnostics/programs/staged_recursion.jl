function halve(x)
    return sum(x) < 1 ? x : halve(x ./ 2)
end

@export f(x::Float32[3]) = halve(x)

function f(x, v, n)
    c = 0.0
    if n > 1
        for i in 1:n
            c -= exp(-abs2(sin(0.5)))
        end
    end
    c = sum([sin(z + c) for z in v]; init = 0.0)
    u = [sum(map(z -> sin(z + c), v)), x, 0.3]
    return sin(0.5) * c + sum(tanh.(u)) + 0.01 * n
end

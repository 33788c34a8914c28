function f(x, v, n)
    a, b, c, k = x, 0.5, -0.25, n
    u = [x, 0.3, -0.7]
    g1 = Float64[]
    for i2 in 1:n
        push!(g1, (-1.25 < 0.3 ? x : a))
    end
    b += tanh(sum(g1))
    for i3 in 1:length(v)
        a = tanh(a) + 0.5 * v[i3]
        b = (max(a, a) + -1.25)
        a = b
    end
    return tanh(a) + sin(b) * c + sum(tanh.(u)) + 0.01 * k
end

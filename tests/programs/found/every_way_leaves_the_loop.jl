function f(x, v, n)
    a, b, c, k = x, 0.5, -0.25, n
    u = [x, 0.3, -0.7]
    c = (sum(u) - a)
    if x > 1.1 || sum(u) < -0.1
        return (b - x)
    end
    k += 2
    w1 = 0
    while w1 < n && (length(v) > 2)
        w1 += 1
        u[mod1(k, 3)] < 1.1 || -1.25 < -0.1 && break
        if Float64(w1) > -0.2 && 0.5 > 0.1
            return min(x, b)
        end
    end
    return tanh(a) + sin(b) * c + sum(tanh.(u)) + 0.01 * k
end

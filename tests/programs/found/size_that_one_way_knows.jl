function f(x, v, n)
    a, b, c, k = x, 0.5, -0.25, n
    u = [x, 0.3, -0.7]
    w1 = 0
    while w1 < 3 && (!(a < x))
        w1 += 1
        w2 = 0
        while w2 < 7 && (!(u[mod1(k, 3)] < -0.2))
            w2 += 1
            if !(Float64(k) < x)
                return tanh(Float64(w2))
            end
            for i3 in 1:2
                a += min(sum(u), -1.25 / (1 + abs2(Float64(i3))))
            end
            for i4 in 1:6
                u = u .* tanh(min(-1.25, u[1]))
            end
        end
        g5 = Float64[]
        for i6 in 1:n
            push!(g5, (u[mod1(k, 3)] < 1.1 && u[mod1(w1, 3)] > 0.1 ? Float64(k) : 0.5))
        end
        b += tanh(sum(g5))
        for i7 in 1:6
            for i8 in length(v):-1:1
                a = tanh(a) + 0.5 * v[i8]
                c = sum(map(z -> (z > b ? z : x), v))
                u[2:3] .= Float64(k)
                t10 = tanh(x)
                c += tanh(t10)
            end
        end
    end
    c += sum(map(v) do z
        s, m = z, 0
        while abs(s) > 0.7 && m < 4
            s = tanh(s) * 0.8
            m += 1
        end
        s > 0 ? s * a : s + Float64(m)
    end; init = 0.0) / 3
    if length(v) > 2
        return b
    end
    if Float64(k) > 1.1
        for i11 in 1:n
            t12 = min(Float64(i11), -1.25)
            c += tanh(t12)
            c += sum(map(v) do z
                s, m = z, 0
                while abs(s) > 0.7 && m < 4
                    s = tanh(s) * 0.8
                    m += 1
                end
                s + m
            end; init = 0.0) / 3
        end
    end
    return tanh(a) + sin(b) * c + sum(tanh.(u)) + 0.01 * k
end

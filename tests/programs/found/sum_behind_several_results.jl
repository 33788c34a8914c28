function f(x, v, n)
    a, b, c, k = x, 0.5, -0.25, n
    u = [x, 0.3, -0.7]
    for i1 in eachindex(v)
        a = tanh(a) + x * v[i1]
        u[1] = min(Float64(i1), x)
        b = sin(tanh(0.5) * c)
    end
    for i3 in 1:n + 1
        c += sum(map(v) do z
            s, m = z, 0
            while abs(s) > 0.7 && m < n
                s = tanh(s) * 0.8
                m += 1
            end
            s + m
        end; init = 0.0) / 3
        a > 1.1 || a < -0.1 && break
        w4 = 0
        while w4 < n && (isodd(k))
            w4 += 1
            g5 = Float64[]
            for i6 in 1:length(v)
                push!(g5, a)
            end
            b += tanh(sum(g5))
            c += sum(map(v) do z
                s, m = z, 0
                while abs(s) > 0.4 && m < n
                    s = tanh(s) * 0.8
                    m += 1
                end
                m > 1 ? s : z
            end; init = 0.0) / 3
            if Float64(w4) > 0.3
                k += length(v)
                a = min(exp(-abs2(u[mod1(w4, 3)])), (a + x))
                k += 2
            end
        end
    end
    for i7 in eachindex(v)
        a = tanh(a) + x * v[i7]
        k += length(v)
    end
    u .= tanh.(u) .+ -1.25
    return tanh(a) + sin(b) * c + sum(tanh.(u)) + 0.01 * k
end

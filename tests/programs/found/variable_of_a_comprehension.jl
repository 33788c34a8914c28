function f(x, v, n)
    a, b, c, k = x, 0.5, -0.25, n
    u = [x, 0.3, -0.7]
    if -1.25 < x
        k += 2
    elseif x < 1.1 && x > 0.1
        k += length(v)
        t1 = tanh(a) * u[mod1(k, 3)]
        b += tanh(t1)
        if length(v) > 2
            return (sum(u) < 1.1 || Float64(k) < -0.1 ? b : a)
        end
    end
    b += b / (1 + abs2(a))
    u[1] = c
    if !(u[mod1(k, 3)] > 1.1)
        w2 = 0
        while w2 < n && (sum(u) < 0.3 || -1.25 < -0.1)
            w2 += 1
            for i3 in 1:2
                u .= tanh.(u) .+ sum([z * a for z in v]; init = 0.0)
                length(v) > 2 && break
            end
            c += sum(map(v) do z
                s, m = z, 0
                while abs(s) > 0.7 && m < n
                    s = tanh(s) * 0.8
                    m += 1
                end
                m > 1 ? s : z
            end; init = 0.0) / 3
        end
        u = [(0.5 - x), u[1], u[2]]
        b += exp(-abs2(sin(a)))
    elseif !(c < 1.1)
        k += n
    end
    return tanh(a) + sin(b) * c + sum(tanh.(u)) + 0.01 * k
end

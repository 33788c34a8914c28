function f(x, v, n)
    a, b, c, k = x, 0.5, -0.25, n
    u = [x, 0.3, -0.7]
    u[2:3] .= tanh(Float64(k)) * Float64(k)
    u[1] += u[mod1(k, 3)]
    w1 = 0
    while w1 < 7 && (isodd(k))
        w1 += 1
        for i2 in length(v):-1:1
            a = tanh(a) + 0.5 * v[i2]
            if u[mod1(k, 3)] > -0.2 && b > 0.1
                u[1] < -0.2 || u[1] < -0.1 && break
                t4 = tanh(-1.25)
                b += tanh(t4)
            elseif length(v) > 2
                b += min(tanh(u[mod1(i2, 3)]), sin(u[mod1(k, 3)]))
                t5 = exp(-abs2(Float64(i2)))
                c += tanh(t5)
                k += 2
            end
            if Float64(k) > 1.1 || b < -0.1
                u .= tanh.(u) .+ -1.25 / (1 + abs2(u[1]))
                t6 = u[mod1(k, 3)] / (1 + abs2(Float64(k)))
                a += tanh(t6)
            else
                u[1] = exp(-abs2(x))
            end
            u[mod1(i2, 3)] += (isodd(k) ? 0.5 : c)
        end
        u = u .* tanh(exp(-abs2(u[1])))
        u[mod1(k, 3)] = sum(z -> z, v; init = 0.0)
    end
    return tanh(a) + sin(b) * c + sum(tanh.(u)) + 0.01 * k
end

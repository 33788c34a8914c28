function f(x, v, n)
    a, b, c, k = x, 0.5, -0.25, n
    u = [x, 0.3, -0.7]
    u = [sin(u[mod1(k, 3)]), u[1], u[2]]
    k += 1
    if u[1] < 0.3
        u = [exp(-abs2(-1.25)), u[1], u[2]]
        for i1 in 1:2
            u[mod1(k, 3)] < 1.1 || u[mod1(i1, 3)] < -0.1 && continue
            t2 = tanh(u[1]) * Float64(k)
            c += tanh(t2)
        end
    else
        b = (u[1] > -0.2 ? 0.5 / (1 + abs2(-1.25)) : (!(b > x) ? x : sum(u)))
        if u[1] > x || u[mod1(k, 3)] < -0.1
            u = [(a - c), u[1], u[2]]
            t3 = tanh(0.5) * a
            c += tanh(t3)
            w4 = 0
            while w4 < 3 && (u[mod1(k, 3)] < -0.2 || u[mod1(k, 3)] < -0.1)
                w4 += 1
                u .= tanh.(u) .+ tanh(sum(u)) * Float64(w4)
                u = u .* tanh(sum(map(z -> (z > b ? z : x), v)))
                length(v) > 2 && break
            end
        elseif length(v) > 2
            k += 2
        end
        t5 = 0.5 / (1 + abs2(a))
        c += tanh(t5)
    end
    t6 = (-1.25 - -1.25)
    a += tanh(t6)
    return tanh(a) + sin(b) * c + sum(tanh.(u)) + 0.01 * k
end

# A neural ordinary differential equation, solved by the adaptive method of Dormand and Prince (1980).

using Flux
using Random: seed!

seed!(1)

"""
    solve(f, u, span; rtol, atol) -> u at the end, accepted steps

`du/dt = f(u)` over a time `span` by the embedded Runge–Kutta pair of orders 5 and 4. A step is accepted when its
estimated error is within the tolerances; the next one is as long as the error allows.
"""
function solve(f, u, span; rtol = 1e-6, atol = 1e-6)
    t, step, accepted = zero(span), span / 10, 0
    while t < span
        step = min(step, span - t)
        k1 = f(u)
        k2 = f(u .+ step .* (k1 ./ 5))
        k3 = f(u .+ step .* (3/40 .* k1 .+ 9/40 .* k2))
        k4 = f(u .+ step .* (44/45 .* k1 .- 56/15 .* k2 .+ 32/9 .* k3))
        k5 = f(u .+ step .* (19372/6561 .* k1 .- 25360/2187 .* k2 .+ 64448/6561 .* k3 .- 212/729 .* k4))
        k6 = f(u .+ step .* (9017/3168 .* k1 .- 355/33 .* k2 .+ 46732/5247 .* k3 .+ 49/176 .* k4 .- 5103/18656 .* k5))
        next = u .+ step .* (35/384 .* k1 .+ 500/1113 .* k3 .+ 125/192 .* k4 .- 2187/6784 .* k5 .+ 11/84 .* k6)
        k7 = f(next)
        difference = step .* (71/57600 .* k1 .- 71/16695 .* k3 .+ 71/1920 .* k4 .- 17253/339200 .* k5 .+
                              22/525 .* k6 .- 1/40 .* k7)
        scale = atol .+ rtol .* max.(abs.(u), abs.(next))
        error = sqrt(sum(abs2, difference ./ scale) / length(u))
        if error <= 1
            t += step
            u = next
            accepted += 1
        end
        step *= clamp(0.9 * (error + 1e-12)^(-0.2), 0.2, 5.0)
    end
    return u, accepted
end

model = f64(Chain(Dense(2 => 16, tanh), Dense(16 => 2)))
opt = Flux.setup(Adam(1e-2), model)

flow(m, u, span) = solve(m, u, span; rtol = 1e-4, atol = 1e-4)[1]
loss(m, u, span, target) = sum(abs2, flow(m, u, span) .- target)

@export decay(u::Float64[2], rate::Float64, span::Float64) = solve(v -> -rate .* v, u, span)
@export trajectory(u::Float64[2], span::Float64) = flow(model, u, span)
@export trajectories(us::Vector{Float64[2]}, spans::Vector{Float64}) = map((u, s) -> flow(model, u, s), us, spans)
@export sensitivity(u::Float64[2], rate::Float64, span::Float64) =
    gradient((u, r) -> sum(solve(v -> -r .* v, u, span)[1]), u, rate)
@export losses(us::Vector{Float64[2]}, spans::Vector{Float64}, targets::Vector{Float64[2]}) =
    map((u, s, y) -> loss(model, u, s, y), us, spans, targets)

@export function train_step(us::Vector{Float64[2]}, spans::Vector{Float64}, targets::Vector{Float64[2]})
    total, grads = Flux.withgradient(model) do m
        sum(loss(m, u, s, y) for (u, s, y) in zip(us, spans, targets)) / length(us)
    end
    Flux.update!(opt, model, grads[1])
    return total
end

# The task: a rotation with damping.
truth(u, t) = exp(-0.3t) .* [cos(2t) -sin(2t); sin(2t) cos(2t)] * u

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:100
        us = [randn(2) for _ in 1:16]
        spans = [0.2 + 0.8rand() for _ in 1:16]
        l = train_step(us, spans, truth.(us, spans))
        step % 20 == 0 && println("step ", step, "  loss ", l)
    end
end

# A deep equilibrium layer (Bai, Kolter & Koltun 2019): its output is the fixed point of an equation, and its
# derivative that of the implicit function, whatever way the solver went.

using Flux
using ChainRulesCore
using Random: seed!

seed!(1)

# The fixed point of `step` from `z`, to 1e-12 in the largest component.
function iterate_to_rest(step, z)
    next = step(z)
    while maximum(abs.(next .- z)) > 1e-12
        z = next
        next = step(z)
    end
    return next
end

"""
    equilibrium(W, u) -> z

The solution of `z = tanh.(W * z .+ u)`, by iteration.
"""
equilibrium(W, u) = iterate_to_rest(z -> tanh.(W * z .+ u), zero(u))

# z̄ reaches u through v = (1 .- z.^2) .* (z̄ .+ W' * v), another fixed point.
function ChainRulesCore.rrule(::typeof(equilibrium), W, u)
    z = equilibrium(W, u)
    function equilibrium_pullback(z̄)
        v = iterate_to_rest(v -> (1 .- z .^ 2) .* (z̄ .+ W' * v), zero(z))
        return NoTangent(), v * z', v
    end
    return z, equilibrium_pullback
end

struct Equilibrium{M, D}
    W::M
    input::D
    output::D
end

Flux.@layer Equilibrium

(m::Equilibrium)(x) = m.output(equilibrium(m.W, m.input(x)))

model = f64(Equilibrium(0.3 .* randn(8, 8) ./ sqrt(8), Dense(3 => 8), Dense(8 => 1)))
opt = Flux.setup(Adam(1e-2), model)

loss(m, x, y) = (m(x)[1] - y)^2

@export solve(W::Float64[K, K], u::Float64[K]) = equilibrium(W, u)
@export solve_all(W::Float64[K, K], us::Vector{Float64[K]}) = map(u -> equilibrium(W, u), us)
@export solve_gradient(W::Float64[K, K], u::Float64[K]) = gradient((W, u) -> sum(abs2, equilibrium(W, u)), W, u)
@export solve_gradients(W::Float64[K, K], us::Vector{Float64[K]}) =
    map(u -> gradient((W, u) -> sum(abs2, equilibrium(W, u)), W, u), us)

@export function train_step(xs::Vector{Float64[3]}, ys::Vector{Float64})
    total, grads = Flux.withgradient(m -> sum(loss(m, x, y) for (x, y) in zip(xs, ys)) / length(xs), model)
    Flux.update!(opt, model, grads[1])
    return total
end

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:100
        xs = [randn(3) for _ in 1:32]
        l = train_step(xs, [sin(x[1]) * x[2] for x in xs])
        step % 20 == 0 && println("step ", step, "  loss ", l)
    end
end

# Training with per-example gradient clipping, as differential privacy needs it (Abadi et al. 2016).

using Flux
using LinearAlgebra: norm
using Random: seed!

seed!(1)

const MOST = 0.5f0       # the largest norm of one example's gradient

parameters, rebuild = Flux.destructure(Chain(Dense(4 => 8, tanh), Dense(8 => 1)))
opt = Flux.setup(Descent(0.2), parameters)

loss(θ, x, y) = (rebuild(θ)(x)[1] - y)^2

"""
The gradient of one example, shortened to `MOST`.
"""
function clipped_gradient(θ, x, y)
    g = gradient(p -> loss(p, x, y), θ)[1]
    return g .* min(1, MOST / norm(g))
end

@export gradient_one(x::Float32[4], y::Float32) = clipped_gradient(parameters, x, y)
@export gradient_all(xs::Vector{Float32[4]}, ys::Vector{Float32}) =
    map((x, y) -> clipped_gradient(parameters, x, y), xs, ys)

@export function train_step(xs::Vector{Float32[4]}, ys::Vector{Float32})
    g = sum(clipped_gradient(parameters, x, y) for (x, y) in zip(xs, ys)) / length(xs)
    Flux.update!(opt, parameters, g)
    return sum(loss(parameters, x, y) for (x, y) in zip(xs, ys)) / length(xs)
end

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:200
        xs = [randn(Float32, 4) for _ in 1:32]
        l = train_step(xs, [x[1] * x[2] for x in xs])
        step % 40 == 0 && println("step ", step, "  loss ", l)
    end
end

# Self-attention over sets of different sizes, written for one set: no mask in sight.

using Flux
using Random: seed!

seed!(1)

const WIDTH = 8

struct Attention{D, V}
    query::D
    key::D
    value::D
    output::V
end

Flux.@layer Attention

project() = Dense(4 => WIDTH; bias = false)

model = Attention(project(), project(), project(), Dense(WIDTH => 1))
opt = Flux.setup(Adam(1e-2), model)

"""
    m(x) -> number

Each of the `T` items, columns of `x`, attends to all; the results are averaged.
"""
function (m::Attention)(x)
    weights = softmax(m.key(x)' * m.query(x) ./ sqrt(Float32(WIDTH)); dims = 1)
    mixed = m.value(x) * weights
    return m.output(sum(mixed; dims = 2) ./ size(x, 2))[1]
end

loss(m, x, y) = (m(x) - y)^2

@export summarise(x::Float32[4, T]) = model(x)
@export summarise_all(xs::Vector{Float32[4, T]}) = map(model, xs)
@export input_gradients(xs::Vector{Float32[4, T]}) = map(x -> gradient(model, x)[1], xs)
@export loss_all(xs::Vector{Float32[4, T]}, ys::Vector{Float32}) = map((x, y) -> loss(model, x, y), xs, ys)

@export function train_step(xs::Vector{Float32[4, T]}, ys::Vector{Float32})
    total, grads = Flux.withgradient(m -> sum(loss(m, x, y) for (x, y) in zip(xs, ys)) / length(xs), model)
    Flux.update!(opt, model, grads[1])
    return total
end

# The task: the largest first component of a set.
if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:200
        xs = [randn(Float32, 4, rand(1:10)) for _ in 1:32]
        l = train_step(xs, [maximum(x[1, :]) for x in xs])
        step % 40 == 0 && println("step ", step, "  loss ", l)
    end
end

# A pointer network (Vinyals, Fortunato & Jaitly 2015): its output points to positions of its input. It learns to sort.

using Flux
using Random: seed!

seed!(1)

const WIDTH = 16

struct Pointer{L, C, D, V}
    encoder::L
    decoder::C
    key::D
    query::D
    score::V
    start::V
end

Flux.@layer Pointer

model = Pointer(LSTM(1 => WIDTH), LSTMCell(1 => WIDTH), Dense(WIDTH => WIDTH), Dense(WIDTH => WIDTH),
                randn(Float32, WIDTH), zeros(Float32, 1))
opt = Flux.setup(Adam(1e-2), model)

# The scores of the positions for a decoder state; a position that was taken already has no chance.
function point(m, keys, h, taken)
    scores = vec(m.score' * tanh.(keys .+ m.query(h)))
    return ifelse.(taken, -1f9, scores)
end

"""
    order(m, x) -> positions

Points to each of the `T` positions of `x`, `(1, T)`, once: greedily, the most likely one first.
"""
function order(m, x)
    T = size(x, 2)
    hidden = m.encoder(x)
    keys = m.key(hidden)
    taken, positions = fill(false, T), zeros(Int, T)
    input, state = m.start, (hidden[:, T], zeros(Float32, WIDTH))
    for t in 1:T
        h, state = m.decoder(input, state)
        next = argmax(point(m, keys, h, taken))
        positions[t] = next
        taken[next] = true
        input = x[:, next]
    end
    return positions
end

"""
The negative log likelihood of a sequence of positions.
"""
function loss(m, x, positions)
    hidden = m.encoder(x)
    keys = m.key(hidden)
    taken = fill(false, length(positions))
    input, state = m.start, (hidden[:, end], zeros(Float32, WIDTH))
    total = 0f0
    for next in positions
        h, state = m.decoder(input, state)
        total -= logsoftmax(point(m, keys, h, taken))[next]
        taken[next] = true
        input = x[:, next]
    end
    return total / length(positions)
end

@export order_one(x::Float32[1, T]) = order(model, x)
@export order_all(xs::Vector{Float32[1, T]}) = map(x -> order(model, x), xs)
@export loss_one(x::Float32[1, T], positions::Int[T]) = loss(model, x, positions)
@export loss_all(xs::Vector{Float32[1, T]}, positions::Vector{Int[T]}) =
    map((x, p) -> loss(model, x, p), xs, positions)

@export function train_step(xs::Vector{Float32[1, T]}, positions::Vector{Int[T]})
    total, grads = Flux.withgradient(model) do m
        sum(loss(m, x, p) for (x, p) in zip(xs, positions)) / length(xs)
    end
    Flux.update!(opt, model, grads[1])
    return total
end

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:200
        xs = [rand(Float32, 1, rand(2:6)) for _ in 1:32]
        l = train_step(xs, [sortperm(vec(x)) for x in xs])
        step % 40 == 0 && println("step ", step, "  loss ", l)
    end
end

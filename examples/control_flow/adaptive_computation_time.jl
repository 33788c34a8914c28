# Adaptive computation time (Graves 2016): a cell ponders on one input until it decides to halt.

using Flux
using Random: seed!

seed!(1)

const HIDDEN, MOST, EPSILON = 12, 10, 0.01f0

struct Ponderer{C, H, D}
    cell::C
    halt::H
    output::D
end

Flux.@layer Ponderer

model = Ponderer(RNNCell(4 => HIDDEN), Dense(HIDDEN => 1, σ), Dense(HIDDEN => 1))
opt = Flux.setup(Adam(5e-3), model)

"""
    m(x) -> output, steps, ponder cost

The state is averaged with the halting probabilities of its steps; the last step has what remains to 1. The
ponder cost is the number of steps plus that remainder.
"""
function (m::Ponderer)(x)
    state = zeros(Float32, HIDDEN)
    average = zeros(Float32, HIDDEN)
    remainder = 1f0
    steps = 0
    while true
        steps += 1
        _, state = m.cell(x, state)
        p = m.halt(state)[1]
        if remainder - p < EPSILON || steps == MOST
            average += remainder .* state
            break
        end
        average += p .* state
        remainder -= p
    end
    return m.output(average)[1], steps, steps + remainder
end

function loss(m, x, y)
    answer, _, cost = m(x)
    return (answer - y)^2 + 0.01f0 * cost
end

@export ponder(x::Float32[4]) = model(x)
@export ponder_all(xs::Vector{Float32[4]}) = map(model, xs)
@export loss_all(xs::Vector{Float32[4]}, ys::Vector{Float32}) = map((x, y) -> loss(model, x, y), xs, ys)

@export function train_step(xs::Vector{Float32[4]}, ys::Vector{Float32})
    total, grads = Flux.withgradient(m -> sum(loss(m, x, y) for (x, y) in zip(xs, ys)) / length(xs), model)
    Flux.update!(opt, model, grads[1])
    return total
end

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:200
        xs = [randn(Float32, 4) for _ in 1:32]
        l = train_step(xs, [sign(prod(x)) for x in xs])
        step % 40 == 0 && println("step ", step, "  loss ", l)
    end
end

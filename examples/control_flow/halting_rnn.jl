# A recurrent network that thinks about each input as long as it needs and stops reading when it has heard enough.

using Flux
using Random: seed!

seed!(1)

const HIDDEN = 10

struct Reader{C, H, S, D}
    cell::C
    halt::H
    stop::S
    output::D
end

Flux.@layer Reader

model = Reader(GRUCell(3 => HIDDEN), Dense(HIDDEN => 1, σ), Dense(HIDDEN => 1, σ), Dense(HIDDEN => 1))
opt = Flux.setup(Adam(1e-2), model)

"""
    m(x) -> output, columns read, steps of thought

The inner loop updates the state on one column until the summed halting signals reach 1 (at most five times), the
outer one reads columns until the stop signal exceeds 0.9.
"""
function (m::Reader)(x)
    h = zeros(Float32, HIDDEN)
    read, thoughts = 0, 0
    for t in 1:size(x, 2)
        read += 1
        halted, n = 0f0, 0
        while halted < 1 && n < 5
            _, h = m.cell(x[:, t], h)
            halted += m.halt(h)[1]
            n += 1
        end
        thoughts += n
        if m.stop(h)[1] > 0.9
            break
        end
    end
    return m.output(h)[1], read, thoughts
end

loss(m, x, y) = (m(x)[1] - y)^2

@export read_one(x::Float32[3, T]) = model(x)
@export read_all(xs::Vector{Float32[3, T]}) = map(model, xs)
@export loss_one(x::Float32[3, T], y::Float32) = loss(model, x, y)
@export loss_all(xs::Vector{Float32[3, T]}, ys::Vector{Float32}) = map((x, y) -> loss(model, x, y), xs, ys)

@export function train_step(xs::Vector{Float32[3, T]}, ys::Vector{Float32})
    total, grads = Flux.withgradient(m -> sum(loss(m, x, y) for (x, y) in zip(xs, ys)) / length(xs), model)
    Flux.update!(opt, model, grads[1])
    return total
end

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:150
        xs = [randn(Float32, 3, rand(1:6)) for _ in 1:32]
        l = train_step(xs, [x[1, 1] for x in xs])
        step % 30 == 0 && println("step ", step, "  loss ", l)
    end
end

# A network with a memory that it reads and writes by content (after Graves, Wayne & Danihelka 2014).

using Flux
using Random: seed!

seed!(1)

const INPUT, WIDTH, SLOTS, HIDDEN = 4, 6, 8, 20

struct MemoryNetwork{C, D}
    controller::C
    interface::D          # key, erase vector, added vector, strength
    output::D
end

Flux.@layer MemoryNetwork

model = MemoryNetwork(GRUCell(INPUT + WIDTH => HIDDEN), Dense(HIDDEN => 3WIDTH + 1), Dense(HIDDEN + WIDTH => INPUT))
opt = Flux.setup(Adam(1e-2), model)

# How much each slot, a column of the memory, resembles the key.
function address(memory, key, strength)
    likeness = memory' * key ./ (sqrt.(vec(sum(abs2, memory; dims = 1))) .* sqrt(sum(abs2, key)) .+ 1f-3)
    return softmax(strength .* likeness)
end

"""
    m(x) -> outputs (INPUT, T)

At each column of `x` the controller reads one vector from the memory, erases and adds.
"""
function (m::MemoryNetwork)(x)
    memory = 0.1f0 .* Float32[(i + j) % 3 - 1 for i in 1:WIDTH, j in 1:SLOTS]
    h, read = zeros(Float32, HIDDEN), zeros(Float32, WIDTH)
    outputs = []
    for column in eachcol(x)
        _, h = m.controller(vcat(column, read), h)
        signals = m.interface(h)
        key, erase, add = signals[1:WIDTH], σ.(signals[WIDTH+1:2WIDTH]), tanh.(signals[2WIDTH+1:3WIDTH])
        weights = address(memory, key, 1 + softplus(signals[end]))
        memory = memory .* (1 .- erase * weights') .+ add * weights'
        read = memory * weights
        push!(outputs, m.output(vcat(h, read)))
    end
    return stack(outputs)
end

loss(m, x, y) = Flux.mse(m(x), y)

@export respond(x::Float32[INPUT, T]) = model(x)
@export respond_all(xs::Vector{Float32[INPUT, T]}) = map(model, xs)
@export loss_all(xs::Vector{Float32[INPUT, T]}, ys::Vector{Float32[INPUT, T]}) =
    map((x, y) -> loss(model, x, y), xs, ys)

@export function train_step(xs::Vector{Float32[INPUT, T]}, ys::Vector{Float32[INPUT, T]})
    total, grads = Flux.withgradient(m -> sum(loss(m, x, y) for (x, y) in zip(xs, ys)) / length(xs), model)
    Flux.update!(opt, model, grads[1])
    return total
end

# The task: repeat what was shown two columns before.
function delayed(length)
    x = Float32.(rand(Bool, INPUT, length))
    return x, hcat(zeros(Float32, INPUT, 2), x)[:, 1:length]
end

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:150
        data = [delayed(rand(3:8)) for _ in 1:16]
        l = train_step(first.(data), last.(data))
        step % 30 == 0 && println("step ", step, "  loss ", l)
    end
end

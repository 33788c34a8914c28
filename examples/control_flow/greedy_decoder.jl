# A greedy decoder: it emits tokens until it emits the stop token or reaches its limit.

using Flux
using Random: seed!

seed!(1)

const TOKENS, STOP, LIMIT = 8, 1, 12

struct Decoder{E, C, D}
    embedding::E
    cell::C
    output::D
end

Flux.@layer Decoder

model = Decoder(Embedding(TOKENS => 12), GRUCell(12 => 16), Dense(16 => TOKENS))
opt = Flux.setup(Adam(1e-2), model)

"""
    decode(m, state) -> tokens

The most likely next token, again and again, from an initial state; the stop token is the last one.
"""
function decode(m, state)
    tokens = Int[]
    token = STOP
    while length(tokens) < LIMIT
        _, state = m.cell(m.embedding(token), state)
        token = argmax(m.output(state))
        push!(tokens, token)
        token == STOP && break
    end
    return tokens
end

"""
The negative log likelihood of the tokens of a target, each predicted from those before it.
"""
function loss(m, state, target)
    total = 0f0
    token = STOP
    for next in target
        _, state = m.cell(m.embedding(token), state)
        total -= logsoftmax(m.output(state))[next]
        token = next
    end
    return total
end

@export translate(state::Float32[16]) = decode(model, state)
@export translate_all(states::Vector{Float32[16]}) = map(s -> decode(model, s), states)
@export score(state::Float32[16], target::Int[T]) = loss(model, state, target)
@export score_all(states::Vector{Float32[16]}, targets::Vector{Int[T]}) =
    map((s, y) -> loss(model, s, y), states, targets)

@export function train_step(states::Vector{Float32[16]}, targets::Vector{Int[T]})
    total, grads = Flux.withgradient(model) do m
        sum(loss(m, s, y) for (s, y) in zip(states, targets)) / length(states)
    end
    Flux.update!(opt, model, grads[1])
    return total
end

# The task: count down from the position of the one in the state.
function example(start)
    state = zeros(Float32, 16)
    state[start] = 1
    return state, collect(start:-1:1)
end

if abspath(PROGRAM_FILE) == @__FILE__
    data = [example(start) for start in 2:TOKENS]
    for step in 1:150
        l = train_step(first.(data), last.(data))
        step % 25 == 0 && println("step ", step, "  loss ", l)
    end
    println(translate(example(5)[1]))
end

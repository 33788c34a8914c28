# A shift–reduce encoder: the actions of a parser push words on a stack and put its two top elements together,
# as in a stack-augmented network (Bowman et al. 2016). The stack is a vector that grows and shrinks.

using Flux
using Random: seed!

seed!(1)

const WORDS, CLASSES, HIDDEN = 20, 3, 8
const SHIFT, REDUCE = 1, 2

struct Encoder{E, C, O}
    embedding::E
    compose::C         # left and right element → their composition
    output::O
end

Flux.@layer Encoder

model = Encoder(Embedding(WORDS => HIDDEN), Dense(2HIDDEN => HIDDEN, tanh), Dense(HIDDEN => CLASSES))
opt = Flux.setup(Adam(1e-2), model)

"""
    encode(m, words, actions) -> (the element on the top of the stack, the largest height of the stack)
"""
function encode(m, words, actions)
    stack = Vector{Float32}[]
    next, height = 1, 0
    for action in actions
        if action == SHIFT
            push!(stack, m.embedding(words[next]))
            next += 1
        else
            right = pop!(stack)
            left = pop!(stack)
            push!(stack, m.compose(vcat(left, right)))
        end
        height = max(height, length(stack))
    end
    return stack[end], height
end

function classify(m, words, actions)
    top, height = encode(m, words, actions)
    return m.output(top), height
end

loss(m, words, actions, class) =
    Flux.logitcrossentropy(first(classify(m, words, actions)), Flux.onehot(class, 1:CLASSES))

@export scores(words::Int[S], actions::Int[T]) = classify(model, words, actions)
@export scores_all(words::Vector{Int[S]}, actions::Vector{Int[T]}) =
    map((w, a) -> classify(model, w, a), words, actions)

@export function train_step(words::Vector{Int[S]}, actions::Vector{Int[T]}, classes::Vector{Int})
    total, grads = Flux.withgradient(model) do m
        sum(loss(m, w, a, c) for (w, a, c) in zip(words, actions, classes)) / length(words)
    end
    Flux.update!(opt, model, grads[1])
    return total
end

# Random actions for a number of words; the class is that of the last word.
function random_actions(words)
    actions, height, left = Int[], 0, words
    while left > 0 || height > 1
        shift = height < 2 || left > 0 && rand(Bool)
        push!(actions, shift ? SHIFT : REDUCE)
        height += shift ? 1 : -1
        left -= shift
    end
    return actions
end

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:100
        words = [rand(1:WORDS, rand(1:6)) for _ in 1:32]
        l = train_step(words, random_actions.(length.(words)), [mod(w[end], CLASSES) + 1 for w in words])
        step % 20 == 0 && println("step ", step, "  loss ", l)
    end
end

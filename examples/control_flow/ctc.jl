# Connectionist temporal classification (Graves 2006) by dynamic programming over one utterance.

using Flux
using Random: seed!

seed!(1)

const CLASSES = 6            # the last one is the blank
const BLANK = CLASSES

logadd(a, b) = max(a, b) + log1p(exp(-abs(a - b)))

"""
    ctc(logits, labels) -> negative log likelihood

The sum over all alignments of the labels, with blanks between them, to the `T` columns of `logits`. `α[s]` is
the log probability of all prefixes that end in symbol `s` of the labels with blanks around.
"""
function ctc(logits, labels)
    y = logsoftmax(logits)
    T, L = size(y, 2), length(labels)
    symbol(s) = iseven(s) ? labels[s ÷ 2] : BLANK
    α = fill(-1f10, 2L + 1)
    α[1] = y[BLANK, 1]
    if L > 0
        α[2] = y[labels[1], 1]
    end
    for t in 2:T
        previous = copy(α)
        for s in 1:2L+1
            a = previous[s]
            if s > 1
                a = logadd(a, previous[s-1])
            end
            if s > 2 && iseven(s) && symbol(s) != symbol(s - 2)
                a = logadd(a, previous[s-2])
            end
            α[s] = a + y[symbol(s), t]
        end
    end
    return L == 0 ? -α[1] : -logadd(α[2L+1], α[2L])
end

model = Chain(Dense(4 => 16, tanh), Dense(16 => CLASSES))
opt = Flux.setup(Adam(1e-2), model)

@export loss(logits::Float32[CLASSES, T], labels::Int[L]) = ctc(logits, labels)
@export losses(logits::Vector{Float32[CLASSES, T]}, labels::Vector{Int[L]}) = map(ctc, logits, labels)
@export loss_gradient(logits::Float32[CLASSES, T], labels::Int[L]) = gradient(x -> ctc(x, labels), logits)[1]
@export loss_gradients(logits::Vector{Float32[CLASSES, T]}, labels::Vector{Int[L]}) =
    map((x, y) -> gradient(z -> ctc(z, y), x)[1], logits, labels)

@export function train_step(sounds::Vector{Float32[4, T]}, labels::Vector{Int[L]})
    total, grads = Flux.withgradient(model) do m
        sum(ctc(m(x), y) for (x, y) in zip(sounds, labels)) / length(sounds)
    end
    Flux.update!(opt, model, grads[1])
    return total
end

# A synthetic utterance: each label sounds for two or three columns.
const SOUNDS = randn(Float32, 4, CLASSES)

function utterance(length)
    labels = rand(1:CLASSES-1, length)
    columns = reduce(vcat, [fill(label, rand(2:3)) for label in labels])
    return SOUNDS[:, columns] .+ 0.1f0 .* randn(Float32, 4, Base.length(columns)), labels
end

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:100
        data = [utterance(rand(1:4)) for _ in 1:16]
        l = train_step(first.(data), last.(data))
        step % 20 == 0 && println("step ", step, "  loss ", l)
    end
end

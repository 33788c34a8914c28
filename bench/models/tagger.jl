# The BiLSTM tagger of DyNet's benchmarks, written for one sentence; batches are sentences of different lengths.

using Flux
using Random: seed!

seed!(0)

const WORDS, TAGS, SIZE = 6_000, 9, 256

struct Tagger{E, L, D}
    embedding::E
    forward::L
    backward::L
    hidden::D
    output::D
end

Flux.@layer Tagger

"""
The scores of the tags, `(tags, T)`, of a sentence of `T` word numbers.
"""
function (m::Tagger)(sentence)
    x = m.embedding(sentence)
    ahead = m.forward(x)
    back = reverse(m.backward(reverse(x; dims = 2)); dims = 2)
    return m.output(tanh.(m.hidden(vcat(ahead, back))))
end

model = Tagger(Embedding(WORDS => SIZE), LSTM(SIZE => SIZE), LSTM(SIZE => SIZE),
               Dense(2SIZE => SIZE; bias = false), Dense(SIZE => TAGS; bias = false))
opt = Flux.setup(Adam(1e-3), model)

loss(m, sentence, tags) = Flux.logitcrossentropy(m(sentence), Flux.onehotbatch(tags, 1:TAGS); agg = sum)

@export function train_step(data::Vector{Tuple{Int[T], Int[T]}})
    total, grads = Flux.withgradient(m -> sum(loss(m, s, y) for (s, y) in data), model)
    Flux.update!(opt, model, grads[1])
    return total
end

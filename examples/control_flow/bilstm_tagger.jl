# A bidirectional LSTM tagger, written for one sentence; batches are sentences of different lengths.

using Flux
using Random: seed!

seed!(1)

const WORDS, TAGS = 50, 5

struct Tagger{E, L, D}
    embedding::E
    forward::L
    backward::L
    output::D
end

Flux.@layer Tagger

function Tagger(words::Int, embedded::Int, hidden::Int, tags::Int)
    return Tagger(Embedding(words => embedded), LSTM(embedded => hidden), LSTM(embedded => hidden),
                  Dense(2hidden => tags))
end

"""
The scores of the tags, `(tags, T)`, of a sentence of `T` word numbers.
"""
function (m::Tagger)(sentence)
    x = m.embedding(sentence)
    ahead = m.forward(x)
    back = reverse(m.backward(reverse(x; dims = 2)); dims = 2)
    return m.output(vcat(ahead, back))
end

model = Tagger(WORDS, 16, 16, TAGS)
opt = Flux.setup(Adam(1e-2), model)

loss(m, sentence, tags) = Flux.logitcrossentropy(m(sentence), Flux.onehotbatch(tags, 1:TAGS); agg = sum)

@export scores(sentence::Int[T]) = model(sentence)
@export tag(sentence::Int[T]) = Flux.onecold(model(sentence))
@export tag_all(sentences::Vector{Int[T]}) = map(s -> Flux.onecold(model(s)), sentences)
@export loss_all(sentences::Vector{Int[T]}, tags::Vector{Int[T]}) =
    map((s, y) -> loss(model, s, y), sentences, tags)

@export function train_step(sentences::Vector{Int[T]}, tags::Vector{Int[T]})
    total, grads = Flux.withgradient(model) do m
        sum(loss(m, s, y) for (s, y) in zip(sentences, tags)) / length(sentences)
    end
    Flux.update!(opt, model, grads[1])
    return total
end

# A synthetic language: the tag of a word depends on the word and on which half of the words the next one is of.
function sentence_and_tags(length)
    words = rand(1:WORDS, length)
    tags = [mod(words[t] + (t < length && words[t+1] > WORDS ÷ 2), TAGS) + 1 for t in 1:length]
    return words, tags
end

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:120
        data = [sentence_and_tags(rand(3:12)) for _ in 1:32]
        l = train_step(first.(data), last.(data))
        step % 20 == 0 && println("step ", step, "  loss ", l)
    end
end

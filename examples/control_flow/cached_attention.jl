# Greedy decoding with attention: the keys and values of the tokens so far are kept in vectors that grow.

using Flux
using Random: seed!

seed!(3)

const TOKENS, HIDDEN, STOP = 6, 4, 1

struct Decoder{M}
    embedding::M
    query::M
    key::M
    value::M
    output::M
end

Flux.@layer Decoder

model = Decoder(randn(HIDDEN, TOKENS), randn(HIDDEN, HIDDEN), randn(HIDDEN, HIDDEN), randn(HIDDEN, HIDDEN),
                randn(TOKENS, HIDDEN))

struct Cache
    keys::Vector{Vector{Float64}}
    values::Vector{Vector{Float64}}
end

Cache() = Cache([], [])

"Attention of x to itself and to all that came before."
function attend!(cache, m, x)
    push!(cache.keys, m.key * x)
    push!(cache.values, m.value * x)
    keys, values = reduce(hcat, cache.keys), reduce(hcat, cache.values)
    return x + values * softmax(keys' * (m.query * x))
end

"""
    decode(m, x, most) -> tokens, score

The most likely tokens one after the other, from an input vector x, until STOP or until there are `most`; `score`
is the sum of their log-probabilities.
"""
function decode(m, x, most)
    cache, tokens, score = Cache(), Int[], 0.0
    for _ in 1:most
        scores = logsoftmax(m.output * attend!(cache, m, x))
        token = argmax(scores)
        push!(tokens, token)
        score += scores[token]
        token == STOP && break
        x = m.embedding[:, token]
    end
    return tokens, score
end

@export translate(x::Float64[HIDDEN], most::Int) = decode(model, x, most)
@export translate_all(x::Vector{Float64[HIDDEN]}, most::Vector{Int}) = map((v, n) -> decode(model, v, n), x, most)
@export slope(x::Float64[HIDDEN], most::Int) = gradient(v -> decode(model, v, most)[2], x)
@export slopes(x::Vector{Float64[HIDDEN]}, most::Vector{Int}) =
    map((v, n) -> gradient(u -> decode(model, u, n)[2], v), x, most)

if abspath(PROGRAM_FILE) == @__FILE__
    for x in eachcol(randn(HIDDEN, 3))
        println(translate(collect(x), 8))
    end
end

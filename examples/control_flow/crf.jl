# A linear-chain conditional random field: the log likelihood of tags by the forward algorithm, the best tags
# by Viterbi's.

using Flux
using Random: seed!

seed!(1)

const TAGS = 4

struct Field{D, A, V}
    emission::D
    transition::A      # transition[j, i]: the score of tag j after tag i
    start::V
end

Flux.@layer Field

model = Field(Dense(6 => TAGS), zeros(Float32, TAGS, TAGS), zeros(Float32, TAGS))
opt = Flux.setup(Adam(2e-2), model)

"""
The logarithm of the summed weights of all tag sequences for emissions `(tags, T)`.
"""
function log_partition(m, emissions)
    α = m.start + emissions[:, 1]
    for t in 2:size(emissions, 2)
        α = vec(logsumexp(m.transition .+ α'; dims = 2)) + emissions[:, t]
    end
    return logsumexp(α)
end

"""
The score of one tag sequence.
"""
function score(m, emissions, tags)
    total = m.start[tags[1]] + emissions[tags[1], 1]
    for t in 2:length(tags)
        total += m.transition[tags[t], tags[t-1]] + emissions[tags[t], t]
    end
    return total
end

function loss(m, x, tags)
    emissions = m.emission(x)
    return log_partition(m, emissions) - score(m, emissions, tags)
end

"""
    viterbi(m, x) -> tags

The tag sequence with the highest score.
"""
function viterbi(m, x)
    emissions = m.emission(x)
    T = size(emissions, 2)
    best = m.start + emissions[:, 1]
    back = zeros(Int, TAGS, T)
    for t in 2:T
        scores = m.transition .+ best'
        next = similar(best)
        for j in 1:TAGS
            i = argmax(scores[j, :])
            back[j, t] = i
            next[j] = scores[j, i] + emissions[j, t]
        end
        best = next
    end
    tags = zeros(Int, T)
    tags[T] = argmax(best)
    for t in T-1:-1:1
        tags[t] = back[tags[t+1], t+1]
    end
    return tags
end

@export tag(x::Float32[6, T]) = viterbi(model, x)
@export tag_all(xs::Vector{Float32[6, T]}) = map(x -> viterbi(model, x), xs)
@export loss_one(x::Float32[6, T], tags::Int[T]) = loss(model, x, tags)
@export loss_all(xs::Vector{Float32[6, T]}, tags::Vector{Int[T]}) = map((x, y) -> loss(model, x, y), xs, tags)

@export function train_step(xs::Vector{Float32[6, T]}, tags::Vector{Int[T]})
    total, grads = Flux.withgradient(m -> sum(loss(m, x, y) for (x, y) in zip(xs, tags)) / length(xs), model)
    Flux.update!(opt, model, grads[1])
    return total
end

# Synthetic data: a tag is the one before plus one, or one step further where the first feature is positive.
function example(length)
    x = randn(Float32, 6, length)
    tags = [rand(1:TAGS)]
    for t in 2:length
        push!(tags, mod1(tags[t-1] + (x[1, t] > 0 ? 2 : 1), TAGS))
    end
    return x, tags
end

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:100
        data = [example(rand(2:9)) for _ in 1:32]
        l = train_step(first.(data), last.(data))
        step % 20 == 0 && println("step ", step, "  loss ", l)
    end
end

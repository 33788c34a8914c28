# Beam search: the three best continuations are kept at each step.

using Flux
using Random: seed!

seed!(1)

const TOKENS, BEAMS, HIDDEN = 7, 3, 12

struct Language{E, C, D}
    embedding::E
    cell::C
    output::D
end

Flux.@layer Language

model = Language(Embedding(TOKENS => HIDDEN), RNNCell(HIDDEN => HIDDEN), Dense(HIDDEN => TOKENS))
opt = Flux.setup(Adam(1e-2), model)

"""
    beam_step(scores, candidates) -> scores, beams, tokens

One step: of all continuations, `candidates[token, beam]` added to the score of each beam, the best `BEAMS`, best
first, with the beam they continue and the token they add.
"""
function beam_step(scores, candidates)
    totals = candidates .+ scores'
    best, beams, tokens = zero(scores), zeros(Int, BEAMS), zeros(Int, BEAMS)
    for k in 1:BEAMS
        index = argmax(vec(totals))
        best[k] = totals[index]
        tokens[k] = mod1(index, TOKENS)
        beams[k] = div(index - 1, TOKENS) + 1
        totals[index] = -Inf
    end
    return best, beams, tokens
end

"""
    search(m, h, steps) -> sequences (steps, BEAMS), scores

From a state `h`; at first there is one beam, the others have score -1e9.
"""
function search(m, h, steps)
    states = repeat(h, 1, BEAMS)
    scores = Float32[0, -1e9, -1e9]
    last = ones(Int, BEAMS)
    sequences = zeros(Int, steps, BEAMS)
    for t in 1:steps
        _, states = m.cell(m.embedding(last), states)
        scores, beams, last = beam_step(scores, logsoftmax(m.output(states)))
        states = states[:, beams]
        sequences = sequences[:, beams]
        sequences[t, :] = last
    end
    return sequences, scores
end

# The score of the best sequence, to be made likely by training.
best_score(m, h, steps) = search(m, h, steps)[2][1]

@export step_one(scores::Float32[BEAMS], candidates::Float32[TOKENS, BEAMS]) = beam_step(scores, candidates)
@export step_all(scores::Vector{Float32[BEAMS]}, candidates::Vector{Float32[TOKENS, BEAMS]}) =
    map(beam_step, scores, candidates)
@export search_one(h::Float32[HIDDEN], steps::Int) = search(model, h, steps)
@export score_one(h::Float32[HIDDEN], steps::Int) = best_score(model, h, steps)
@export search_scores(hs::Vector{Float32[HIDDEN]}, steps::Vector{Int}) =
    map((h, n) -> best_score(model, h, n), hs, steps)

@export function train_step(hs::Vector{Float32[HIDDEN]}, steps::Vector{Int})
    total, grads = Flux.withgradient(model) do m
        -sum(best_score(m, h, n) for (h, n) in zip(hs, steps)) / length(hs)
    end
    Flux.update!(opt, model, grads[1])
    return total
end

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:60
        l = train_step([randn(Float32, HIDDEN) for _ in 1:8], fill(4, 8))
        step % 20 == 0 && println("step ", step, "  loss ", l)
    end
    println(search_one(zeros(Float32, HIDDEN), 4)[1])
end

# What a hidden Markov model knows of its states: the messages that go forward and backward are vectors of vectors,
# written to one by one.

using Flux

const STATES = 3
const STAY = 0.8
const MOVES = [i == j ? STAY : (1 - STAY) / (STATES - 1) for i in 1:STATES, j in 1:STATES]

"""
    messages(likelihoods) -> forward, backward

`likelihoods[k, t]` is that of the observation at the time t in the state k; at first all states are equally
likely.
"""
function messages(likelihoods)
    times = axes(likelihoods, 2)
    forward = [zeros(STATES) for _ in times]
    backward = [ones(STATES) for _ in times]
    forward[1] .= likelihoods[:, 1] ./ STATES
    for t in 2:length(times), k in 1:STATES
        forward[t][k] = likelihoods[k, t] * sum(forward[t - 1] .* MOVES[:, k])
    end
    for t in length(times)-1:-1:1
        backward[t] .= MOVES * (likelihoods[:, t + 1] .* backward[t + 1])
    end
    return forward, backward
end

"""
    posteriors(likelihoods) -> log-likelihood, probabilities (STATES, T)
"""
function posteriors(likelihoods)
    forward, backward = messages(likelihoods)
    total = sum(forward[end])
    foreach((f, b) -> f .*= b ./ total, forward, backward)
    return log(total), reduce(hcat, forward)
end

loglikelihood(likelihoods) = log(sum(messages(likelihoods)[1][end]))

@export states(likelihoods::Float64[STATES, T]) = posteriors(likelihoods)
@export states_all(likelihoods::Vector{Float64[STATES, T]}) = map(posteriors, likelihoods)
@export slope(likelihoods::Float64[STATES, T]) = gradient(loglikelihood, likelihoods)
@export slopes(likelihoods::Vector{Float64[STATES, T]}) = map(l -> gradient(loglikelihood, l), likelihoods)

if abspath(PROGRAM_FILE) == @__FILE__
    total, probabilities = states([0.9 0.9 0.2 0.1; 0.1 0.2 0.9 0.8; 0.1 0.1 0.1 0.1])
    println("log-likelihood ", total, ", states ", map(argmax, eachcol(probabilities)))
end

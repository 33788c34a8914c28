# Connectionist temporal classification.

"""
    ctc_loss(ŷ, y)

The negative logarithm of the probability that `softmax(ŷ)`, of size `(classes, time)`, spells the labels `y`
(integers) when repetitions are merged and blanks left out. The last class is the blank. [Graves et al.,
2006].
"""
function ctc_loss(ŷ::AbstractMatrix, y::AbstractVector{<:Integer})
    classes, T = size(ŷ)
    extended = fill(classes, 2 * length(y) + 1)  # blank, y₁, blank, y₂, …, blank
    extended[2:2:end] .= y
    n, lowest = length(extended), oftype(float(one(eltype(ŷ))), -1e30)
    score = logsoftmax(ŷ)[extended, :]
    # Paths that may skip the blank before a label: it differs from the label before.
    may_skip = [i > 2 && isodd(i + 1) && extended[i] != extended[i-2] for i in 1:n]
    α = ifelse.((1:n) .<= 2, score[:, 1], lowest)
    for t in 2:T
        once = [[lowest]; α[1:n-1]]
        twice = ifelse.(may_skip, [fill(lowest, min(2, n)); α[1:max(n - 2, 0)]], lowest)
        α = score[:, t] .+ dropdims(logsumexp([α once twice]; dims = 2); dims = 2)
    end
    return n == 1 ? -α[1] : -logsumexp(α[n-1:n])
end

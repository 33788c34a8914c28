"""
    Flux.Losses

Loss functions `loss(ŷ, y; agg = mean)`: of predictions `ŷ` and targets `y` of the same size, whose first
dimension are classes where there are any. `agg` makes one number of the losses of the elements or examples;
`identity` leaves them.
"""
module Losses

using Statistics, NNlib

export mae, mse, msle, huber_loss, label_smoothing, crossentropy, logitcrossentropy, binarycrossentropy,
    logitbinarycrossentropy, kldivergence, poisson_loss, hinge_loss, squared_hinge_loss, dice_coeff_loss,
    tversky_loss, binary_focal_loss, focal_loss, siamese_contrastive_loss, ctc_loss, xlogx, xlogy

# --- regression ---------------------------------------------------------------------------------------------

"""
    mae(ŷ, y; agg = mean) = agg(abs.(ŷ .- y))

Mean absolute error.
"""
function mae(ŷ, y; agg = mean)
    check_sizes(ŷ, y)
    return agg(abs.(ŷ .- y))
end

"""
    mse(ŷ, y; agg = mean) = agg((ŷ .- y) .^ 2)

Mean squared error.
"""
function mse(ŷ, y; agg = mean)
    check_sizes(ŷ, y)
    return agg(abs2.(ŷ .- y))
end

"""
    msle(ŷ, y; agg = mean, eps) = agg((log.(ŷ .+ eps) .- log.(y .+ eps)) .^ 2)

Mean squared error of the logarithms; `eps` is the machine epsilon of the type of `ŷ` unless given.
"""
function msle(ŷ, y; agg = mean, eps::Real = epsilon(ŷ))
    check_sizes(ŷ, y)
    ϵ = like(ŷ, eps)
    return agg((log.(ŷ .+ ϵ) .- log.(y .+ ϵ)) .^ 2)
end

"""
    huber_loss(ŷ, y; delta = 1, agg = mean)

`e²/2` where `e = |ŷ - y| < delta`, else `delta * (e - delta/2)`.
"""
function huber_loss(ŷ, y; agg = mean, delta::Real = 1)
    check_sizes(ŷ, y)
    δ = like(ŷ, delta)
    e = abs.(ŷ .- y)
    near = min.(e, δ)
    return agg(near .* (e .- near ./ 2))
end

"""
    poisson_loss(ŷ, y; agg = mean, eps) = agg(ŷ .- y .* log.(ŷ .+ eps))
"""
function poisson_loss(ŷ, y; agg = mean, eps::Real = epsilon(ŷ))
    check_sizes(ŷ, y)
    return agg(ŷ .- xlogy.(y, ŷ .+ like(ŷ, eps)))
end

# --- classification -----------------------------------------------------------------------------------------

"""
    label_smoothing(y, α; dims = 1) = y .* (1 - α) .+ α / size(y, dims)

Targets that leave the probability `α` to be spread over all classes. With `dims = 0`, for a binary `y`: `y .*
(1 - α) .+ α / 2`.
"""
function label_smoothing(y, α::Number; dims::Int = 1)
    0 < α < 1 || throw(ArgumentError("label_smoothing expects α between 0 and 1, got $α"))
    classes = dims == 0 ? 2 : size(y, dims)
    return y .* (1 - α) .+ α / classes
end

"""
    crossentropy(ŷ, y; dims = 1, agg = mean, eps) = agg(-sum(y .* log.(ŷ .+ eps); dims))

Of probabilities `ŷ`; see [`logitcrossentropy`](@ref).
"""
function crossentropy(ŷ, y; dims = 1, agg = mean, eps::Real = epsilon(ŷ))
    check_sizes(ŷ, y)
    return agg(.-sum(xlogy.(y, ŷ .+ like(ŷ, eps)); dims))
end

"""
    logitcrossentropy(ŷ, y; dims = 1, agg = mean) = agg(-sum(y .* logsoftmax(ŷ; dims); dims))

Cross-entropy of `softmax(ŷ)` with `y`, more accurate than [`crossentropy`](@ref) of the softmax.
"""
function logitcrossentropy(ŷ, y; dims = 1, agg = mean)
    check_sizes(ŷ, y)
    return agg(.-sum(y .* logsoftmax(ŷ; dims); dims))
end

"""
    binarycrossentropy(ŷ, y; agg = mean, eps) = agg(-y .* log.(ŷ .+ eps) .- (1 .- y) .* log.(1 .- ŷ .+ eps))
"""
function binarycrossentropy(ŷ, y; agg = mean, eps::Real = epsilon(ŷ))
    check_sizes(ŷ, y)
    ϵ = like(ŷ, eps)
    return agg(.-xlogy.(y, ŷ .+ ϵ) .- xlogy.(1 .- y, 1 .- ŷ .+ ϵ))
end

"""
    logitbinarycrossentropy(ŷ, y; agg = mean) = agg((1 .- y) .* ŷ .- logσ.(ŷ))

Binary cross-entropy of `σ.(ŷ)` with `y`.
"""
function logitbinarycrossentropy(ŷ, y; agg = mean)
    check_sizes(ŷ, y)
    return agg((1 .- y) .* ŷ .- logσ.(ŷ))
end

"""
    kldivergence(ŷ, y; dims = 1, agg = mean, eps) = agg(sum(y .* log.(y); dims)) + crossentropy(ŷ, y)

The Kullback-Leibler divergence of `ŷ` from `y`.
"""
function kldivergence(ŷ, y; dims = 1, agg = mean, eps::Real = epsilon(ŷ))
    check_sizes(ŷ, y)
    return agg(sum(xlogx.(y); dims)) + crossentropy(ŷ, y; dims, agg, eps)
end

"""
    focal_loss(ŷ, y; dims = 1, agg = mean, gamma = 2, eps) =
        agg(sum(-y .* (1 .- ŷ) .^ gamma .* log.(ŷ); dims))

Cross-entropy in which what is already right counts less. `ŷ` is raised by `eps`. [Lin et al., 2017].
"""
function focal_loss(ŷ, y; dims = 1, agg = mean, gamma = 2, eps::Real = epsilon(ŷ))
    check_sizes(ŷ, y)
    p = ŷ .+ like(ŷ, eps)
    return agg(sum(.-y .* (1 .- p) .^ gamma .* log.(p); dims))
end

"""
    binary_focal_loss(ŷ, y; agg = mean, gamma = 2, eps) = agg(-(1 .- p) .^ gamma .* log.(p))

with `p = y * ŷ + (1 - y) * (1 - ŷ)`; `ŷ` is raised by `eps`.
"""
function binary_focal_loss(ŷ, y; agg = mean, gamma = 2, eps::Real = epsilon(ŷ))
    check_sizes(ŷ, y)
    raised = ŷ .+ like(ŷ, eps)
    p = y .* raised .+ (1 .- y) .* (1 .- raised)
    return agg(.-(1 .- p) .^ gamma .* log.(p))
end

"""
    hinge_loss(ŷ, y; agg = mean) = agg(max.(0, 1 .- ŷ .* y))

`y` is 1 or -1.
"""
function hinge_loss(ŷ, y; agg = mean)
    check_sizes(ŷ, y)
    return agg(relu.(1 .- ŷ .* y))
end

"""
    squared_hinge_loss(ŷ, y; agg = mean) = agg(max.(0, 1 .- ŷ .* y) .^ 2)

`y` is 1 or -1.
"""
function squared_hinge_loss(ŷ, y; agg = mean)
    check_sizes(ŷ, y)
    return agg(relu.(1 .- ŷ .* y) .^ 2)
end

# --- overlap and distance -----------------------------------------------------------------------------------

"""
    dice_coeff_loss(ŷ, y; smooth = 1) = 1 - (2 * sum(y .* ŷ) + smooth) / (sum(y .^ 2) + sum(ŷ .^ 2) + smooth)
"""
function dice_coeff_loss(ŷ, y; smooth = 1)
    check_sizes(ŷ, y)
    s = like(ŷ, smooth)
    return 1 - (2 * sum(y .* ŷ) + s) / (sum(abs2, y) + sum(abs2, ŷ) + s)
end

"""
    tversky_loss(ŷ, y; beta = 0.7) = 1 - (tp + 1) / (tp + beta * fn + (1 - beta) * fp + 1)

with the counts `tp = sum(y .* ŷ)`, `fp = sum((1 .- y) .* ŷ)`, `fn = sum(y .* (1 .- ŷ))`.
"""
function tversky_loss(ŷ, y; beta::Real = 0.7)
    check_sizes(ŷ, y)
    β = like(ŷ, beta)
    hits = sum(y .* ŷ)
    return 1 - (hits + 1) / (hits + β * sum(y .* (1 .- ŷ)) + (1 - β) * sum((1 .- y) .* ŷ) + 1)
end

"""
    siamese_contrastive_loss(ŷ, y; agg = mean, margin = 1) =
        agg((1 .- y) .* ŷ .^ 2 .+ y .* max.(0, margin .- ŷ) .^ 2)

`ŷ` is the distance of the two members of a pair, `y` is 1 where they differ.
"""
function siamese_contrastive_loss(ŷ, y; agg = mean, margin::Real = 1)
    check_sizes(ŷ, y)
    margin ≥ 0 || throw(DomainError(margin, "the margin must not be negative"))
    return agg((1 .- y) .* abs2.(ŷ) .+ y .* abs2.(relu.(like(ŷ, margin) .- ŷ)))
end

# --- parts --------------------------------------------------------------------------------------------------

"""
    xlogx(x) = x * log(x), 0 where x = 0
"""
xlogx(x) = xlogy(x, x)

"""
    xlogy(x, y) = x * log(y), 0 where x = 0
"""
function xlogy(x, y)
    absent = iszero(x)
    result = x * log(ifelse(absent, one(y), y))
    return ifelse(absent, zero(result), result)
end

scalar_type(ŷ) = float(ŷ isa Number ? typeof(ŷ) : eltype(ŷ))
epsilon(ŷ) = eps(scalar_type(ŷ))
like(ŷ, constant) = convert(scalar_type(ŷ), constant)

# Loss functions do not broadcast: a forgotten transpose would go unnoticed.
check_sizes(ŷ, y) = nothing
check_sizes(ŷ::AbstractArray, y::AbstractArray) = size(ŷ) == size(y) || throw(DimensionMismatch(
    "loss function expects size(ŷ) = $(size(ŷ)) to match size(y) = $(size(y))"))

end

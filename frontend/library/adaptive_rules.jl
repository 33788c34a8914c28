# Rules of the Adam family: running means of the gradient (m) and of its square (v), with their bias
# corrected.
#
# Each docstring gives one step for a parameter with gradient g; (β₁, β₂) is `beta`, t counts steps from 1.
# β₁ᵗ and β₂ᵗ are part of the state.

"""
    Adam(η = 0.001, β = (0.9, 0.999), ϵ = 1e-8)

    m ← β₁ * m + (1 - β₁) * g,   v ← β₂ * v + (1 - β₂) * g²
    step = η * m / (1 - β₁ᵗ) / (√(v / (1 - β₂ᵗ)) + ϵ)

[Kingma and Ba, 2015](https://arxiv.org/abs/1412.6980).
"""
struct Adam <: AbstractRule
    eta::Float64
    beta::Tuple{Float64, Float64}
    epsilon::Float64
    Adam(eta, beta = (0.9, 0.999), epsilon = 1e-8) = new(eta, beta, epsilon)
    Adam(; eta = 0.001, beta = (0.9, 0.999), epsilon = 1e-8) = new(eta, beta, epsilon)
end

init(rule::Adam, x::AbstractArray) = (zero(x), zero(x), scalars(x, rule.beta...))

function apply!(rule::Adam, (m, v, βt), x, dx)
    η, β₁, β₂, ϵ = scalars(x, rule.eta, rule.beta..., rule.epsilon)
    # Each factor stands where it costs no pass over the arrays: the gradient's becomes part of the matrix
    # product that makes it, and the bias corrections meet as scalars.
    g = (1 - β₁) .* dx
    m .= β₁ .* m .+ g
    v .= β₂ .* v .+ (1 - β₂) / (1 - β₁)^2 .* abs2.(g)
    correction = sqrt(1 - βt[2])
    step = η * correction / (1 - βt[1]) .* m ./ (sqrt.(v) .+ ϵ * correction)
    return (m, v, (βt[1] * β₁, βt[2] * β₂)), step
end

"""
    AdamW(η = 0.001, β = (0.9, 0.999), λ = 0, ϵ = 1e-8; couple = true)

[`Adam`](@ref) plus weight decay that does not pass through the moments: `step = η * (Adam's direction + λ *
x)`, or without `couple`, `step = η * (Adam's direction) + λ * x`. [Loshchilov and Hutter,
2019](https://arxiv.org/abs/1711.05101).
"""
struct AdamW <: AbstractRule
    eta::Float64
    beta::Tuple{Float64, Float64}
    lambda::Float64
    epsilon::Float64
    couple::Bool
    AdamW(eta, beta = (0.9, 0.999), lambda = 0.0, epsilon = 1e-8; couple = true) =
        new(eta, beta, lambda, epsilon, couple)
    AdamW(; eta = 0.001, beta = (0.9, 0.999), lambda = 0.0, epsilon = 1e-8, couple = true) =
        new(eta, beta, lambda, epsilon, couple)
end

init(rule::AdamW, x::AbstractArray) = init(Adam(rule.eta, rule.beta, rule.epsilon), x)

function apply!(rule::AdamW, state, x, dx)
    state, step = apply!(Adam(rule.eta, rule.beta, rule.epsilon), state, x, dx)
    decay = only(scalars(x, rule.couple ? rule.eta * rule.lambda : rule.lambda))
    return state, step .+ decay .* x
end

"""
    AdaMax(η = 0.001, β = (0.9, 0.999), ϵ = 1e-8)

    m ← β₁ * m + (1 - β₁) * g,   u ← max(β₂ * u, |g|)
    step = η / (1 - β₁ᵗ) * m / (u + ϵ)

Adam with the maximum norm in the place of the Euclidean one.
"""
struct AdaMax <: AbstractRule
    eta::Float64
    beta::Tuple{Float64, Float64}
    epsilon::Float64
    AdaMax(eta, beta = (0.9, 0.999), epsilon = 1e-8) = new(eta, beta, epsilon)
    AdaMax(; eta = 0.001, beta = (0.9, 0.999), epsilon = 1e-8) = new(eta, beta, epsilon)
end

init(rule::AdaMax, x::AbstractArray) = (zero(x), zero(x), scalars(x, rule.beta...))

function apply!(rule::AdaMax, (m, u, βt), x, dx)
    η, β₁, β₂, ϵ = scalars(x, rule.eta, rule.beta..., rule.epsilon)
    m .= β₁ .* m .+ (1 - β₁) .* dx
    u .= max.(β₂ .* u, abs.(dx))
    return (m, u, (βt[1] * β₁, βt[2] * β₂)), η / (1 - βt[1]) .* m ./ (u .+ ϵ)
end

"""
    RAdam(η = 0.001, β = (0.9, 0.999), ϵ = 1e-8)

[`Adam`](@ref) whose first steps, while the variance of `v` is large, are plain momentum; after that they are
scaled by

    r = √((ρ - 4) * (ρ - 2) * ρ∞ / ((ρ∞ - 4) * (ρ∞ - 2) * ρ))
    ρ∞ = 2 / (1 - β₂) - 1,   ρ = ρ∞ - 2t * β₂ᵗ / (1 - β₂ᵗ)

[Liu et al., 2020](https://arxiv.org/abs/1908.03265).
"""
struct RAdam <: AbstractRule
    eta::Float64
    beta::Tuple{Float64, Float64}
    epsilon::Float64
    RAdam(eta, beta = (0.9, 0.999), epsilon = 1e-8) = new(eta, beta, epsilon)
    RAdam(; eta = 0.001, beta = (0.9, 0.999), epsilon = 1e-8) = new(eta, beta, epsilon)
end

init(rule::RAdam, x::AbstractArray) = (zero(x), zero(x), scalars(x, rule.beta...), 1)

function apply!(rule::RAdam, (m, v, βt, t), x, dx)
    η, β₁, β₂, ϵ = scalars(x, rule.eta, rule.beta..., rule.epsilon)
    m .= β₁ .* m .+ (1 - β₁) .* dx
    v .= β₂ .* v .+ (1 - β₂) .* abs2.(dx)
    ρmax = 2 / (1 - β₂) - 1
    ρ = ρmax - 2 * t * βt[2] / (1 - βt[2])
    r = sqrt(max(0, (ρ - 4) * (ρ - 2) * ρmax / ((ρmax - 4) * (ρmax - 2) * ρ)))
    mean = m ./ (1 - βt[1])
    step = η .* ifelse.(ρ > 4, r .* mean ./ (sqrt.(v ./ (1 - βt[2])) .+ ϵ), mean)
    return (m, v, (βt[1] * β₁, βt[2] * β₂), t + 1), step
end

"""
    NAdam(η = 0.001, β = (0.9, 0.999), ϵ = 1e-8)

[`Adam`](@ref) with Nesterov's momentum: `m / (1 - β₁ᵗ)` becomes `β₁ * m / (1 - β₁ᵗ⁺¹) + (1 - β₁) * g / (1 -
β₁ᵗ)`.
"""
struct NAdam <: AbstractRule
    eta::Float64
    beta::Tuple{Float64, Float64}
    epsilon::Float64
    NAdam(eta, beta = (0.9, 0.999), epsilon = 1e-8) = new(eta, beta, epsilon)
    NAdam(; eta = 0.001, beta = (0.9, 0.999), epsilon = 1e-8) = new(eta, beta, epsilon)
end

init(rule::NAdam, x::AbstractArray) = (zero(x), zero(x), scalars(x, rule.beta...))

function apply!(rule::NAdam, (m, v, βt), x, dx)
    η, β₁, β₂, ϵ = scalars(x, rule.eta, rule.beta..., rule.epsilon)
    m .= β₁ .* m .+ (1 - β₁) .* dx
    v .= β₂ .* v .+ (1 - β₂) .* abs2.(dx)
    ahead = β₁ / (1 - β₁ * βt[1]) .* m .+ (1 - β₁) / (1 - βt[1]) .* dx
    return (m, v, (βt[1] * β₁, βt[2] * β₂)), η .* ahead ./ (sqrt.(v ./ (1 - βt[2])) .+ ϵ)
end

"""
    OAdam(η = 0.001, β = (0.5, 0.9), ϵ = 1e-8)

Optimistic Adam, for games such as adversarial training: `step = 2 * p - p′` with `p` Adam's step and `p′` the
one before. [Daskalakis et al., 2018](https://arxiv.org/abs/1711.00141).
"""
struct OAdam <: AbstractRule
    eta::Float64
    beta::Tuple{Float64, Float64}
    epsilon::Float64
    OAdam(eta, beta = (0.5, 0.9), epsilon = 1e-8) = new(eta, beta, epsilon)
    OAdam(; eta = 0.001, beta = (0.5, 0.9), epsilon = 1e-8) = new(eta, beta, epsilon)
end

init(rule::OAdam, x::AbstractArray) = (zero(x), zero(x), scalars(x, rule.beta...), zero(x))

function apply!(rule::OAdam, (m, v, βt, previous), x, dx)
    (m, v, βt), current = apply!(Adam(rule.eta, rule.beta, rule.epsilon), (m, v, βt), x, dx)
    step = 2 .* current .- previous
    previous .= current
    return (m, v, βt, previous), step
end

"""
    AMSGrad(η = 0.001, β = (0.9, 0.999), ϵ = 1e-8)

[`Adam`](@ref) without bias correction, which divides by the square root of the largest `v` so far.
"""
struct AMSGrad <: AbstractRule
    eta::Float64
    beta::Tuple{Float64, Float64}
    epsilon::Float64
    AMSGrad(eta, beta = (0.9, 0.999), epsilon = 1e-8) = new(eta, beta, epsilon)
    AMSGrad(; eta = 0.001, beta = (0.9, 0.999), epsilon = 1e-8) = new(eta, beta, epsilon)
end

init(rule::AMSGrad, x::AbstractArray) = ntuple(_ -> fill!(similar(x), rule.epsilon), 3)

function apply!(rule::AMSGrad, (m, v, largest), x, dx)
    η, β₁, β₂, ϵ = scalars(x, rule.eta, rule.beta..., rule.epsilon)
    m .= β₁ .* m .+ (1 - β₁) .* dx
    v .= β₂ .* v .+ (1 - β₂) .* abs2.(dx)
    largest .= max.(largest, v)
    return (m, v, largest), η .* m ./ (sqrt.(largest) .+ ϵ)
end

"""
    AdaBelief(η = 0.001, β = (0.9, 0.999), ϵ = 1e-16)

    m ← β₁ * m + (1 - β₁) * g,   s ← β₂ * s + (1 - β₂) * (g - m)² + ϵ
    step = η * m / (1 - β₁ᵗ) / (√(s / (1 - β₂ᵗ)) + ϵ)

Small steps where the gradient differs from what its mean predicts. [Zhuang et al.,
2020](https://arxiv.org/abs/2010.07468).
"""
struct AdaBelief <: AbstractRule
    eta::Float64
    beta::Tuple{Float64, Float64}
    epsilon::Float64
    AdaBelief(eta, beta = (0.9, 0.999), epsilon = 1e-16) = new(eta, beta, epsilon)
    AdaBelief(; eta = 0.001, beta = (0.9, 0.999), epsilon = 1e-16) = new(eta, beta, epsilon)
end

init(rule::AdaBelief, x::AbstractArray) = (zero(x), zero(x), scalars(x, rule.beta...))

function apply!(rule::AdaBelief, (m, s, βt), x, dx)
    η, β₁, β₂, ϵ = scalars(x, rule.eta, rule.beta..., rule.epsilon)
    m .= β₁ .* m .+ (1 - β₁) .* dx
    s .= β₂ .* s .+ (1 - β₂) .* abs2.(dx .- m) .+ ϵ
    step = η .* (m ./ (1 - βt[1])) ./ (sqrt.(s ./ (1 - βt[2])) .+ ϵ)
    return (m, s, (βt[1] * β₁, βt[2] * β₂)), step
end

"""
    AdaGrad(η = 0.1, ϵ = 1e-8): a ← a + g², step = η * g / (√a + ϵ)

`a` starts at `ϵ`.
"""
struct AdaGrad <: AbstractRule
    eta::Float64
    epsilon::Float64
    AdaGrad(eta, epsilon = 1e-8) = new(eta, epsilon)
    AdaGrad(; eta = 0.1, epsilon = 1e-8) = new(eta, epsilon)
end

init(rule::AdaGrad, x::AbstractArray) = fill!(similar(x), rule.epsilon)

function apply!(rule::AdaGrad, total, x, dx)
    η, ϵ = scalars(x, rule.eta, rule.epsilon)
    total .= total .+ abs2.(dx)
    return total, η .* dx ./ (sqrt.(total) .+ ϵ)
end

"""
    AdaDelta(ρ = 0.9, ϵ = 1e-8)

    a ← ρ * a + (1 - ρ) * g²,   step = g * √(d + ϵ) / √(a + ϵ),   d ← ρ * d + (1 - ρ) * step²

Needs no step length.
"""
struct AdaDelta <: AbstractRule
    rho::Float64
    epsilon::Float64
    AdaDelta(rho, epsilon = 1e-8) = new(rho, epsilon)
    AdaDelta(; rho = 0.9, epsilon = 1e-8) = new(rho, epsilon)
end

init(::AdaDelta, x::AbstractArray) = (zero(x), zero(x))

function apply!(rule::AdaDelta, (square, change), x, dx)
    ρ, ϵ = scalars(x, rule.rho, rule.epsilon)
    square .= ρ .* square .+ (1 - ρ) .* abs2.(dx)
    step = dx .* sqrt.(change .+ ϵ) ./ sqrt.(square .+ ϵ)
    change .= ρ .* change .+ (1 - ρ) .* abs2.(step)
    return (square, change), step
end

"""
    Lion(η = 0.001, β = (0.9, 0.999)): step = η * sign(β₁ * m + (1 - β₁) * g), m ← β₂ * m + (1 - β₂) * g

[Chen et al., 2023](https://arxiv.org/abs/2302.06675).
"""
struct Lion <: AbstractRule
    eta::Float64
    beta::Tuple{Float64, Float64}
    Lion(eta, beta = (0.9, 0.999)) = new(eta, beta)
    Lion(; eta = 0.001, beta = (0.9, 0.999)) = new(eta, beta)
end

init(::Lion, x::AbstractArray) = zero(x)

function apply!(rule::Lion, m, x, dx)
    η, β₁, β₂ = scalars(x, rule.eta, rule.beta...)
    step = η .* sign.(β₁ .* m .+ (1 - β₁) .* dx)
    m .= β₂ .* m .+ (1 - β₂) .* dx
    return m, step
end

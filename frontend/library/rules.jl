# Rules that follow the gradient: with momentum, or with one step length for each element.
#
# Each docstring gives one step for a parameter with gradient g; η is the step length `eta`.

"""
    Descent(η = 0.1): step = η * g
"""
struct Descent{T} <: AbstractRule
    eta::T
end
Descent(; eta = 0.1f0) = Descent(eta)

apply!(rule::Descent, state, x, dx) = state, dx .* eltype(x)(rule.eta)

"""
    Momentum(η = 0.01, ρ = 0.9): v ← ρ * v + η * g, step = v
"""
struct Momentum <: AbstractRule
    eta::Float64
    rho::Float64
    Momentum(eta, rho = 0.9) = new(eta, rho)
    Momentum(; eta = 0.01, rho = 0.9) = new(eta, rho)
end

init(::Momentum, x::AbstractArray) = zero(x)

function apply!(rule::Momentum, velocity, x, dx)
    η, ρ = scalars(x, rule.eta, rule.rho)
    velocity .= ρ .* velocity .+ η .* dx
    return velocity, velocity
end

"""
    Nesterov(η = 0.001, ρ = 0.9): step = -ρ² * v + (1 + ρ) * η * g, v ← ρ * v - η * g

Momentum with the gradient taken ahead of the parameter.
"""
struct Nesterov <: AbstractRule
    eta::Float64
    rho::Float64
    Nesterov(eta, rho = 0.9) = new(eta, rho)
    Nesterov(; eta = 0.001, rho = 0.9) = new(eta, rho)
end

init(::Nesterov, x::AbstractArray) = zero(x)

function apply!(rule::Nesterov, velocity, x, dx)
    η, ρ = scalars(x, rule.eta, rule.rho)
    step = (1 + ρ) .* η .* dx .- ρ^2 .* velocity
    velocity .= ρ .* velocity .- η .* dx
    return velocity, step
end

"""
    RMSProp(η = 0.001, ρ = 0.9, ϵ = 1e-8; centred = false): a ← ρ * a + (1 - ρ) * g², step = η * g / (√a + ϵ)

`centred` divides by the standard deviation of the gradient instead, `√(a - m²)` with `m` the running mean of
`g`.
"""
struct RMSProp <: AbstractRule
    eta::Float64
    rho::Float64
    epsilon::Float64
    centred::Bool
    RMSProp(eta, rho = 0.9, epsilon = 1e-8; centred = false, centered = centred) =
        new(eta, rho, epsilon, centered)
    RMSProp(; eta = 0.001, rho = 0.9, epsilon = 1e-8, centred = false, centered = centred) =
        new(eta, rho, epsilon, centered)
end

init(rule::RMSProp, x::AbstractArray) = (zero(x), rule.centred ? zero(x) : false)

function apply!(rule::RMSProp, (square, mean), x, dx)
    η, ρ, ϵ = scalars(x, rule.eta, rule.rho, rule.epsilon)
    square .= ρ .* square .+ (1 - ρ) .* abs2.(dx)
    if rule.centred
        mean .= ρ .* mean .+ (1 - ρ) .* dx
        return (square, mean), η .* dx ./ (sqrt.(square .- abs2.(mean)) .+ ϵ)
    end
    return (square, mean), η .* dx ./ (sqrt.(square) .+ ϵ)
end

"""
    Rprop(η = 0.001, (ℓ⁻, ℓ⁺) = (0.5, 1.2), (Γ⁻, Γ⁺) = (1e-6, 50))

Only the sign of the gradient counts: each element's step length grows by `ℓ⁺` while the sign stays, shrinks
by `ℓ⁻` (and the step is left out) when it changes, and is kept between `Γ⁻` and `Γ⁺`.
"""
struct Rprop <: AbstractRule
    eta::Float64
    ell::Tuple{Float64, Float64}
    gamma::Tuple{Float64, Float64}
    Rprop(eta, ell = (0.5, 1.2), gamma = (1e-6, 50.0)) = new(eta, ell, gamma)
    Rprop(; eta = 0.001, ell = (0.5, 1.2), gamma = (1e-6, 50.0)) = new(eta, ell, gamma)
end

init(rule::Rprop, x::AbstractArray) = (zero(x), fill!(similar(x), rule.eta))

function apply!(rule::Rprop, (previous, length), x, dx)
    shrink, grow = scalars(x, rule.ell...)
    least, most = scalars(x, rule.gamma...)
    agreement = previous .* dx
    factor = ifelse.(agreement .> 0, grow, ifelse.(agreement .< 0, shrink, one(shrink)))
    length .= clamp.(length .* factor, least, most)
    previous .= ifelse.(agreement .< 0, zero(shrink), dx)
    return (previous, length), length .* sign.(previous)
end

# Numbers of a rule in the real element type of a parameter.
scalars(x, numbers...) = map(real(eltype(x)), numbers)

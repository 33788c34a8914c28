# Rules that change the gradient for another rule, and their composition.

"""
    OptimiserChain(rules...)

Each rule gets the step of the one before as its gradient: `OptimiserChain(ClipGrad(1.0), Adam())`.
"""
struct OptimiserChain{O<:Tuple} <: AbstractRule
    opts::O
end
OptimiserChain(rules...) = OptimiserChain(rules)

init(chain::OptimiserChain, x::AbstractArray) = map(rule -> init(rule, x), chain.opts)

apply!(chain::OptimiserChain, states, x, dx) = apply_all!(chain.opts, states, x, dx)

apply_all!(::Tuple{}, ::Tuple{}, x, dx) = (), dx
apply_all!(rules::Tuple, states::Tuple, x, ::Nothing) = states, nothing
apply_all!(::Tuple{}, ::Tuple{}, x, dx::Sometimes) = (), dx
function apply_all!(rules::Tuple, states::Tuple, x, dx::Sometimes)
    x_before, before = copy(x), deepcopy(states)
    after, step = apply_all!(rules, states, x, dx.step)
    select!(dx.ready, x, x_before)  # a rule may have moved the parameter itself
    return select!(dx.ready, after, before), only_if(dx.ready, step)
end
function apply_all!(rules::Tuple, states::Tuple, x, dx)
    state, step = apply!(first(rules), first(states), x, dx)
    rest, step = apply_all!(Base.tail(rules), Base.tail(states), x, step)
    return (state, rest...), step
end

rule_fields(chain::OptimiserChain) = chain.opts

"""
    WeightDecay(λ = 5e-4): g + λ * x

The gradient of `λ/2 * sum(abs2, x)` added to that of the loss: L₂ regularisation.
"""
struct WeightDecay <: AbstractRule
    lambda::Float64
    WeightDecay(lambda) = new(lambda)
    WeightDecay(; lambda = 5e-4) = new(lambda)
end

function apply!(rule::WeightDecay, state, x, dx)
    λ = only(scalars(x, rule.lambda))
    return state, dx .+ λ .* x
end

"""
    SignDecay(λ = 1e-3): g + λ * sign(x)

The gradient of `λ * sum(abs, x)` added to that of the loss: L₁ regularisation.
"""
struct SignDecay <: AbstractRule
    lambda::Float64
    SignDecay(lambda) = new(lambda)
    SignDecay(; lambda = 1e-3) = new(lambda)
end

function apply!(rule::SignDecay, state, x, dx)
    λ = only(scalars(x, rule.lambda))
    return state, dx .+ λ .* sign.(x)
end

"""
    ClipGrad(δ = 10): clamp(g, -δ, δ)
"""
struct ClipGrad <: AbstractRule
    delta::Float64
    ClipGrad(delta) = new(delta)
    ClipGrad(; delta = 10.0) = new(delta)
end

function apply!(rule::ClipGrad, state, x, dx)
    δ = only(scalars(x, rule.delta))
    return state, clamp.(dx, -δ, δ)
end

"""
    ClipNorm(ω = 10, p = 2; throw = true): g * min(1, ω / norm(g, p))

Limits the norm of each parameter's gradient. With `throw`, a gradient whose norm is not finite is an error
outside of a compiled graph.
"""
struct ClipNorm <: AbstractRule
    omega::Float64
    p::Float64
    throw::Bool
    ClipNorm(omega, p = 2.0; throw = true) = new(omega, p, throw)
    ClipNorm(; omega = 10.0, p = 2.0, throw = true) = new(omega, p, throw)
end

function apply!(rule::ClipNorm, state, x, dx)
    length = norm(dx, rule.p)
    if rule.throw && !Primitives.isstaged(length) && !isfinite(length)
        throw(DomainError(length, "the gradient of a parameter of size $(size(x)) is not finite"))
    end
    ω = only(scalars(x, rule.omega))
    return state, dx .* ifelse(length > ω, ω / length, one(ω))
end

"""
    AccumGrad(n): the mean of n gradients

In a chain before other rules, lets them step once in `n` calls, with the mean of the last `n` gradients.
"""
struct AccumGrad <: AbstractRule
    n::Int
    function AccumGrad(n)
        n > 0 || throw(ArgumentError("AccumGrad expects a positive number of gradients, got $n"))
        return new(n)
    end
end

init(::AccumGrad, x::AbstractArray) = (zero(x), 1)

function apply!(rule::AccumGrad, (total, count), x, dx)
    share = only(scalars(x, 1 / rule.n))
    total .= ifelse(count == 1, zero(share), one(share)) .* total .+ share .* dx
    if Primitives.isstaged(count)
        ready = count >= rule.n
        return (total, ifelse(ready, 1, count + 1)), Sometimes(total, ready)
    end
    count < rule.n && return (total, count + 1), nothing
    return (total, 1), total
end

"""
    MixedPrecision([T = Float32], rule)

Keeps a copy of each parameter in precision `T`, lets the rule work on the copy, and rounds it to the
parameter.
"""
struct MixedPrecision{T, R<:AbstractRule} <: AbstractRule
    rule::R
end
MixedPrecision(rule::AbstractRule) = MixedPrecision(Float32, rule)
MixedPrecision(T::Type, rule::AbstractRule) = MixedPrecision{T, typeof(rule)}(rule)

function init(mixed::MixedPrecision{T}, x::AbstractArray) where T
    precise = T.(x)
    return (precise, init(mixed.rule, precise))
end

function apply!(mixed::MixedPrecision{T}, (precise, state), x, dx) where T
    state, step = apply!(mixed.rule, state, precise, T.(dx))
    if step !== nothing
        advance!(precise, step)
        x .= precise
    end
    return (precise, state), nothing
end

# Activation functions of one number; write `relu.(x)` for an array. The element type is kept: constants are
# converted to the type of the input. Both sides of a case distinction are finite for every finite input, so
# that no derivative meets 0 * Inf.

like(x, constant) = oftype(float(x), constant)

"""
    σ(x) = 1 / (1 + exp(-x))

The logistic function, with values in (0, 1); also named `sigmoid`.
"""
σ(x::Number) = Primitives.sigmoid(float(x))
const sigmoid = σ

"""
    hardσ(x) = clamp((x + 3) / 6, 0, 1)

Piecewise linear approximation of [`σ`](@ref); also named `hardsigmoid`.
"""
hardσ(x::Real) = clamp((x + 3) / 6, like(x, 0), like(x, 1))
const hardsigmoid = hardσ

"""
    logσ(x) = log(σ(x)) = -softplus(-x)

Accurate for large negative `x`, where `σ(x)` underflows; also named `logsigmoid`.
"""
logσ(x::Real) = -softplus(-x)
const logsigmoid = logσ

"""
    hardtanh(x) = clamp(x, -1, 1)
"""
hardtanh(x::Real) = clamp(x, oftype(x, -1), oftype(x, 1))

"""
    relu(x) = max(x, 0)

The rectified linear unit. Its derivative at 0 is taken as 0.
"""
relu(x::Real) = max(x, zero(x))

"""
    leakyrelu(x, a = 0.01) = max(a*x, x)   for 0 ≤ a < 1

Slope 1 for positive, `a` for negative `x`.
"""
leakyrelu(x::Real, a::Real = 0.01) = ifelse(x > 0, float(x), like(x, a) * x)

"""
    relu6(x) = clamp(x, 0, 6)
"""
relu6(x::Real) = clamp(x, oftype(x, 0), oftype(x, 6))

"""
    rrelu(x, lo = 1/8, hi = 1/3)

[`leakyrelu`](@ref) whose slope is drawn uniformly from `[lo, hi]` for each element.
"""
rrelu(x::Real, lo::Real = 1 / 8, hi::Real = 1 / 3) = rrelu(x, lo, hi, rand(typeof(float(x))))
rrelu(x, lo, hi, share) = leakyrelu(x, like(x, lo) + like(x, hi - lo) * share)
Base.broadcasted(::typeof(rrelu), x::AbstractArray, lo::Real = 1 / 8, hi::Real = 1 / 3) =
    rrelu.(x, lo, hi, rand(float(eltype(x)), size(x)...))

"""
    elu(x, α = 1) = x > 0 ? x : α * (exp(x) - 1)
"""
elu(x::Real, α::Real = 1) = ifelse(x ≥ 0, float(x), like(x, α) * expm1(min(float(x), like(x, 0))))

"""
    gelu_tanh(x) = x/2 * (1 + tanh(√(2/π) * (x + 0.044715x^3)))

The Gaussian error linear unit in its tanh approximation; also named `gelu`.
"""
gelu_tanh(x::Real) = x / 2 * (1 + tanh(like(x, √(2 / π)) * (x + like(x, 0.044715) * x^3)))
const gelu = gelu_tanh

"""
    gelu_sigmoid(x) = x * σ(1.702x)
"""
gelu_sigmoid(x::Real) = x * σ(like(x, 1.702) * x)

"""
    gelu_erf(x) = x/2 * (1 + erf(x/√2))

The Gaussian error linear unit, exactly: `x` times the normal distribution function at `x`.
"""
gelu_erf(x::Real) = x / 2 * (1 + Primitives.erf(x * like(x, 1 / √2)))

"""
    swish(x) = x * σ(x)
"""
swish(x::Real) = x * σ(x)

"""
    hardswish(x) = x * hardσ(x)
"""
hardswish(x::Real) = x * hardσ(x)

"""
    selu(x) = λ * (x ≥ 0 ? x : α * (exp(x) - 1))   with λ ≈ 1.0507, α ≈ 1.6733

The self-normalising exponential linear unit: mean 0 and variance 1 are its fixed point.
"""
selu(x::Real) = like(x, 1.0507009873554805) * elu(x, 1.6732632423543772)

"""
    celu(x, α = 1) = x ≥ 0 ? x : α * (exp(x/α) - 1)
"""
celu(x::Real, α::Real = 1) =
    ifelse(x ≥ 0, float(x), like(x, α) * expm1(min(float(x), like(x, 0)) / like(x, α)))

"""
    softplus(x) = log(1 + exp(x))
"""
softplus(x::Real) = Primitives.softplus(float(x))

"""
    softsign(x) = x / (1 + |x|)
"""
softsign(x::Real) = x / (1 + abs(x))

"""
    logcosh(x) = log(cosh(x)) = x + softplus(-2x) - log(2)

Never overflows.
"""
logcosh(x::Real) = x + softplus(-2x) - like(x, log(2))

"""
    mish(x) = x * tanh(softplus(x))
"""
mish(x::Real) = x * tanh(softplus(x))

"""
    tanhshrink(x) = x - tanh(x)
"""
tanhshrink(x::Real) = x - tanh(x)

"""
    softshrink(x, λ = 0.5) = sign(x) * max(|x| - λ, 0)
"""
softshrink(x::Real, λ::Real = 0.5) = max(x - like(x, λ), like(x, 0)) + min(x + like(x, λ), like(x, 0))

"""
    trelu(x, θ = 1) = x > θ ? x : 0

Threshold-gated rectifier; also named `thresholdrelu`.
"""
trelu(x::Real, θ::Real = 1) = ifelse(x > θ, x, zero(x))
const thresholdrelu = trelu

"""
    lisht(x) = x * tanh(x)
"""
lisht(x::Real) = x * tanh(x)

"""
    tanh_fast(x)

`tanh`: a compiled graph has one implementation, which is the fast one.
"""
tanh_fast(x::Number) = tanh(x)

"""
    sigmoid_fast(x)

[`σ`](@ref): a compiled graph has one implementation, which is the fast one.
"""
sigmoid_fast(x::Number) = σ(x)

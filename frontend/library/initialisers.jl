# Initial values of parameters. Each initialiser has three forms: `init(sizes...)` and `init(rng, sizes...)`
# make an array of Float32, `init([rng]; options...)` makes an initialiser with these options.

"""
    nfan(sizes...) -> (fan_in, fan_out)

How many inputs each output of a layer depends on and the reverse, from the size of its weights: `(out, in)`
of a matrix, `(window…, in, out)` of a convolution.
"""
nfan() = 1, 1
nfan(n::Integer) = 1, n
nfan(out::Integer, in::Integer) = in, out
nfan(sizes::Tuple) = nfan(sizes...)
nfan(sizes::Integer...) = prod(sizes[1:end-2]) .* (sizes[end-1], sizes[end])

"""
    glorot_uniform([rng], sizes...; gain = 1)

Uniform in `(-r, r)` with `r = gain * √(6 / (fan_in + fan_out))`. [Glorot and Bengio, 2010].
"""
glorot_uniform(rng::AbstractRNG, sizes::Integer...; gain::Real = 1) =
    symmetric_uniform(rng, Float32(gain) * sqrt(6.0f0 / sum(nfan(sizes...))), sizes)

"""
    glorot_normal([rng], sizes...; gain = 1)

Normal with standard deviation `gain * √(2 / (fan_in + fan_out))`.
"""
glorot_normal(rng::AbstractRNG, sizes::Integer...; gain::Real = 1) =
    randn(rng, Float32, sizes...) .* (Float32(gain) * sqrt(2.0f0 / sum(nfan(sizes...))))

"""
    kaiming_uniform([rng], sizes...; gain = √2)

Uniform in `(-r, r)` with `r = gain * √(3 / fan_in)`. [He et al., 2015].
"""
kaiming_uniform(rng::AbstractRNG, sizes::Integer...; gain::Real = √2f0) =
    symmetric_uniform(rng, Float32(gain) * sqrt(3.0f0 / first(nfan(sizes...))), sizes)

"""
    kaiming_normal([rng], sizes...; gain = √2)

Normal with standard deviation `gain / √fan_in`.
"""
kaiming_normal(rng::AbstractRNG, sizes::Integer...; gain::Real = √2f0) =
    randn(rng, Float32, sizes...) .* (Float32(gain) / sqrt(Float32(first(nfan(sizes...)))))

"""
    truncated_normal([rng], sizes...; mean = 0, std = 1, lo = -2, hi = 2)

Normal, restricted to `[lo, hi]`.
"""
function truncated_normal(rng::AbstractRNG, sizes::Integer...; mean = 0, std = 1, lo = -2, hi = 2)
    # The quantile function of the normal distribution, at uniform numbers between the distribution function
    # at lo and hi.
    below(x) = (1 + Primitives.erf((x - mean) / (std * √2))) / 2
    u = below(lo) .+ rand(rng, sizes...) .* (below(hi) - below(lo))
    return Float32.(clamp.(mean .+ std * √2 .* Primitives.erfinv.(2 .* u .- 1), lo, hi))
end

"""
    orthogonal([rng], sizes...; gain = 1)

A matrix with orthonormal rows or columns, whichever are fewer, times `gain`; with more dimensions, the first
ones are taken together. [Saxe et al., 2014].
"""
function orthogonal(rng::AbstractRNG, rows::Integer, columns::Integer; gain::Real = 1)
    rows < columns && return permutedims(orthogonal(rng, columns, rows; gain))
    return Float32(gain) .* orthonormal_columns(randn(rng, Float32, rows, columns))
end
orthogonal(rng::AbstractRNG, sizes::Integer...; gain::Real = 1) =
    reshape(orthogonal(rng, prod(sizes[1:end-1]), sizes[end]; gain), sizes)

"""
    sparse_init([rng], rows, columns; sparsity, std = 0.01)

Normal with standard deviation `std`; in each column a fraction `sparsity` of the elements, drawn at random,
is zero. [Martens, 2010].
"""
function sparse_init(rng::AbstractRNG, rows::Integer, columns::Integer; sparsity, std = 0.01)
    0 ≤ sparsity ≤ 1 || throw(ArgumentError("sparse_init expects a sparsity from 0 to 1, got $sparsity"))
    zeros_per_column = clamp(ceil(Int, sparsity * rows), 0, rows)
    weights = randn(rng, Float32, rows, columns) .* Float32(std)
    for column in 1:columns
        weights[randperm(rng, rows)[1:zeros_per_column], column] .= 0
    end
    return weights
end

"""
    identity_init(sizes...; gain = 1, shift = 0)

Weights of the identity as far as there is one: `gain` on the diagonal of a matrix, or at the centre of a
convolution's window, else zeros; shifted circularly by `shift`. A vector is zeros.
"""
identity_init(n::Integer; gain = 1, shift = 0) = zeros(Float32, n)
identity_init(out::Integer, in::Integer; gain = 1, shift = 0) =
    circshift(Float32[i == j ? gain : 0 for i in 1:out, j in 1:in], shift)
function identity_init(sizes::Integer...; gain = 1, shift = 0)
    weights = zeros(Float32, sizes)
    centre = (sizes[1:end-2] .+ 1) .÷ 2
    for channel in 1:min(sizes[end-1], sizes[end])
        weights[centre..., channel, channel] = gain
    end
    return circshift(weights, shift)
end
identity_init(rng::AbstractRNG, sizes::Integer...; options...) = identity_init(sizes...; options...)

"""
    zeros32(sizes...)

Zeros of `Float32`.
"""
zeros32(sizes...) = zeros(Float32, sizes...)

"""
    ones32(sizes...)

Ones of `Float32`.
"""
ones32(sizes...) = ones(Float32, sizes...)

"""
    rand32([rng], sizes...)

Numbers of `Float32` that are uniform in `[0, 1)`; `rand32(rng)` is an initialiser.
"""
rand32(sizes::Integer...) = rand(Float32, sizes...)
rand32(sizes::Tuple) = rand(Float32, sizes)
rand32(rng::AbstractRNG, sizes...) = rand(rng, Float32, sizes...)
rand32(rng::AbstractRNG) = (sizes...) -> rand32(rng, sizes...)

"""
    randn32([rng], sizes...)

Numbers of `Float32` of the normal distribution; `randn32(rng)` is an initialiser.
"""
randn32(sizes::Integer...) = randn(Float32, sizes...)
randn32(sizes::Tuple) = randn(Float32, sizes)
randn32(rng::AbstractRNG, sizes...) = randn(rng, Float32, sizes...)
randn32(rng::AbstractRNG) = (sizes...) -> randn32(rng, sizes...)

# Gram and Schmidt's columns, each made orthogonal to those before it twice, for accuracy.
function orthonormal_columns(a)
    q = zero(a)
    for j in axes(a, 2)
        column = a[:, j]
        for _ in 1:2
            column = column .- q * (q' * column)
        end
        q[:, j] = column ./ norm(column)
    end
    return q
end

symmetric_uniform(rng, limit, sizes) = (2 .* rand(rng, Float32, sizes...) .- 1) .* limit

# The other forms: with the default generator, and with options to be used later.
glorot_uniform(sizes::Integer...; options...) = glorot_uniform(Random.default_rng(), sizes...; options...)
glorot_normal(sizes::Integer...; options...) = glorot_normal(Random.default_rng(), sizes...; options...)
kaiming_uniform(sizes::Integer...; options...) = kaiming_uniform(Random.default_rng(), sizes...; options...)
kaiming_normal(sizes::Integer...; options...) = kaiming_normal(Random.default_rng(), sizes...; options...)
truncated_normal(sizes::Integer...; options...) = truncated_normal(Random.default_rng(), sizes...; options...)
orthogonal(sizes::Integer...; options...) = orthogonal(Random.default_rng(), sizes...; options...)
sparse_init(sizes::Integer...; options...) = sparse_init(Random.default_rng(), sizes...; options...)

glorot_uniform(rng::AbstractRNG = Random.default_rng(); options...) =
    (sizes...) -> glorot_uniform(rng, sizes...; options...)
glorot_normal(rng::AbstractRNG = Random.default_rng(); options...) =
    (sizes...) -> glorot_normal(rng, sizes...; options...)
kaiming_uniform(rng::AbstractRNG = Random.default_rng(); options...) =
    (sizes...) -> kaiming_uniform(rng, sizes...; options...)
kaiming_normal(rng::AbstractRNG = Random.default_rng(); options...) =
    (sizes...) -> kaiming_normal(rng, sizes...; options...)
truncated_normal(rng::AbstractRNG = Random.default_rng(); options...) =
    (sizes...) -> truncated_normal(rng, sizes...; options...)
orthogonal(rng::AbstractRNG = Random.default_rng(); options...) =
    (sizes...) -> orthogonal(rng, sizes...; options...)
sparse_init(rng::AbstractRNG = Random.default_rng(); options...) =
    (sizes...) -> sparse_init(rng, sizes...; options...)
identity_init(; options...) = (sizes...) -> identity_init(sizes...; options...)

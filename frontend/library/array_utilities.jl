# Arrays in parts, together, padded, searched.

"""
    unsqueeze(x; dims)

`x` with a new dimension of size 1 at `dims`; without `x` a function that does so.
"""
unsqueeze(x::AbstractArray; dims::Integer) = reshape(x, size(x)[1:dims-1]..., 1, size(x)[dims:end]...)
unsqueeze(; dims::Integer) = x -> unsqueeze(x; dims)

"""
    unstack(x; dims)

The slices of `x` along `dims`, in a vector: the inverse of `stack`.
"""
unstack(x::AbstractArray; dims::Integer) = [copy(selectdim(x, dims, i)) for i in 1:size(x, dims)]

"""
    chunk(x, n; dims = ndims(x))
    chunk(x; size, dims = ndims(x))
    chunk(x, parts; npartitions = nothing, dims = ndims(x))

`x` in `n` parts, or in parts of `size`, along `dims`. The last may be smaller; `size` may be a list of all
sizes. With a sorted vector `parts`, the parts of `x` with equal numbers in it; with `npartitions`, one for each
number up to it.
"""
chunk(x::AbstractArray, n::Integer; dims::Integer = ndims(x)) = chunk(x; size = cld(size(x, dims), n), dims)
function chunk(x::AbstractArray; size, dims::Integer = ndims(x))
    count = Base.size(x, dims)
    ends = size isa Integer ? [min(i + size - 1, count) for i in 1:size:count] : cumsum(size)
    return [part_of(x, dims, a+1:b) for (a, b) in zip([0; ends[1:end-1]], ends)]
end
function chunk(x::AbstractArray, parts::AbstractVector{<:Integer}; npartitions = nothing, dims::Integer = ndims(x))
    issorted(parts) || throw(ArgumentError("chunk expects a sorted vector of numbers of parts"))
    numbers = npartitions === nothing ? unique(parts) : 1:npartitions
    return [part_of(x, dims, searchsortedfirst(parts, k):searchsortedlast(parts, k)) for k in numbers]
end

part_of(x::AbstractRange, dims, indices) = x[indices]
part_of(x, dims, indices) = selectdim(x, dims, indices)

"""
    group_counts(x)

A dictionary with the number of occurrences of each value.
"""
group_counts(x) = Dict(value => count(==(value), x) for value in unique(x))

"""
    group_indices(x)

A dictionary with the indices of each value.
"""
group_indices(x) = Dict(value => findall(==(value), x) for value in unique(x))

"""
    rpad_constant(x, n, value = 0; dims = :)

`x` followed by `value` up to size `n` along `dims` (a number, or one for each); what is longer stays.
"""
function rpad_constant(x::AbstractArray, n, value = 0; dims = :)
    dimensions = dims isa Colon ? (1:ndims(x)...,) : (dims...,)
    for (k, d) in enumerate(dimensions)
        missing_size = (n isa Integer ? n : n[k]) - size(x, d)
        missing_size > 0 || continue
        sizes = ntuple(i -> i == d ? missing_size : size(x, i), ndims(x))
        x = cat(x, fill(convert(eltype(x), value), sizes); dims = d)
    end
    return x
end

"""
    batchseq(sequences, value = 0)

Sequences of different lengths as one vector over time of batches, padded with `value`.
"""
function batchseq(sequences, value = 0)
    longest = maximum(numobs, sequences)
    padded = [sequence isa AbstractVector && !(eltype(sequence) <: Number) ?
              [sequence; [value for _ in 1:longest-length(sequence)]] :
              rpad_constant(sequence, longest, value; dims = ndims(sequence)) for sequence in sequences]
    return [batch([getobs(sequence, t) for sequence in padded]) for t in 1:longest]
end

"""
    batch_sequence(sequences; pad = 0)

Sequences of size `(features…, time)` with different times as one array of size `(features…, longest, batch)`,
padded with `pad`.
"""
function batch_sequence(sequences; pad = 0)
    longest = maximum(sequence -> size(sequence, ndims(sequence)), sequences)
    return stack([rpad_constant(sequence, longest, pad; dims = ndims(sequence)) for sequence in sequences])
end

"""
    batched_searchsortedfirst(v, x)

For each element of `x` the first index of the sorted vector `v` whose value is not smaller. A matrix `v` is
searched column by column, for the columns of `x`.
"""
batched_searchsortedfirst(v, x) = 1 .+ count_along(<, v, x)

"""
    batched_searchsortedlast(v, x)

For each element of `x` the last index of the sorted vector `v` whose value is not larger; see
[`batched_searchsortedfirst`](@ref).
"""
batched_searchsortedlast(v, x) = count_along(<=, v, x)

function count_along(compare, v, x)
    columns = v isa AbstractVector ? v : reshape(v, size(v, 1), 1, size(v)[2:end]...)
    return dropdims(sum(compare.(columns, reshape(x, 1, size(x)...)); dims = 1); dims = 1)
end

"""
    topk(x, k; dims = 1, rev = true) -> (values, indices)

The `k` largest values along `dims` (the smallest unless `rev`), in order, and their indices.
"""
function topk(x::AbstractVector, k::Integer; dims::Integer = 1, rev::Bool = true)
    indices = sortperm(x; rev)[1:k]
    return x[indices], indices
end
function topk(x::AbstractArray, k::Integer; dims::Integer = 1, rev::Bool = true)
    indices = mapslices(slice -> sortperm(slice; rev)[1:k], x; dims)
    values = mapslices(slice -> sort(slice; rev)[1:k], x; dims)
    return values, indices
end

"""
    zeros_like(x, [T], [size]), ones_like(x, …), trues_like(x, [size]), falses_like(x, [size])
    fill_like(x, value, [T], [size]), rand_like([rng], x, …), randn_like([rng], x, …)

Arrays with the element type and size of `x`, unless others are given.
"""
zeros_like(x::AbstractArray, T::Type = eltype(x), sizes = size(x)) = zeros(T, sizes)
zeros_like(x::AbstractArray, sizes::Tuple) = zeros(eltype(x), sizes)
ones_like(x::AbstractArray, T::Type = eltype(x), sizes = size(x)) = ones(T, sizes)
ones_like(x::AbstractArray, sizes::Tuple) = ones(eltype(x), sizes)
fill_like(x::AbstractArray, value, T::Type = eltype(x), sizes = size(x)) = fill(convert(T, value), sizes)
fill_like(x::AbstractArray, value, sizes::Tuple) = fill(convert(eltype(x), value), sizes)
rand_like(x::AbstractArray, T::Type = eltype(x), sizes = size(x)) = rand(T, sizes)
rand_like(x::AbstractArray, sizes::Tuple) = rand(eltype(x), sizes)
rand_like(rng::AbstractRNG, x::AbstractArray, T::Type = eltype(x), sizes = size(x)) = rand(rng, T, sizes)
randn_like(x::AbstractArray, T::Type = eltype(x), sizes = size(x)) = randn(T, sizes)
randn_like(x::AbstractArray, sizes::Tuple) = randn(eltype(x), sizes)
randn_like(rng::AbstractRNG, x::AbstractArray, T::Type = eltype(x), sizes = size(x)) = randn(rng, T, sizes)
trues_like(x::AbstractArray, sizes = size(x)) = fill!(similar(x, Bool, sizes), true)
falses_like(x::AbstractArray, sizes = size(x)) = fill!(similar(x, Bool, sizes), false)

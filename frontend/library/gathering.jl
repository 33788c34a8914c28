# Reading from and adding to places that an array of indices names.

"""
    gather(source, indices)
    gather(source, rows, columns, …)

`source[…, i]` for each index `i`, along the last dimensions of the result: for indices of size `(a, b, …)`
and a source of size `(m, …, n)`, an array of size `(m, …, a, b, …)`. Indices are integers, or tuples or
`CartesianIndex`es for several last dimensions; or an array of integers for each of them.
"""
gather(source::AbstractArray, indices::AbstractArray{<:Integer}) =
    reshape(source[leading(source, 1)..., vec(indices)], size(source)[1:end-1]..., size(indices)...)
function gather(source::AbstractArray, indices::AbstractArray)
    places = map(Tuple, indices)
    return gather(source, ntuple(k -> map(place -> place[k], places), length(first(places)))...)
end
function gather(source::AbstractArray, first::AbstractArray{<:Integer}, second::AbstractArray{<:Integer},
                others::AbstractArray{<:Integer}...)
    indices = (first, second, others...)
    sizes = size(source)[end-length(indices)+1:end]
    flat = linear_indices(sizes, indices)
    return gather(reshape(source, size(source)[1:end-length(indices)]..., prod(sizes)), flat)
end

function linear_indices(sizes, indices)
    flat, stride = 1, 1
    for (n, index) in zip(sizes, indices)
        flat = flat .+ (index .- 1) .* stride
        stride *= n
    end
    return flat
end

"""
    gather!(target, source, indices...)

Writes `gather(source, indices...)` into `target`.
"""
gather!(target::AbstractArray, source::AbstractArray, indices::AbstractArray...) =
    copyto!(target, gather(source, indices...))

leading(x, n) = ntuple(_ -> :, ndims(x) - n)

"""
    scatter(op, source, indices; dstsize = nothing, init = nothing)

The inverse of [`gather`](@ref): an array whose place `i` holds `op` of all parts of `source` with index `i`.
`op` is `+`, `-`, `*`, `/`, `max`, `min` or `mean`. Places without a part hold `init`, by default the neutral
element of `op`.
"""
function scatter(op, source::AbstractArray, indices::AbstractArray; dstsize = nothing, init = nothing)
    lead = size(source)[1:ndims(source)-ndims(indices)]
    sizes = dstsize === nothing ? (lead..., largest_index(indices)...) : dstsize
    start = init === nothing ? neutral(op, eltype(source)) : init
    return scatter!(op, fill(convert(eltype(source), start), sizes), source, indices)
end

largest_index(indices::AbstractArray{<:Integer}) = (maximum(indices),)
largest_index(indices::AbstractArray) = reduce((a, b) -> max.(a, b), map(Tuple, indices))

neutral(::Union{typeof(+), typeof(-), typeof(mean)}, T) = zero(T)
neutral(::Union{typeof(*), typeof(/)}, T) = one(T)
neutral(::typeof(max), T) = typemin(T)
neutral(::typeof(min), T) = typemax(T)

"""
    scatter!(op, destination, source, indices)

[`scatter`](@ref) into a given array: combines the parts of `source` with what is there.
"""
function scatter!(op, destination::AbstractArray, source::AbstractArray, indices::AbstractArray)
    flat = vec(flat_indices(destination, source, indices))
    rows = prod(size(source)[1:ndims(source)-ndims(indices)])
    parts, places = reshape(source, rows, :), length(destination) ÷ rows
    target = reshape(destination, rows, places)
    destination .= reshape(combine(op, target, parts, reshape(flat, 1, :) .== 1:places), size(destination))
    return destination
end

flat_indices(destination, source, indices::AbstractArray{<:Integer}) = indices
function flat_indices(destination, source, indices::AbstractArray)
    sizes = size(destination)[ndims(source)-ndims(indices)+1:end]
    places = map(Tuple, indices)
    return linear_indices(sizes, ntuple(k -> map(place -> place[k], places), length(sizes)))
end

# `hits[p, k]` tells whether part k goes to place p; sums of parts are products with it.
combine(::typeof(+), target, parts, hits) = target .+ parts * hits'
combine(::typeof(-), target, parts, hits) = target .- parts * hits'
combine(::typeof(mean), target, parts, hits) = target .+ parts * hits' ./ max.(sum(hits; dims = 2), 1)'
combine(::typeof(*), target, parts, hits) = target .* reduce_hits(prod, parts, hits, one(eltype(parts)))
combine(::typeof(/), target, parts, hits) = target ./ reduce_hits(prod, parts, hits, one(eltype(parts)))
combine(::typeof(max), target, parts, hits) =
    max.(target, reduce_hits(maximum, parts, hits, typemin(eltype(parts))))
combine(::typeof(min), target, parts, hits) =
    min.(target, reduce_hits(minimum, parts, hits, typemax(eltype(parts))))

function reduce_hits(reduction, parts, hits, absent)
    rows, count = size(parts)
    chosen = ifelse.(reshape(hits, 1, size(hits)...), reshape(parts, rows, 1, count), absent)
    return dropdims(reduction(chosen; dims = 3); dims = 3)
end

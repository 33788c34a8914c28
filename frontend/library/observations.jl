# Observations of data sets.

"""
    numobs(data)

How many observations there are: the size of an array's last dimension; of a tuple or named tuple, that of its
members, which must agree.
"""
numobs(data::AbstractArray) = ndims(data) == 0 ? 1 : size(data, ndims(data))
function numobs(data::Union{Tuple, NamedTuple, AbstractDict})
    counts = [numobs(part) for part in values(data)]
    isempty(counts) && return 0
    all(==(counts[1]), counts) || throw(DimensionMismatch(
        "all data containers must have the same number of observations, got $counts"))
    return counts[1]
end
numobs(data) = length(data)

"""
    getobs(data, indices)

One observation, or several.
"""
getobs(data::AbstractArray, indices) = data[ntuple(_ -> :, ndims(data) - 1)..., indices]
getobs(data::Union{Tuple, NamedTuple}, indices) = map(part -> getobs(part, indices), data)
getobs(data::AbstractDict, indices) = Dict(key => getobs(part, indices) for (key, part) in data)
getobs(data, indices) = data[indices]
getobs(data) = data

"""
    ObsDim(dim)

The dimension of an array that counts the observations, for [`obsview`](@ref).
"""
struct ObsDim
    dim::Int
end

"""
    obsview(data, [indices], [ObsDim(d)])

A view of some observations, or of all; of an array, along its last dimension or another.
"""
obsview(data::AbstractRange, indices::AbstractRange) = data[indices]
obsview(data::AbstractArray, indices) = view(data, ntuple(_ -> :, ndims(data) - 1)..., indices)
obsview(data::Union{Tuple, NamedTuple}, indices) = map(part -> obsview(part, indices), data)
obsview(data, indices) = ObsView(data, indices)

obsview(data) = obsview(data, 1:numobs(data))
obsview(data::AbstractArray, dim::ObsDim) = obsview(data, 1:size(data, dim.dim), dim)
obsview(data, indices, dim::ObsDim) = ObsView(data, indices, dim.dim)

struct ObsView{D, I, Dim}
    data::D
    indices::I
    dim::Dim
end
ObsView(data, indices) = ObsView(data, indices, nothing)

numobs(view::ObsView) = length(view.indices)
getobs(view::ObsView, i) = observed(view.data, view.indices[i], view.dim)
getobs(view::ObsView) = getobs(view, 1:numobs(view))
observed(data, i, ::Nothing) = getobs(data, i)
observed(data, i, dim) = copy(selectdim(data, dim, i))
Base.length(view::ObsView) = numobs(view)
Base.getindex(view::ObsView, i) = getobs(view, i)
Base.iterate(view::ObsView, i = 1) = i > numobs(view) ? nothing : (getobs(view, i), i + 1)

"""
    shuffleobs([rng], data)

A view of the data in random order.
"""
shuffleobs(data) = shuffleobs(Random.default_rng(), data)
shuffleobs(rng::AbstractRNG, data) = obsview(data, randperm(rng, numobs(data)))

"""
    splitobs([rng], data; at, shuffle = false, stratified = nothing)

Views of the first part of the data and the rest, split at a fraction or a number of observations, or at
several in a tuple; of a number n, ranges in `1:n`. With `stratified`, a vector of classes, each part gets its
share of each class.
"""
splitobs(data; options...) = splitobs(Random.default_rng(), data; options...)
splitobs(rng::AbstractRNG, n::Integer; options...) = splitobs(rng, 1:n; options...)
function splitobs(rng::AbstractRNG, data; at, shuffle::Bool = false, stratified = nothing)
    n = numobs(data)
    order = shuffle ? randperm(rng, n) : 1:n
    if stratified !== nothing
        groups = [[i for i in order if stratified[i] == class] for class in unique(stratified)]
        parts = [splitobs(group; at) for group in groups]
        return ntuple(k -> obsview(data, reduce(vcat, [part[k] for part in parts])), length(parts[1]))
    end
    ends = cumsum([part isa Integer ? part : round(Int, part * n) for part in (at isa Number ? (at,) : at)])
    bounds = (0, ends..., n)
    return ntuple(i -> obsview(data, order[bounds[i]+1:bounds[i+1]]), length(bounds) - 1)
end

"""
    batch(observations)

One array from a vector of arrays (or numbers) of equal size, with a new last dimension; tuples, named tuples
and dictionaries are batched member by member.
"""
batch(observations::AbstractVector{<:Number}) = observations
batch(observations::AbstractVector{<:AbstractArray}) = stack(observations)
batch(observations::AbstractVector{<:Tuple}) =
    ntuple(i -> batch([x[i] for x in observations]), length(observations[1]))
function batch(observations::AbstractVector{<:NamedTuple})
    names = keys(observations[1])
    return NamedTuple{names}(map(name -> batch([x[name] for x in observations]), names))
end
batch(observations::AbstractVector{<:AbstractDict}) =
    Dict(key => batch([x[key] for x in observations]) for key in keys(observations[1]))
batch(observations) = observations

"""
    unbatch(data)

The vector of all observations: the inverse of [`batch`](@ref).
"""
unbatch(data) = [getobs(data, i) for i in 1:numobs(data)]

"""
    flatten(x)

A matrix whose columns are the observations of an array.
"""
flatten(x::AbstractArray) = reshape(x, :, size(x, ndims(x)))

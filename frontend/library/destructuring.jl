# A model as one flat vector.

"""
    destructure(model) -> (vector, rebuild)

All parameters in one vector, and a function that makes a model from such a vector: `rebuild(vector)` is equal
to the model.
"""
function destructure(model)
    arrays = trainables(model)
    offsets, count = IdDict(), 0
    for array in arrays
        offsets[array] = count
        count += length(array)
    end
    flat = isempty(arrays) ? Bool[] : reduce(vcat, map(vec, arrays))
    return flat, Restructure(model, offsets, count)
end

"""
    Restructure

What [`destructure`](@ref) returns second: called with a vector, it makes the model with those parameters.
"""
struct Restructure{M, O}
    model::M
    offsets::O
    length::Int
end

Base.show(io::IO, rebuild::Restructure{M}) where M =
    print(io, "Restructure(", nameof(M), ", ..., ", rebuild.length, ")")
Base.length(rebuild::Restructure) = rebuild.length

function (rebuild::Restructure)(flat::AbstractVector)
    length(flat) == rebuild.length || throw(DimensionMismatch(
        "Restructure expects a vector of length $(rebuild.length), got length $(length(flat))"))
    return refill(rebuild.model, flat, rebuild.offsets)
end

function refill(x, flat, offsets)
    if isnumeric(x)
        first = offsets[x]
        part = reshape(flat[first+1:first+length(x)], size(x))
        return eltype(x) <: Real ? eltype(x).(real.(part)) : eltype(x).(part)
    end
    parts, rebuild = functor(x)
    chosen = trainable(x)
    return rebuild(mapkeys((key, part) -> key in keys(chosen) ? refill(part, flat, offsets) : part, parts))
end

# The numbers of a model apart from its structure.

"""
    state(model)

The arrays, numbers, strings and `nothing`s of a model in nested named tuples and tuples; `()` for anything
else. With [`loadmodel!`](@ref) they go back into a model of the same structure.
"""
state(x) = isempty(children(x)) ? state_leaf(x) : map(state, children(x))

state_leaf(x::Union{AbstractArray, Number, AbstractString, Nothing, Symbol, AbstractChar}) = x
state_leaf(x) = ()

"""
    loadmodel!(model, source)

Copies parameters and other arrays of `source`, a model or its [`state`](@ref), into `model`, in place. Sizes
must agree. A bias `false` matches a zero or missing one.
"""
function loadmodel!(target, source)
    load_children!(target, children(target), children(source), KeyPath(()))
    return target
end

function load_children!(target, parts, sources, path)
    for key in keys(parts)
        place = KeyPath(path, key)
        key in keys(sources) || throw(ArgumentError("loadmodel!: the source has nothing at $place"))
        load_value!(target, key, parts[key], sources[key], place)
    end
end

load_value!(target, key, value, source, path) = load_children!(value, children(value), children(source), path)
function load_value!(target, key, value::AbstractArray, source, path)
    isleaf(value) || return load_children!(value, children(value), children(source), path)
    if source === false
        value .= 0
        return
    end
    source isa AbstractArray ||
        throw(ArgumentError("loadmodel!: expected an array at $path, got $(typeof(source))"))
    size(value) == size(source) || throw(DimensionMismatch(
        "loadmodel!: expected an array of size $(size(value)) at $path, got size $(size(source))"))
    value .= source
    return
end
function load_value!(target, key, value::Union{Number, Nothing}, source, path)
    value === false && source isa AbstractArray && !iszero(source) &&
        throw(ArgumentError("loadmodel!: the source has a nonzero bias at $path, where the model has none"))
    ismutable(target) && (source isa Union{Number, Nothing}) && setproperty!(target, key, source)
    return
end
load_value!(target, key, value::Union{Function, Symbol, AbstractString}, source, path) = nothing

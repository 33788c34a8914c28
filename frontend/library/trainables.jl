# What in a model is a parameter.

"""
    trainable(layer)

The children of a layer that are trained, as a named tuple: all of them, unless a method (or `@layer T
trainable = (…)`) says otherwise.
"""
function trainable(x)
    all, declared = children(x), Primitives.declared_trainable(x)
    declared === nothing && return all
    return NamedTuple{declared}(map(name -> all[name], declared))
end

# All children, with `()` in the place of what is not trained, so that trees have the field names of the
# model.
function trainable_children(x)
    all, chosen = children(x), trainable(x)
    keys(all) == keys(chosen) && return chosen
    return NamedTuple{keys(all)}(map(name -> name in keys(chosen) ? chosen[name] : (), keys(all)))
end

"""
    isnumeric(x)

Whether `x` is an array of real or complex floating-point numbers: a parameter.
"""
isnumeric(x::AbstractArray{<:Union{AbstractFloat, Complex}}) = true
isnumeric(x) = false

"""
    trainables(model; path = false)

The parameters of a model in order, each once; with `path = true`, pairs of their `KeyPath` and the array.
"""
function trainables(model; path::Bool = false)
    found, seen = path ? Pair{KeyPath, AbstractArray}[] : AbstractArray[], IdDict()
    function visit(place, x)
        if isnumeric(x)
            haskey(seen, x) && return
            seen[x] = true
            push!(found, path ? place => x : x)
        else
            parts = trainable(x)
            foreach(key -> visit(KeyPath(place, key), parts[key]), keys(parts))
        end
    end
    visit(KeyPath(()), model)
    return found
end

# Trees of values and walks over them.

"""
    children(x)

The children of a node: a tuple, named tuple, array or dictionary; the fields of a struct as a named tuple.
`()` for a leaf.
"""
children(x) = functor(x)[1]

"""
    functor(x) -> (children, rebuild)

The children of `x`, and a function that makes a value like `x` from others in their places.
"""
functor(x::Union{Tuple, NamedTuple}) = (x, identity)
functor(x::AbstractArray) = isnumberarray(x) ? ((), _ -> x) : (x, identity)
functor(x::AbstractDict) = (x, identity)
functor(x::Union{Number, AbstractString, AbstractChar, Symbol, Nothing, Missing}) = ((), _ -> x)
functor(x::Union{Function, Type, Module, AbstractRNG}) = ((), _ -> x)
function functor(x)
    names = fieldnames(typeof(x))
    (isempty(names) || Primitives.is_declared_leaf(x)) && return ((), _ -> x)
    chosen = something(Primitives.declared_children(x), names)
    fields = NamedTuple{chosen}(map(name -> getfield(x, name), chosen))
    return fields, parts -> Primitives.rebuild(x, map(name -> rebuilt_field(x, name, chosen, values(parts)), names)...)
end

function rebuilt_field(x, name, chosen, parts)
    position = findfirst(==(name), chosen)
    return position === nothing ? getfield(x, name) : parts[position]
end

isnumberarray(x) = eltype(x) <: Union{Number, AbstractChar, AbstractString, Symbol}

"""
    isleaf(x)

Whether `x` has no children, and is not a container that just happens to be an empty array or dictionary.
"""
isleaf(x) = children(x) === ()

# --- walks --------------------------------------------------------------------------------------------------

"""
    AbstractWalk

How a step of a traversal goes from a node to its children: `walk(recurse, x, others...)`.
"""
abstract type AbstractWalk end

"""
    DefaultWalk()

Applies `recurse` to the children, side by side with those of the others, and rebuilds the node.
"""
struct DefaultWalk <: AbstractWalk end
function (::DefaultWalk)(recurse, x, others...)
    parts, rebuild = functor(x)
    return rebuild(mapchildren(recurse, parts, map(children, others)...))
end

"""
    StructuralWalk()

Applies `recurse` to the children and returns them as tuples and named tuples, not rebuilt.
"""
struct StructuralWalk <: AbstractWalk end
(::StructuralWalk)(recurse, x, others...) = mapchildren(recurse, children(x), map(children, others)...)

"""
    ExcludeWalk(walk, f, exclude)

Applies `f` to a node where `exclude(node)`, and `walk` elsewhere.
"""
struct ExcludeWalk{W, F, E} <: AbstractWalk
    walk::W
    f::F
    exclude::E
end
(w::ExcludeWalk)(recurse, x, others...) = w.exclude(x) ? w.f(x, others...) : w.walk(recurse, x, others...)

"""
    IterateWalk()

Chains iterators made from the leaves into one.
"""
struct IterateWalk <: AbstractWalk end
(::IterateWalk)(recurse, x, others...) =
    Iterators.flatten(map(recurse, values(children(x)), map(y -> values(children(y)), others)...))

mapchildren(f, parts::Union{Tuple, NamedTuple, AbstractArray}, others...) = map(f, parts, others...)
mapchildren(f, parts::AbstractDict, others...) =
    Dict(key => f(value, map(other -> other[key], others)...) for (key, value) in parts)

"""
    execute(walk, x, others...)

Traverses `x` by `walk`; a node met again, the same object, is not visited twice.
"""
function execute(walk::AbstractWalk, x, others...; cache = IdDict(), prune = nothing)
    function visit(x, others...)
        remembered = cache !== nothing && ismutable(x)
        remembered && haskey(cache, x) && return prune === nothing ? cache[x] : prune
        result = walk(visit, x, others...)
        remembered && (cache[x] = result)
        return result
    end
    return visit(x, others...)
end

# --- functions over trees -----------------------------------------------------------------------------------

"""
    fmap(f, x, others...; exclude = isleaf, walk = DefaultWalk(), cache = IdDict(), prune = nothing)

A tree like `x` with `f` applied to the leaves, or to nodes where `exclude(node)`. Arrays that are tied stay
tied; with `prune` the second and later occurrences become that value instead.
"""
fmap(f, x, others...; exclude = isleaf, walk = DefaultWalk(), cache = IdDict(), prune = nothing) =
    execute(ExcludeWalk(walk, f, exclude), x, others...; cache, prune)

"""
    fmapstructure(f, x; exclude = isleaf)

[`fmap`](@ref) that returns nested tuples and named tuples instead of rebuilding structs.
"""
fmapstructure(f, x, others...; exclude = isleaf, cache = IdDict(), prune = nothing) =
    fmap(f, x, others...; exclude, walk = StructuralWalk(), cache, prune)

"""
    fleaves(x; exclude = isleaf)

The leaves of `x` in order, each object once.
"""
function fleaves(x; exclude = isleaf)
    leaves = []
    fmapstructure(leaf -> (push!(leaves, leaf); leaf), x; exclude)
    return leaves
end

"""
    fcollect(x; exclude = _ -> false)

All nodes of `x` in order of their first visit, parents before children, leaves included.
"""
function fcollect(x; exclude = _ -> false)
    nodes, seen = [], IdDict()
    function visit(node)
        exclude(node) && return
        ismutable(node) && haskey(seen, node) && return
        ismutable(node) && (seen[node] = true)
        push!(nodes, node)
        foreach(visit, values(children(node)))
    end
    visit(x)
    return nodes
end

# Paths into trees.

"""
    KeyPath(:layers, 1, :weight)

The way from the root of a tree to a node: field names, indices and keys.
"""
struct KeyPath{T<:Tuple}
    keys::T
end
KeyPath(keys...) = KeyPath(flatten_keys(keys))

flatten_keys(::Tuple{}) = ()
flatten_keys(keys::Tuple) = (flatten_key(keys[1])..., flatten_keys(Base.tail(keys))...)
flatten_key(key) = (key,)
flatten_key(path::KeyPath) = path.keys

Base.:(==)(a::KeyPath, b::KeyPath) = a.keys == b.keys
Base.hash(path::KeyPath, h::UInt) = hash(path.keys, h)
Base.length(path::KeyPath) = length(path.keys)
Base.getindex(path::KeyPath, i::Integer) = path.keys[i]
Base.lastindex(path::KeyPath) = length(path.keys)
Base.iterate(path::KeyPath, state...) = iterate(path.keys, state...)
Base.show(io::IO, path::KeyPath) = print(io, "KeyPath", repr(path.keys))

step_down(x, key) = x[key]
step_down(x, key::Symbol) = x isa AbstractDict ? x[key] : getproperty(x, key)
step_down(x, key::Integer) =
    x isa Union{Tuple, NamedTuple, AbstractArray, AbstractDict} ? x[key] : getfield(x, key)

"""
    getkeypath(x, path)

The node of `x` at the end of `path`.
"""
getkeypath(x, path::KeyPath) = foldl(step_down, path.keys; init = x)

"""
    haskeypath(x, path)

Whether `path` leads to a node of `x`.
"""
function haskeypath(x, path::KeyPath)
    for key in path.keys
        found = x isa AbstractDict ? haskey(x, key) : key isa Symbol ? hasproperty(x, key) : key in keys(x)
        found || return false
        x = step_down(x, key)
    end
    return true
end

"""
    setkeypath!(x, path, value)

Replaces the node at the end of `path` in its parent, which must be mutable.
"""
function setkeypath!(x, path::KeyPath, value)
    parent, key = getkeypath(x, KeyPath(path.keys[1:end-1])), path.keys[end]
    parent isa Union{AbstractArray, AbstractDict} ? (parent[key] = value) : setproperty!(parent, key, value)
    return value
end

"""
    fmap_with_path(f, x; exclude = (path, x) -> isleaf(x))

[`fmap`](@ref) with `f(path, leaf)`, where `path` is the [`KeyPath`](@ref) from the root.
"""
fmap_with_path(f, x, others...; exclude = (path, x) -> isleaf(x)) =
    walk_with_path(f, exclude, (node, parts) -> functor(node)[2](parts), KeyPath(()), x, others...)

"""
    fmapstructure_with_path(f, x; exclude = (path, x) -> isleaf(x))

[`fmapstructure`](@ref) with `f(path, leaf)`.
"""
fmapstructure_with_path(f, x, others...; exclude = (path, x) -> isleaf(x)) =
    walk_with_path(f, exclude, (node, parts) -> parts, KeyPath(()), x, others...)

function walk_with_path(f, exclude, assemble, path, x, others...)
    exclude(path, x) && return f(path, x, others...)
    parts = children(x)
    visit(key, parts...) = walk_with_path(f, exclude, assemble, KeyPath(path, key), parts...)
    return assemble(x, mapkeys(visit, parts, map(children, others)...))
end

mapkeys(f, parts::Tuple, others...) = map(f, ntuple(identity, length(parts)), parts, others...)
mapkeys(f, parts::NamedTuple, others...) =
    NamedTuple{keys(parts)}(map(f, keys(parts), values(parts), map(values, others)...))
mapkeys(f, parts::AbstractArray, others...) = map(f, eachindex(parts), parts, others...)
mapkeys(f, parts::AbstractDict, others...) =
    Dict(key => f(key, value, map(other -> other[key], others)...) for (key, value) in parts)

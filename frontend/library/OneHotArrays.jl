"""
    OneHotArrays

Labels as unit vectors and back. A one-hot array is an array of Bool made of indices; in a compiled graph, a
product with one is a selection of columns.
"""
module OneHotArrays

import Primitives

export onehot, onehotbatch, onecold, OneHotArray, OneHotVector, OneHotMatrix

const OneHotArray = Primitives.OneHotArray
const OneHotVector = OneHotArray{Bool, 1}
const OneHotMatrix = OneHotArray{Bool, 2}

"""
    onehot(label, classes, [default])

A Boolean vector as long as `classes`, true where they equal `label`. A label that is none of the classes is
an error, or stands for `default`.
"""
onehot(label, classes, default...) =
    Primitives.onehot_array(fill(index_of(label, classes, default...)), length(classes))

"""
    onehotbatch(labels, classes, [default])

A Boolean matrix of size `(length(classes), length(labels))`, a column for each label; see [`onehot`](@ref).
Labels of size `(a, b, …)` give `(length(classes), a, b, …)`.
"""
onehotbatch(labels, classes, default...) =
    Primitives.onehot_array(indices_of(labels, classes, default...), length(classes))

function indices_of(labels, classes, default...)
    names = collect(classes)
    return map(label -> index_of(label, names, default...), collect(labels))
end
function indices_of(labels::AbstractArray{<:Integer}, classes::AbstractUnitRange)
    if !Primitives.isstaged(labels)
        wrong = findfirst(label -> !(label in classes), labels)
        wrong === nothing || no_such_class(labels[wrong], classes)
    end
    return labels .- (first(classes) - 1)
end

function index_of(label, classes)
    index = findfirst(==(label), classes)
    return index === nothing ? no_such_class(label, classes) : index
end
function index_of(label::Integer, classes::AbstractUnitRange)
    Primitives.isstaged(label) || label in classes || no_such_class(label, classes)
    return label - (first(classes) - 1)
end
function index_of(label, classes, default)
    index = findfirst(==(label), classes)
    return index === nothing ? index_of(default, classes) : index
end

no_such_class(label, classes) =
    throw(ArgumentError("label $(repr(label)) is none of the classes $(repr(classes))"))

"""
    onecold(y, classes = 1:size(y, 1))

The class of the largest element of each column of `y`: the inverse of [`onehotbatch`](@ref), also of scores
or probabilities.
"""
onecold(y::AbstractVector, classes = 1:length(y)) = classes[argmax(y)]
function onecold(y::AbstractArray, classes = 1:size(y, 1))
    length(classes) == size(y, 1) || throw(DimensionMismatch(
        "onecold expects as many classes as the first dimension of size $(size(y)), got $(length(classes))"))
    indices = dropdims(Primitives.argmax(y, 1); dims = 1)
    return classes == 1:size(y, 1) ? indices : collect(classes)[indices]
end

# --- one-hot arrays stay one-hot ----------------------------------------------------------------------------

hot_indices(x::OneHotArray) = dropdims(Primitives.argmax(x, 1); dims = 1)

Base.getindex(x::OneHotMatrix, ::Colon, i::Integer) =
    Primitives.onehot_array(fill(hot_indices(x)[i]), size(x, 1))
Base.getindex(x::OneHotMatrix, ::Colon, i::AbstractVector) =
    Primitives.onehot_array(hot_indices(x)[i], size(x, 1))

function Base.hcat(x::OneHotVector, others::OneHotVector...)
    all(y -> length(y) == length(x), others) ||
        throw(DimensionMismatch("hcat of one-hot vectors of lengths $(map(length, (x, others...)))"))
    return Primitives.onehot_array([argmax(y) for y in (x, others...)], length(x))
end
function Base.hcat(x::OneHotMatrix, others::OneHotMatrix...)
    all(y -> size(y, 1) == size(x, 1), others) ||
        throw(DimensionMismatch("hcat of one-hot matrices of sizes $(map(size, (x, others...)))"))
    return Primitives.onehot_array(reduce(vcat, map(hot_indices, (x, others...))), size(x, 1))
end

Base.replace_in_print_matrix(x::OneHotArray, i::Integer, j::Integer, text::AbstractString) =
    text == "0" ? "⋅" : text

end

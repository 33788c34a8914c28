"""
    OneHotArrays

Labels as unit vectors and back.
"""
module OneHotArrays

export onehot, onehotbatch, onecold

"""
    onehot(label, classes, [default])

A Boolean vector as long as `classes`, true where they equal `label`. A label that is none of the classes is
an error, or stands for `default`.
"""
function onehot(label, classes, default...)
    chosen = known(label, classes, default...)
    return Bool[class == chosen for class in classes]
end

"""
    onehotbatch(labels, classes, [default])

A Boolean matrix of size `(length(classes), length(labels))`, a column for each label; see [`onehot`](@ref).
Labels of size `(a, b, …)` give `(length(classes), a, b, …)`.
"""
function onehotbatch(labels, classes, default...)
    names, all = collect(classes), collect(labels)
    checked = map(label -> known(label, names, default...), all)
    return names .== reshape(checked, 1, size(all)...)
end

known(label, classes) =
    label in classes ? label : throw(ArgumentError("label $(repr(label)) is none of the classes $(repr(classes))"))
function known(label, classes, default)
    default in classes || throw(ArgumentError("default $(repr(default)) is none of the classes $(repr(classes))"))
    return label in classes ? label : default
end

"""
    onecold(y, classes = 1:size(y, 1))

The class of the largest element of each column of `y`: the inverse of [`onehotbatch`](@ref), also of scores
or probabilities.
"""
onecold(y::AbstractVector, classes = 1:length(y)) = classes[argmax(y)]
function onecold(y::AbstractArray, classes = 1:size(y, 1))
    length(classes) == size(y, 1) || throw(DimensionMismatch(
        "onecold expects as many classes as the first dimension of size $(size(y)), got $(length(classes))"))
    indices = dropdims(map(i -> i[1], argmax(y; dims = 1)); dims = 1)
    return collect(classes)[indices]
end

end

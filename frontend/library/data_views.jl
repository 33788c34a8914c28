# Data sets made of others, whose observations are computed as they are asked for.

struct MappedData{F, D}
    f::F
    data::D
    batched::Symbol
end

"""
    mapobs(f, data; batched = :auto)

The data set of `f(observation)`. Several observations at once are given to `f` together, unless `batched` is
`:never`. Of a [`DataLoader`](@ref), the batches. A tuple or named tuple of functions gives observations that are
tuples; of a named tuple, `mapobs(fs, data).name` is the data set of one of them.
"""
mapobs(f, data; batched::Symbol = :auto) = MappedData(f, data, batched)
mapobs(fs::Tuple, data; batched::Symbol = :auto) = MappedData(x -> map(f -> f(x), fs), data, batched)
mapobs(fs::NamedTuple, data; batched::Symbol = :auto) = NamedData(fs, data, batched)

numobs(mapped::MappedData) = mapped.data isa DataLoader ? length(mapped.data) : numobs(mapped.data)
getobs(mapped::MappedData, i::Integer) = mapped.f(getobs(mapped.data, i))
getobs(mapped::MappedData, indices) =
    mapped.batched === :never ? [getobs(mapped, i) for i in indices] : mapped.f(getobs(mapped.data, indices))
Base.length(mapped::MappedData) = numobs(mapped)
Base.getindex(mapped::MappedData, indices) = getobs(mapped, indices)
function Base.iterate(mapped::MappedData{<:Any, <:DataLoader}, state...)
    step = iterate(mapped.data, state...)
    return step === nothing ? nothing : (mapped.f(step[1]), step[2])
end
Base.iterate(mapped::MappedData, i = 1) = i > numobs(mapped) ? nothing : (getobs(mapped, i), i + 1)

Base.show(io::IO, mapped::MappedData) = print(
    io, "mapobs(", mapped.f, ", ", repr(mapped.data), "; batched=:", mapped.batched, ")")

struct NamedData{F<:NamedTuple, D}
    functions::F
    data::D
    batched::Symbol
end

function Base.getproperty(named::NamedData, name::Symbol)
    name in fieldnames(NamedData) && return getfield(named, name)
    return MappedData(named.functions[name], named.data, named.batched)
end
numobs(named::NamedData) = numobs(named.data)
getobs(named::NamedData, i) = map(f -> getobs(MappedData(f, named.data, named.batched), i), named.functions)
Base.length(named::NamedData) = numobs(named)
Base.getindex(named::NamedData, i) = getobs(named, i)

"""
    filterobs(f, data)

A view of the observations for which `f` is true.
"""
filterobs(f, data) = obsview(data, [i for i in 1:numobs(data) if f(getobs(data, i))])

"""
    groupobs(f, data)

A dictionary from the values of `f` to views of the observations with that value.
"""
function groupobs(f, data)
    groups = Dict()
    for i in 1:numobs(data)
        push!(get!(() -> Int[], groups, f(getobs(data, i))), i)
    end
    return Dict(key => obsview(data, indices) for (key, indices) in groups)
end

struct JoinedData{T<:Tuple}
    parts::T
end

"""
    joinobs(data...)

The observations of all data sets, one after the other.
"""
joinobs(data...) = JoinedData(data)

numobs(joined::JoinedData) = sum(numobs, joined.parts)
function getobs(joined::JoinedData, i::Integer)
    for part in joined.parts
        i ≤ numobs(part) && return getobs(part, i)
        i -= numobs(part)
    end
    throw(BoundsError(joined, i))
end
getobs(joined::JoinedData, indices) = [getobs(joined, i) for i in indices]
Base.length(joined::JoinedData) = numobs(joined)
Base.getindex(joined::JoinedData, indices) = getobs(joined, indices)

struct SlidingWindow{D}
    data::D
    size::Int
    stride::Int
end

"""
    slidingwindow(data; size, stride = 1)

The windows of `size` observations that start at 1, 1 + `stride`, …
"""
function slidingwindow(data; size::Integer, stride::Integer = 1)
    size > 0 && stride > 0 || throw(ArgumentError("slidingwindow expects a positive size and stride"))
    return SlidingWindow(data, size, stride)
end

numobs(windows::SlidingWindow) = max(0, (numobs(windows.data) - windows.size) ÷ windows.stride + 1)
function getobs(windows::SlidingWindow, i::Integer)
    first = (i - 1) * windows.stride + 1
    return getobs(windows.data, first:first+windows.size-1)
end
getobs(windows::SlidingWindow, indices) = [getobs(windows, i) for i in indices]
Base.length(windows::SlidingWindow) = numobs(windows)
Base.getindex(windows::SlidingWindow, indices) = getobs(windows, indices)
Base.iterate(windows::SlidingWindow, i = 1) = i > numobs(windows) ? nothing : (getobs(windows, i), i + 1)
Base.show(io::IO, windows::SlidingWindow) = print(
    io, "slidingwindow(", summary(windows.data), ", size=", windows.size, ", stride=", windows.stride, ")")

"""
    randobs([rng], data, [n])

A random observation, or `n` of them.
"""
randobs(data, n...) = randobs(Random.default_rng(), data, n...)
randobs(rng::AbstractRNG, data) = getobs(data, rand(rng, 1:numobs(data)))
randobs(rng::AbstractRNG, data, n::Integer) = obsview(data, rand(rng, 1:numobs(data), n))

"""
    oversample([rng], data, classes; fraction = 1, shuffle = true)

A view of the data, of which some are repeated so that each class has at least `fraction` times the
observations of the largest, with the classes.
"""
oversample(data::Tuple; options...) = oversample(data, data[end]; options...)[1]
oversample(data, classes; options...) = oversample(Random.default_rng(), data, classes; options...)
function oversample(rng::AbstractRNG, data, classes; fraction = 1, shuffle::Bool = true)
    groups = indices_by_class(classes)
    wanted = round(Int, fraction * maximum(length, values(groups)))
    repeated(group) = rand(rng, group, max(0, wanted - length(group)))
    indices = [1:length(classes); reduce(vcat, map(repeated, values(groups)))]
    order = shuffle ? Random.shuffle(rng, indices) : indices
    return obsview(data, order), obsview(classes, order)
end

"""
    undersample([rng], data, classes; shuffle = true)

A view of the data with as many observations of each class as the smallest has, with the classes.
"""
undersample(data::Tuple; options...) = undersample(data, data[end]; options...)[1]
undersample(data, classes; options...) = undersample(Random.default_rng(), data, classes; options...)
function undersample(rng::AbstractRNG, data, classes; shuffle::Bool = true)
    groups = indices_by_class(classes)
    wanted = minimum(length, values(groups))
    indices = reduce(vcat, [Random.shuffle(rng, group)[1:wanted] for group in values(groups)])
    order = shuffle ? Random.shuffle(rng, indices) : sort(indices)
    return obsview(data, order), obsview(classes, order)
end

function indices_by_class(classes)
    groups = Dict()
    for (i, class) in enumerate(classes)
        push!(get!(() -> Int[], groups, class), i)
    end
    return groups
end

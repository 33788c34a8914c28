# Data sets of images: MNIST and its like in the IDX format, CIFAR-10 in its binary version.

"""
    MNIST(split = :train; Tx = Float32, dir = nothing)
    MNIST(; split = :train, …)

Handwritten digits: `features` of size `(28, 28, N)`, width first, with values from 0 to 1, and `targets`, the
digits 0 to 9; 60,000 for `:train`, 10,000 for `:test`. Reads `train-images-idx3-ubyte`,
`train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, also with `.gz`, from the
folder `MNIST`. [LeCun, Cortes and Burges](http://yann.lecun.com/exdb/mnist/).
"""
struct MNIST{X, Y} <: LocalDataset
    split::Symbol
    features::X
    targets::Y
end
MNIST(split::Symbol; options...) = MNIST(; split, options...)
MNIST(; split = :train, Tx = Float32, dir = nothing) = MNIST(split, idx_dataset("MNIST", split, Tx, dir)...)

"""
    FashionMNIST(split = :train; Tx = Float32, dir = nothing)
    FashionMNIST(; split = :train, …)

Pictures of clothes in ten classes, with the sizes and the files of [`MNIST`](@ref), from the folder
`FashionMNIST`. [Xiao, Rasul and Vollgraf, 2017](https://arxiv.org/abs/1708.07747).
"""
struct FashionMNIST{X, Y} <: LocalDataset
    split::Symbol
    features::X
    targets::Y
end
FashionMNIST(split::Symbol; options...) = FashionMNIST(; split, options...)
FashionMNIST(; split = :train, Tx = Float32, dir = nothing) =
    FashionMNIST(split, idx_dataset("FashionMNIST", split, Tx, dir)...)

function idx_dataset(dataset, split, Tx, dir)
    stem = check_split(dataset, split) === :train ? "train" : "t10k"
    images = read_idx(find_file(dataset, "$stem-images-idx3-ubyte", dir), 3)
    labels = read_idx(find_file(dataset, "$stem-labels-idx1-ubyte", dir), 1)
    size(images, 3) == length(labels) || throw(DimensionMismatch(
        "$dataset: $(size(images, 3)) images but $(length(labels)) labels"))
    return scaled_pixels(Tx, images), Int.(labels)
end

# An array of bytes in the IDX format: two zeros, the type (8: bytes), the rank, the sizes, the bytes.
function read_idx(path, rank)
    bytes = Primitives.read_bytes(path)
    start = 4 + 4 * rank
    length(bytes) >= start && bytes[1:4] == [0, 0, 8, rank] ||
        damaged(path, "expected an IDX file of bytes with $rank dimensions")
    sizes = ntuple(k -> sum(Int.(bytes[4k+1:4k+4]) .* [2^24, 2^16, 2^8, 1]), rank)
    length(bytes) == start + prod(sizes) ||
        damaged(path, "expected $(start + prod(sizes)) bytes for the sizes $sizes, got $(length(bytes))")
    return reshape(bytes[start+1:end], reverse(sizes))
end

scaled_pixels(::Type{T}, bytes) where T<:AbstractFloat = T.(bytes) ./ T(255)
scaled_pixels(::Type{T}, bytes) where T<:Integer = T.(bytes)

"""
    CIFAR10(split = :train; Tx = Float32, dir = nothing)
    CIFAR10(; split = :train, …)

Colour pictures in ten classes: `features` of size `(32, 32, 3, N)`, width first, with values from 0 to 1, and
`targets` 0 to 9; 50,000 for `:train`, 10,000 for `:test`. Reads `data_batch_1.bin` to `data_batch_5.bin` and
`test_batch.bin` from the folder `CIFAR10/cifar-10-batches-bin` or `CIFAR10`.
[Krizhevsky, 2009](https://www.cs.toronto.edu/~kriz/cifar.html).
"""
struct CIFAR10{X, Y} <: LocalDataset
    split::Symbol
    features::X
    targets::Y
end
CIFAR10(split::Symbol; options...) = CIFAR10(; split, options...)
function CIFAR10(; split = :train, Tx = Float32, dir = nothing)
    check_split("CIFAR10", split)
    files = split === :train ? ["data_batch_$k.bin" for k in 1:5] : ["test_batch.bin"]
    records = reduce(hcat, [read_records(cifar_file(file, dir), 1 + 32 * 32 * 3) for file in files])
    return CIFAR10(split, scaled_pixels(Tx, reshape(records[2:end, :], 32, 32, 3, :)), Int.(records[1, :]))
end

function cifar_file(file, dir)
    for folder in candidate_folders("CIFAR10", dir)
        path = joinpath(folder, "cifar-10-batches-bin", file)
        isfile(path) && return path
    end
    return find_file("CIFAR10", file, dir)
end

# A file of records of equal size, as the columns of a matrix.
function read_records(path, size)
    bytes = Primitives.read_bytes(path)
    length(bytes) > 0 && length(bytes) % size == 0 ||
        damaged(path, "expected a multiple of $size bytes, got $(length(bytes))")
    return reshape(bytes, size, :)
end

# Where the files of data sets are, and what all data sets can do.

abstract type LocalDataset end

Base.length(data::LocalDataset) = MLUtils.numobs(data.targets)
Base.getindex(data::LocalDataset, ::Colon) = (; data.features, data.targets)
Base.getindex(data::LocalDataset, i) = MLUtils.getobs(data[:], i)
MLUtils.numobs(data::LocalDataset) = length(data)
MLUtils.getobs(data::LocalDataset, i) = data[i]

function Base.show(io::IO, data::LocalDataset)
    print(io, nameof(typeof(data)), "(")
    data isa Iris || print(io, repr(data.split), "; ")
    print(io, "features ", size(data.features), ", targets ", size(data.targets), ")")
end

# The path of a file of a data set, whose name may go on with `.gz`. Says where it was looked for.
function find_file(dataset, file, dir)
    folders = candidate_folders(dataset, dir)
    for folder in folders, ending in ("", ".gz")
        path = joinpath(folder, file * ending)
        isfile(path) && return path
    end
    places = join(map(folder -> joinpath(folder, basename(file)), unique(folders)), "\n  ")
    throw(ArgumentError("$dataset needs the file $(basename(file)) (or $(basename(file)).gz), which is in none " *
                        "of\n  $places\nSet MLDATASETS_DIR to the folder that holds the folder $dataset, or give " *
                        "`dir`."))
end

function candidate_folders(dataset, dir)
    dir === nothing || return [dir]
    root = get(ENV, "MLDATASETS_DIR", "")
    return isempty(root) ? [joinpath(homedir(), ".julia", "datadeps", dataset)] : [joinpath(root, dataset), root]
end

function check_split(dataset, split)
    split in (:train, :test) ||
        throw(ArgumentError("$dataset has the splits :train and :test, not $(repr(split))"))
    return split
end

damaged(path, reason) = throw(ArgumentError("$path is damaged or another file: $reason"))

# Fisher's irises.

"""
    Iris(; dir = nothing)

150 irises: `features` of size `(4, 150)`, in cm the length and width of sepal and petal, and `targets`, a
vector of `"Iris-setosa"`, `"Iris-versicolor"` and `"Iris-virginica"`. Reads `iris.data` of the UCI repository
(or `iris.csv`, with or without a header) from the folder `Iris`; there are no data frames, so `as_df` must be
false. [Fisher, 1936].
"""
struct Iris{X, Y} <: LocalDataset
    features::X
    targets::Y
end
function Iris(; dir = nothing, as_df::Bool = false)
    as_df && throw(ArgumentError("Iris: there are no data frames, `as_df` must be false"))
    path = iris_file(dir)
    rows = [split(strip(line), ",") for line in eachline(path) if !isempty(strip(line))]
    isempty(rows) && damaged(path, "no lines")
    tryparse(Float64, rows[1][1]) === nothing && (rows = rows[2:end])
    all(row -> length(row) == 5, rows) || damaged(path, "expected 5 columns")
    features = [parse(Float64, row[k]) for k in 1:4, row in rows]
    return Iris(features, [String(strip(row[5], '"')) for row in rows])
end

function iris_file(dir)
    for folder in candidate_folders("Iris", dir), name in ("iris.data", "Iris.data", "iris.csv")
        path = joinpath(folder, name)
        isfile(path) && return path
    end
    return find_file("Iris", "iris.data", dir)
end

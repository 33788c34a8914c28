# Parts of data sets for cross-validation.

"""
    kfolds(n::Integer, k = 5) -> (train, validation)
    kfolds(data; k = 5)

`k` divisions of `1:n` in validation indices (a range of about `n/k`) and training indices (the rest); for
data, pairs of views.
"""
function kfolds(n::Integer, k::Integer = 5)
    2 ≤ k ≤ n || throw(ArgumentError("kfolds expects 2 ≤ k ≤ $n, got $k"))
    ends = cumsum([n ÷ k + (i ≤ n % k) for i in 1:k])
    validation = [a+1:b for (a, b) in zip([0; ends[1:end-1]], ends)]
    return [[i for i in 1:n if !(i in part)] for part in validation], validation
end
kfolds(data; k::Integer = 5) = fold_views(data, kfolds(numobs(data), k)...)
kfolds(data, k::Integer) = kfolds(data; k)

fold_views(data, train, validation) =
    [(obsview(data, a), obsview(data, b)) for (a, b) in zip(train, validation)]

"""
    leavepout(n::Integer, p = 1) -> (train, validation)
    leavepout(data; p = 1)

[`kfolds`](@ref) with `p` observations in each validation part.
"""
leavepout(n::Integer, p::Integer = 1) = kfolds(n, floor(Int, n / p))
leavepout(data; p::Integer = 1) = fold_views(data, leavepout(numobs(data), p)...)

"""
    timeseries_kfolds(n::Integer; k = 5, gap = 0, max_train_size = nothing) -> (train, validation)
    timeseries_kfolds(data; options...)

`k` validation ranges of equal size at the end of `1:n`, and for each the training range before it, `gap`
earlier and no longer than `max_train_size`.
"""
function timeseries_kfolds(n::Integer; k::Integer = 5, gap::Integer = 0, max_train_size = nothing)
    size = n ÷ (k + 1)
    validation = [n-(k-i+1)*size+1:n-(k-i)*size for i in 1:k]
    ends = [first(part) - 1 - gap for part in validation]
    train = [(max_train_size === nothing ? 1 : max(1, last - max_train_size + 1)):last for last in ends]
    return train, validation
end
timeseries_kfolds(data; options...) = fold_views(data, timeseries_kfolds(numobs(data); options...)...)

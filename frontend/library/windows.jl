# Windows for signals.

"""
    hann_window(n, [T = Float32]; periodic = true)

`(1 - cos(2πk / m)) / 2` for `k = 0, …, n - 1`, with `m = n` if `periodic`, else `m = n - 1`.
"""
hann_window(n::Integer, T::Type = Float32; periodic::Bool = true) =
    hamming_window(n, T; periodic, α = T(0.5), β = T(0.5))

"""
    hamming_window(n, [T = Float32]; periodic = true, α = 0.54, β = 0.46)

`α - β * cos(2πk / m)` for `k = 0, …, n - 1`, with `m = n` if `periodic`, else `m = n - 1`.
"""
hamming_window(n::Integer, T::Type = Float32; periodic::Bool = true, α = T(0.54), β = T(0.46)) =
    T.(α .- β .* cos.(T(2π) .* (0:n-1) ./ (periodic ? n : n - 1)))

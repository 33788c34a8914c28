# Pooling of arrays (space…, channels, batch): each window of a channel becomes one number.

"""
    maxpool(x, window; pad = 0, stride = window)

The maximum of each window. Padding never wins.
"""
maxpool(x::AbstractArray{<:Any, N}, window; pad = 0, stride = window) where N =
    Primitives.maxpool(x, expand(N - 2, window);
                       stride = expand(N - 2, stride), pad = expand_padding(N - 2, pad))

"""
    meanpool(x, window; pad = 0, stride = window)

The mean of each window; padding counts as zeros.
"""
meanpool(x::AbstractArray{<:Any, N}, window; pad = 0, stride = window) where N =
    Primitives.meanpool(x, expand(N - 2, window);
                       stride = expand(N - 2, stride), pad = expand_padding(N - 2, pad))

"""
    lpnormpool(x, p, window; pad = 0, stride = window) = (Σ |x|^p)^(1/p)   over each window
"""
function lpnormpool(x::AbstractArray{<:Any, N}, p::Real, window; pad = 0, stride = window) where N
    exponent = oftype(float(one(eltype(x))), p)
    total = meanpool(abs.(x) .^ exponent, window; pad, stride) .* prod(expand(N - 2, window))
    return total .^ inv(exponent)
end

# Scaled dot-product attention.

"""
    dot_product_attention(query, key, value, [bias]; fdrop = identity, mask = nothing, nheads = 1) -> (y, α)

`y = Σₖ α[k, q] * value[k]` with `α = softmax(keyᵀ * query / √d + bias)` over `k`, for each of `nheads` equal
parts of the features (each of size `d`). Sizes: `query (features, q_len, batch…)`, `key (features, kv_len,
batch…)`, `value (features_v, kv_len, batch…)`, `y (features_v, q_len, batch…)`, `α (kv_len, q_len, nheads,
batch…)`. `bias` and `mask` broadcast to the size of `α`; where the mask is false, `α` is 0. `fdrop` is
applied to `α`.
"""
function dot_product_attention(query::AbstractArray{<:Any, 3}, key::AbstractArray{<:Any, 3},
                               value::AbstractArray{<:Any, 3}, bias = nothing;
                               fdrop = identity, mask = nothing, nheads::Integer = 1)
    for (name, x) in ((:query, query), (:key, key), (:value, value))
        size(x, 1) % nheads == 0 || throw(DimensionMismatch(
            "attention with $nheads heads needs a multiple of $nheads as the first dimension of the $name, " *
            "got size $(size(x))"))
    end
    size(query, 1) == size(key, 1) || throw(DimensionMismatch(
        "query and key must have the same first dimension, got sizes $(size(query)) and $(size(key))"))
    size(key, 2) == size(value, 2) || throw(DimensionMismatch(
        "key and value must have the same second dimension, got sizes $(size(key)) and $(size(value))"))
    q, k, v = split_heads(query, nheads), split_heads(key, nheads), split_heads(value, nheads)
    α = dot_product_attention_scores(q, k, bias; fdrop, mask)
    y = batched_mul(permutedims(v, (1, 3, 2, 4)), α)
    return reshape(permutedims(y, (1, 3, 2, 4)), size(value, 1), size(query, 2), size(query, 3)), α
end
function dot_product_attention(query::AbstractArray{<:Any, N}, key::AbstractArray{<:Any, N},
                               value::AbstractArray{<:Any, N}, bias = nothing; options...) where N
    batch = size(query)[3:end]
    flat(x) = reshape(x, size(x, 1), size(x, 2), :)
    y, α = dot_product_attention(flat(query), flat(key), flat(value), bias; options...)
    return reshape(y, size(y, 1), size(y, 2), batch...), reshape(α, size(α)[1:3]..., batch...)
end

split_heads(x, n) = reshape(x, size(x, 1) ÷ n, n, size(x, 2), size(x, 3))

"""
    dot_product_attention_scores(query, key, [bias]; fdrop = identity, mask = nothing)

The weights `α` of [`dot_product_attention`](@ref), of size `(kv_len, q_len, nheads, batch)`, for query and
key of size `(d, nheads, len, batch)`.
"""
function dot_product_attention_scores(query::AbstractArray{T, 4}, key::AbstractArray{T, 4}, bias = nothing;
                                      fdrop = identity, mask = nothing) where T
    scaled = permutedims(query, (1, 3, 2, 4)) ./ sqrt(T(size(query, 1)))
    logits = batched_mul(permutedims(key, (3, 1, 2, 4)), scaled)
    biased = bias === nothing ? logits : logits .+ bias
    masked = mask === nothing ? biased : ifelse.(mask, biased, typemin(T))
    return fdrop(softmax(masked; dims = 1))
end

"""
    make_causal_mask(x; dims = 2)

A mask for attention in which position `q` sees the positions up to `q`: an upper triangle of `true`, of the
size of dimension `dims` of `x`.
"""
function make_causal_mask(x::AbstractArray; dims::Integer = 2)
    len = size(x, dims)
    return (1:len) .<= permutedims(1:len)
end

# Attention.

"""
    MultiHeadAttention(dims; nheads = 8, bias = false, init = glorot_uniform, dropout_prob = 0.0)

    y, α = layer(query, [key, value, attention_bias]; mask = nothing)

Projects query, key and value by a [`Dense`](@ref) each, applies `NNlib.dot_product_attention` with `nheads`
heads, and projects the result. `dims` is a number, `in => qkv => out`, `in => (qk, v) => out`, or `(q_in,
k_in, v_in) => (qk, v) => out`. Inputs have the size `(features, len, batch)`; `α` has `(kv_len, q_len,
nheads, batch)`. The key is the query and the value the key unless given.
"""
struct MultiHeadAttention{Q, K, V, D, O}
    nheads::Int
    q_proj::Q
    k_proj::K
    v_proj::V
    attn_drop::D
    out_proj::O
end
function MultiHeadAttention(dims; nheads::Int = 8, bias = false, init = glorot_uniform, dropout_prob = 0.0)
    (q_in, k_in, v_in), (qk, v), out = attention_dims(dims)
    for (name, n) in ((:qk, qk), (:v, v))
        n % nheads == 0 ||
            throw(ArgumentError("MultiHeadAttention: $nheads heads do not divide the $name dimension $n"))
    end
    dense(dims) = Dense(dims; bias, init)
    return MultiHeadAttention(nheads, dense(q_in => qk), dense(k_in => qk), dense(v_in => v),
                              Dropout(dropout_prob), dense(v => out))
end

attention_dims(n::Integer) = (n, n, n), (n, n), n
attention_dims((inputs, (inner, out))::Pair{<:Any, <:Pair}) = triple(inputs), twin(inner), out
triple(n::Integer) = (n, n, n)
triple(dims::Tuple) = dims
twin(n::Integer) = (n, n)
twin(dims::Tuple) = dims

@layer MultiHeadAttention

(layer::MultiHeadAttention)(query; options...) = layer(query, query, query; options...)
(layer::MultiHeadAttention)(query, key; options...) = layer(query, key, key; options...)
function (layer::MultiHeadAttention)(query::AbstractArray, key::AbstractArray, value::AbstractArray,
                                     bias = nothing; mask = nothing)
    y, α = dot_product_attention(layer.q_proj(query), layer.k_proj(key), layer.v_proj(value), bias;
                                 layer.nheads, mask, fdrop = layer.attn_drop)
    return layer.out_proj(y), α
end

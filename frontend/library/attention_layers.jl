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

"""
    KeyValueCache(layer, len, batch...)

    y, α = layer(x, cache; mask = nothing)

The keys and values of the positions that a [`MultiHeadAttention`](@ref) has seen, for generating sequences
position by position: `x` of size `(features, new, batch...)` holds the next `new` positions, whose keys and
values are appended; each position attends to itself and all before it, as with
`NNlib.make_causal_mask`. `y` has size `(out, new, batch...)`, `α` has `(len, new, nheads, batch...)`, zero
where nothing is yet. `len` is how many positions there is room for: those beyond it are lost. In an artifact
the cache is state.

`reset!(cache)` forgets all positions.
"""
mutable struct KeyValueCache{A<:AbstractArray}
    key::A
    value::A
    position::Int
end
KeyValueCache(layer::MultiHeadAttention, len::Integer, batch::Integer...) =
    KeyValueCache(empty_cache(layer.k_proj, len, batch), empty_cache(layer.v_proj, len, batch), 0)

empty_cache(projection, len, batch) =
    fill!(similar(projection.weight, size(projection.weight, 1), len, batch...), 0)

function (layer::MultiHeadAttention)(x::AbstractArray, cache::KeyValueCache; mask = nothing)
    len, new = size(cache.key, 2), size(x, 2)
    # Which of the new positions each place of the cache gets: 1 to `new`, others keep what they have.
    arrival = (1:len) .- cache.position
    arrives = reshape((arrival .>= 1) .& (arrival .<= new), 1, len)
    source = clamp.(arrival, 1, new)
    store!(cache.key, layer.k_proj(x), arrives, source)
    store!(cache.value, layer.v_proj(x), arrives, source)
    seen = (1:len) .<= cache.position .+ permutedims(1:new)
    cache.position += new
    y, α = dot_product_attention(layer.q_proj(x), cache.key, cache.value; layer.nheads, fdrop = layer.attn_drop,
                                 mask = mask === nothing ? seen : seen .& mask)
    return layer.out_proj(y), α
end

store!(kept, new, arrives, source) =
    (kept .= ifelse.(arrives, new[:, source, ntuple(_ -> :, ndims(new) - 2)...], kept))

function reset!(cache::KeyValueCache)
    cache.key .= 0
    cache.value .= 0
    cache.position = 0
    return cache
end

Base.show(io::IO, cache::KeyValueCache) =
    print(io, "KeyValueCache(", size(cache.key), ", position = ", cache.position, ")")

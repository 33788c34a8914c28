# Products of the matrices in stacks.

"""
    batched_mul(A, B)
    A ⊠ B

`C[:, :, k] = A[:, :, k] * B[:, :, k]`. A stack of one matrix, or a plain matrix, is used for all `k`; with
more than 3 dimensions all but the first two count as `k`.
"""
function batched_mul(A::AbstractArray{<:Any, 3}, B::AbstractArray{<:Any, 3})
    size(A, 2) == size(B, 1) && (size(A, 3) === 1 || size(B, 3) === 1 || size(A, 3) == size(B, 3)) ||
        throw(DimensionMismatch("batched_mul of arrays of size $(size(A)) and $(size(B))"))
    return Primitives.batched_multiply(A, B)
end
batched_mul(A::AbstractMatrix, B::AbstractArray{<:Any, 3}) =
    reshape(A * reshape(B, size(B, 1), :), size(A, 1), size(B)[2:end]...)
batched_mul(A::AbstractArray{<:Any, 3}, B::AbstractMatrix) = batched_mul(A, reshape(B, size(B)..., 1))
batched_mul(A::AbstractMatrix, B::AbstractMatrix) = A * B
function batched_mul(A::AbstractArray{<:Any, N}, B::AbstractArray{<:Any, N}) where N
    size(A)[3:end] == size(B)[3:end] ||
        throw(DimensionMismatch("batched_mul of arrays of size $(size(A)) and $(size(B))"))
    C = batched_mul(reshape(A, size(A, 1), size(A, 2), :), reshape(B, size(B, 1), size(B, 2), :))
    return reshape(C, size(A, 1), size(B, 2), size(A)[3:end]...)
end
const ⊠ = batched_mul

"""
    batched_vec(A, b)

`c[:, k…] = A[:, :, k…] * b[:, k…]`, with an array `b` of one dimension less, or a vector for all `k`.
"""
function batched_vec(A::AbstractArray, b::AbstractArray)
    size(A)[3:end] == size(b)[2:end] || throw(DimensionMismatch(
        "batched_vec expects a vector for each matrix, got matrices of size $(size(A)) and vectors of size $(size(b))"))
    matrices, vectors = reshape(A, size(A, 1), size(A, 2), :), reshape(b, size(b, 1), 1, :)
    return reshape(batched_mul(matrices, vectors), size(A, 1), size(A)[3:end]...)
end
batched_vec(A::AbstractArray{<:Any, 3}, b::AbstractVector) =
    dropdims(batched_mul(A, reshape(b, :, 1)); dims = 2)

"""
    batched_transpose(A)

Each matrix of a stack transposed.
"""
batched_transpose(A::AbstractArray{<:Any, 3}) = permutedims(A, (2, 1, 3))
batched_transpose(A::AbstractMatrix) = transpose(A)

"""
    batched_adjoint(A)

Each matrix of a stack transposed and conjugated.
"""
batched_adjoint(A::AbstractArray{<:Real}) = batched_transpose(A)
batched_adjoint(A::AbstractArray) = conj.(batched_transpose(A))

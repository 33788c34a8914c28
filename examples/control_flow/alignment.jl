# Global alignment of two sequences of numbers (Needleman & Wunsch 1970): its cost with a smooth minimum, which
# has a gradient, and the moves of the cheapest alignment, traced back through the table.

using Zygote: gradient

const GAP, SMOOTH = 0.7, 0.2
const BOTH, LEFT, RIGHT = 0, 1, 2      # a move takes an element of both sequences, or of one

softmin(a, b, c) = -SMOOTH * log(exp(-a / SMOOTH) + exp(-b / SMOOTH) + exp(-c / SMOOTH))

"""
    costs(x, y, least) -> (length(x) + 1, length(y) + 1)

The costs of aligning all beginnings of two sequences; `least` is a minimum of three numbers.
"""
function costs(x, y, least)
    m, n = length(x), length(y)
    D = zeros(m + 1, n + 1)
    for i in 1:m
        D[i+1, 1] = i * GAP
    end
    for j in 1:n
        D[1, j+1] = j * GAP
    end
    for i in 1:m, j in 1:n
        D[i+1, j+1] = least(D[i, j] + (x[i] - y[j])^2, D[i, j+1] + GAP, D[i+1, j] + GAP)
    end
    return D
end

cost(x, y) = costs(x, y, softmin)[end, end]

"""
    moves(x, y) -> the moves of the cheapest alignment, from the first to the last
"""
function moves(x, y)
    D = costs(x, y, min)
    i, j = length(x), length(y)
    path = Int[]
    while i > 0 || j > 0
        if i > 0 && j > 0 && D[i+1, j+1] == D[i, j] + (x[i] - y[j])^2
            push!(path, BOTH)
            i, j = i - 1, j - 1
        elseif i > 0 && D[i+1, j+1] == D[i, j+1] + GAP
            push!(path, LEFT)
            i -= 1
        else
            push!(path, RIGHT)
            j -= 1
        end
    end
    return reverse(path)
end

@export align(x::Float64[A], y::Float64[B]) = (cost(x, y), moves(x, y))
@export align_all(xs::Vector{Float64[A]}, ys::Vector{Float64[B]}) =
    map((x, y) -> (cost(x, y), moves(x, y)), xs, ys)
@export cost_gradient(x::Float64[A], y::Float64[B]) = gradient(cost, x, y)
@export cost_gradients(xs::Vector{Float64[A]}, ys::Vector{Float64[B]}) =
    map((x, y) -> gradient(cost, x, y), xs, ys)

if abspath(PROGRAM_FILE) == @__FILE__
    println(align([1.0, 2.0, 3.0], [1.0, 3.1]))
end

# The real root of x³ + p x = q by bisection, and its derivative in p and q.

using Flux
using Flux: ignore_derivatives

cubic(x, p, q) = x^3 + p * x - q

"""
    bisect(p, q) -> x

The root of `x^3 + p x = q` for `p > 0`, to 1e-9. The bracket grows until it holds a sign change and is then
halved. Halving has no derivative; a last Newton step from the root, taken for a constant, has that of the
implicit function.
"""
function bisect(p, q)
    low, high = -1.0, 1.0
    while cubic(low, p, q) > 0
        low *= 2
    end
    while cubic(high, p, q) < 0
        high *= 2
    end
    while high - low > 1e-9
        middle = (low + high) / 2
        if cubic(middle, p, q) < 0
            low = middle
        else
            high = middle
        end
    end
    x = ignore_derivatives((low + high) / 2)
    return x - cubic(x, p, q) / (3x^2 + ignore_derivatives(p))
end

@export root(p::Float64, q::Float64) = bisect(p, q)
@export roots(p::Vector{Float64}, q::Vector{Float64}) = map(bisect, p, q)
@export root_gradient(p::Float64, q::Float64) = gradient(bisect, p, q)
@export root_gradients(p::Vector{Float64}, q::Vector{Float64}) = map((a, b) -> gradient(bisect, a, b), p, q)

if abspath(PROGRAM_FILE) == @__FILE__
    x = root(2.0, 5.0)
    println("x³ + 2x = 5 at x = ", x, ", gradient ", root_gradient(2.0, 5.0))
end

# Square roots by Newton's iteration: each number takes as many iterations as it needs.
#
#     weber compile examples/control_flow/newton.jl -o build/

using Flux

"""
    newton(a) -> root, iterations

The root of `x^2 = a` for `a > 0`: `x ← (x + a/x) / 2` until `x^2` agrees with `a` to `tolerance`.
"""
function newton(a; tolerance = 1e-10)
    x = max(a, 1.0)
    iterations = 0
    while abs(x^2 - a) > tolerance * a
        x = (x + a / x) / 2
        iterations += 1
    end
    return x, iterations
end

slope(a) = gradient(b -> newton(b)[1], a)[1]

@export root(a::Float64) = newton(a)
@export roots(a::Vector{Float64}) = map(newton, a)
@export root_slope(a::Float64) = slope(a)
@export root_slopes(a::Vector{Float64}) = map(slope, a)

if abspath(PROGRAM_FILE) == @__FILE__
    for a in (0.25, 2.0, 1e6)
        x, iterations = root(a)
        println("√", a, " = ", x, " after ", iterations, " iterations, slope ", root_slope(a))
    end
end

# Integrals by Simpson's rule, on intervals that are halved where the function needs it: a stack holds those to come.

using Flux

simpson(f, a, b) = (b - a) / 6 * (f(a) + 4f((a + b) / 2) + f(b))

"""
    integrate(f, a, b) -> integral, intervals

Intervals whose halves give another result than the whole are put on the stack in their place.
"""
function integrate(f, a, b; tolerance = 1e-10, room = 60)
    lefts, rights = zeros(room + 2), zeros(room + 2)
    lefts[1], rights[1] = a, b
    top, total, intervals = 1, 0.0, 0
    while top > 0
        left, right = lefts[top], rights[top]
        top -= 1
        middle = (left + right) / 2
        halves = simpson(f, left, middle) + simpson(f, middle, right)
        excess = halves - simpson(f, left, right)
        if abs(excess) < 15tolerance || top >= room
            total += halves + excess / 15
            intervals += 1
            continue
        end
        for (l, r) in ((middle, right), (left, middle))
            top += 1
            lefts[top], rights[top] = l, r
        end
    end
    return total, intervals
end

bell(p) = x -> exp(-p * x^2)
area(a, b, p) = integrate(bell(p), a, b)[1]

@export integral(a::Float64, b::Float64, p::Float64) = area(a, b, p)
@export integrals(a::Vector{Float64}, b::Vector{Float64}, p::Vector{Float64}) = map(area, a, b, p)
@export slope(a::Float64, b::Float64, p::Float64) = gradient(area, a, b, p)
@export slopes(a::Vector{Float64}, b::Vector{Float64}, p::Vector{Float64}) =
    map((a, b, p) -> gradient(area, a, b, p), a, b, p)

if abspath(PROGRAM_FILE) == @__FILE__
    println("∫ exp(-x²) from -5 to 5 = ", integral(-5.0, 5.0, 1.0), ", √π = ", sqrt(π))
end

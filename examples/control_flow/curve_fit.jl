# Fitting a curve to points by the method of Levenberg and Marquardt: damping goes up until a step is an improvement.
#
# Marquardt, An Algorithm for Least-Squares Estimation of Nonlinear Parameters, 1963.

using Flux, LinearAlgebra

decay(p, t) = p[1] * exp(-p[2] * t)

residuals(p, ts, ys) = [decay(p, t) - y for (t, y) in zip(ts, ys)]

"""
    fit(ts, ys) -> parameters, steps

The amplitude and the rate of the exponential decay that is closest to points, by least squares.
"""
function fit(ts, ys; tolerance = 1e-13)
    p = [1.0, 1.0]
    λ, steps = 1e-2, 0
    while steps < 50
        r = residuals(p, ts, ys)
        J = hcat([exp(-p[2] * t) for t in ts], [-p[1] * t * exp(-p[2] * t) for t in ts])
        A, g = J' * J, J' * r
        maximum(abs, g) < tolerance && break
        improved = false
        for attempt in 1:10
            δ = -(A + λ * Diagonal(diag(A))) \ g
            if sum(abs2, residuals(p + δ, ts, ys)) < sum(abs2, r)
                p += δ
                λ /= 10
                improved = true
                break
            end
            λ *= 10
        end
        improved || break
        steps += 1
    end
    return p, steps
end

parameters(ts, ys) = fit(ts, ys)[1]

@export fit_one(ts::Float64[T], ys::Float64[T]) = parameters(ts, ys)
@export fit_all(ts::Vector{Float64[T]}, ys::Vector{Float64[T]}) = map(parameters, ts, ys)
sensitivity(ts, ys) = gradient(y -> sum(parameters(ts, y)), ys)[1]

@export sensitivity_of_one(ts::Float64[T], ys::Float64[T]) = sensitivity(ts, ys)
@export sensitivities(ts::Vector{Float64[T]}, ys::Vector{Float64[T]}) = map(sensitivity, ts, ys)

if abspath(PROGRAM_FILE) == @__FILE__
    ts = collect(0:0.2:3)
    p, steps = fit(ts, 2 .* exp.(-1.5 .* ts) .+ 0.01 .* randn(length(ts)))
    println("amplitude and rate ", p, " after ", steps, " steps")
end

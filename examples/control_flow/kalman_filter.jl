# A Kalman filter for a body that moves along a line, seen through noise: the strengths of the noise are learnt.
#
# Kalman, A New Approach to Linear Filtering and Prediction Problems, 1960.

using Flux, LinearAlgebra

const DT = 0.1
const MOTION = [1.0 DT; 0.0 1.0]
const SEEN = [1.0 0.0]

"""
    kalman(noise, zs) -> means, log-likelihood

The position and the velocity (2 × T) after each of the positions `zs` that were seen, and how likely these are.
`noise` holds the logarithms of the variances of acceleration and of observation.
"""
function kalman(noise, zs)
    Q = exp(noise[1]) * [DT^3/3 DT^2/2; DT^2/2 DT]
    R = fill(exp(noise[2]), 1, 1)
    x, P = zeros(2), Matrix(1.0I, 2, 2)
    means = zeros(2, length(zs))
    likelihood = 0.0
    for (t, z) in enumerate(zs)
        x = MOTION * x
        P = MOTION * P * MOTION' + Q
        surprise = [z] - SEEN * x
        S = SEEN * P * SEEN' + R
        K = P * SEEN' / S
        x += K * surprise
        P = (I - K * SEEN) * P
        means[:, t] = x
        likelihood -= (logdet(S) + dot(surprise, S \ surprise) + log(2π)) / 2
    end
    return means, likelihood
end

noise = [0.0, 0.0]
opt = Flux.setup(Adam(0.1), noise)

likelihood(zs) = kalman(noise, zs)[2]

@export track(zs::Float64[T]) = kalman(noise, zs)
@export tracks(zs::Vector{Float64[T]}) = map(z -> kalman(noise, z), zs)
@export slope(zs::Float64[T]) = gradient(likelihood, zs)
@export slopes(zs::Vector{Float64[T]}) = map(z -> gradient(likelihood, z), zs)

@export function train_step(zs::Vector{Float64[T]})
    loss, grads = Flux.withgradient(noise) do n
        -sum(kalman(n, z)[2] for z in zs) / sum(length, zs)
    end
    Flux.update!(opt, noise, grads[1])
    return loss
end

if abspath(PROGRAM_FILE) == @__FILE__
    zs = [cumsum(0.1 .* cumsum(0.05 .* randn(n))) .+ 0.1 .* randn(n) for n in (30, 50, 40)]
    for step in 1:60
        loss = train_step(zs)
        step % 20 == 0 && println("step ", step, "  loss ", loss, "  variances ", exp.(noise))
    end
end

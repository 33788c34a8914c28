# The product of the Hessian of a recurrent network's loss with a vector: forward over reverse.

using Flux
using Random: seed!

seed!(1)

parameters, rebuild = Flux.destructure(f64(Chain(GRU(3 => 4), x -> x[:, end], Dense(4 => 1))))

const COUNT = length(parameters)

loss(θ, x, y) = (rebuild(θ)(x)[1] - y)^2

loss_gradient(θ, x, y) = gradient(p -> loss(p, x, y), θ)[1]

"""
    hvp(θ, v, x, y)

`H v` for the Hessian `H` of the loss in `θ`, as the gradient of `v ⋅ ∇loss`.
"""
hvp(θ, v, x, y) = gradient(p -> sum(v .* loss_gradient(p, x, y)), θ)[1]

@export loss_one(θ::Float64[COUNT], x::Float64[3, T], y::Float64) = loss(θ, x, y)
@export gradient_one(θ::Float64[COUNT], x::Float64[3, T], y::Float64) = loss_gradient(θ, x, y)
@export product_one(θ::Float64[COUNT], v::Float64[COUNT], x::Float64[3, T], y::Float64) = hvp(θ, v, x, y)
@export product_all(θ::Float64[COUNT], v::Float64[COUNT], xs::Vector{Float64[3, T]}, ys::Vector{Float64}) =
    map((x, y) -> hvp(θ, v, x, y), xs, ys)

if abspath(PROGRAM_FILE) == @__FILE__
    x, v = randn(3, 7), randn(length(parameters))
    println("v ⋅ H v = ", sum(v .* product_one(parameters, v, x, 0.5)))
end

# Model-agnostic meta-learning (Finn, Abbeel & Levine 2017): parameters from which one step of gradient descent
# learns a new sine wave.

using Flux
using Random: seed!

seed!(1)

const INNER_RATE = 0.05f0

parameters, rebuild = Flux.destructure(Chain(Dense(1 => 24, tanh), Dense(24 => 1)))
opt = Flux.setup(Adam(5e-3), parameters)

loss(θ, x, y) = Flux.mse(rebuild(θ)(x), y)

adapt(θ, x, y) = θ .- INNER_RATE .* gradient(p -> loss(p, x, y), θ)[1]

"""
The loss on the query set of a task after one step on its support set. Its gradient is of second order.
"""
meta_loss(θ, task) = loss(adapt(θ, task.x, task.y), task.query_x, task.query_y)

@export loss_one(task::(x = Float32[1, S], y = Float32[1, S], query_x = Float32[1, Q], query_y = Float32[1, Q])) =
    meta_loss(parameters, task)
@export gradient_one(task::(x = Float32[1, S], y = Float32[1, S], query_x = Float32[1, Q],
                            query_y = Float32[1, Q])) = gradient(θ -> meta_loss(θ, task), parameters)[1]
@export gradient_all(tasks::Vector{(x = Float32[1, S], y = Float32[1, S], query_x = Float32[1, Q],
                                    query_y = Float32[1, Q])}) =
    map(task -> gradient(θ -> meta_loss(θ, task), parameters)[1], tasks)

@export function train_step(tasks::Vector{(x = Float32[1, S], y = Float32[1, S], query_x = Float32[1, Q],
                                           query_y = Float32[1, Q])})
    l, grads = Flux.withgradient(θ -> sum(meta_loss(θ, task) for task in tasks) / length(tasks), parameters)
    Flux.update!(opt, parameters, grads[1])
    return l
end

function sine_task(support, query)
    amplitude, phase = 0.5f0 + 2rand(Float32), Float32(π) * rand(Float32)
    data(n) = (x = 6 .* rand(Float32, 1, n) .- 3; (x, amplitude .* sin.(x .+ phase)))
    (x, y), (query_x, query_y) = data(support), data(query)
    return (; x, y, query_x, query_y)
end

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:200
        l = train_step([sine_task(rand(5:10), 10) for _ in 1:8])
        step % 40 == 0 && println("step ", step, "  loss ", l)
    end
end

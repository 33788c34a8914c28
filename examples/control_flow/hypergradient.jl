# Hypergradients: a learning rate and a weight decay are learned through the training that uses them.

using Flux

loss(w, x, y) = sum(abs2, x * w .- y) / length(y)

"""
    train(hyper, x, y, steps) -> weights

Gradient descent on a linear model from zero; `hyper` holds the logarithms of learning rate and weight decay.
"""
function train(hyper, x, y, steps)
    rate, decay = exp(hyper[1]), exp(hyper[2])
    w = zero(x[1, :])
    for step in 1:steps
        g = gradient(v -> loss(v, x, y) + decay * sum(abs2, v), w)[1]
        w = w .- rate .* g
    end
    return w
end

"""
The loss on held-out data after training, to be made small by the choice of `hyper`.
"""
outer(hyper, task, steps) = loss(train(hyper, task.x, task.y, steps), task.held_x, task.held_y)

hyper = [log(0.02), log(0.5)]
opt = Flux.setup(Adam(0.1), hyper)

@export held_out_loss(hyper::Float64[2], task::(x = Float64[M, 3], y = Float64[M], held_x = Float64[L, 3],
                                                held_y = Float64[L]), steps::Int) = outer(hyper, task, steps)
@export hypergradient(hyper::Float64[2], task::(x = Float64[M, 3], y = Float64[M], held_x = Float64[L, 3],
                                                held_y = Float64[L]), steps::Int) =
    gradient(h -> outer(h, task, steps), hyper)[1]
@export hypergradients(hyper::Float64[2],
                       tasks::Vector{(x = Float64[M, 3], y = Float64[M], held_x = Float64[L, 3],
                                      held_y = Float64[L])}, steps::Vector{Int}) =
    map((task, n) -> gradient(h -> outer(h, task, n), hyper)[1], tasks, steps)

@export function tune_step(task::(x = Float64[M, 3], y = Float64[M], held_x = Float64[L, 3],
                                  held_y = Float64[L]))
    l, grads = Flux.withgradient(h -> outer(h, task, 20), hyper)
    Flux.update!(opt, hyper, grads[1])
    return l
end

function random_task(rows, held)
    w = randn(3)
    data(n) = (x = randn(n, 3); (x, x * w .+ 0.1 .* randn(n)))
    (x, y), (held_x, held_y) = data(rows), data(held)
    return (; x, y, held_x, held_y)
end

if abspath(PROGRAM_FILE) == @__FILE__
    task = random_task(12, 20)
    for step in 1:60
        l = tune_step(task)
        step % 10 == 0 && println("step ", step, "  held-out loss ", l, "  rate ", exp(hyper[1]))
    end
end

# A cart with a pole on it, balanced by a small network that learns through the simulator.
#
# The dynamics are those of Barto, Sutton & Anderson (1983), as in gymnasium's CartPole, with a force that may be any
# number: one step is 0.02 s by Euler's rule. The event: the pole falls beyond 12° or the cart leaves ±2.4 m.

using Flux
using Random: seed!

seed!(1)

const GRAVITY, CART, POLE, HALF, FORCE, TAU = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02

function dynamics(state, push)
    x, v, θ, ω = state
    force = FORCE * push
    temporary = (force + POLE * HALF * ω^2 * sin(θ)) / (CART + POLE)
    α = (GRAVITY * sin(θ) - cos(θ) * temporary) / (HALF * (4/3 - POLE * cos(θ)^2 / (CART + POLE)))
    a = temporary - POLE * HALF * α * cos(θ) / (CART + POLE)
    return [x + TAU * v, v + TAU * a, θ + TAU * ω, ω + TAU * α]
end

fallen(state) = abs(state[1]) > 2.4 || abs(state[3]) > 12 * 2π / 360

"""
    simulate(policy, state, most) -> steps, cost

Runs until the pole falls or `most` steps are done. The cost is the mean of the squared angle and position.
"""
function simulate(policy, state, most)
    steps, cost = 0, 0.0
    for t in 1:most
        state = dynamics(state, policy(state))
        steps += 1
        cost += 10 * state[3]^2 + 0.1 * state[1]^2
        fallen(state) && break
    end
    return steps, cost / steps
end

model = f64(Chain(Dense(4 => 8, tanh), Dense(8 => 1, tanh)))
opt = Flux.setup(Adam(2e-2), model)
policy(m) = state -> m(state)[1]

@export constant_push(state::Float64[4], push::Float64, most::Int) = simulate(s -> push, state, most)
@export push_gradient(state::Float64[4], push::Float64, most::Int) =
    gradient((s, p) -> simulate(_ -> p, s, most)[2], state, push)
@export run_policy(state::Float64[4], most::Int) = simulate(policy(model), state, most)
@export run_policies(states::Vector{Float64[4]}, most::Vector{Int}) =
    map((s, n) -> simulate(policy(model), s, n), states, most)

@export function train_step(states::Vector{Float64[4]}, most::Int)
    cost, grads = Flux.withgradient(model) do m
        sum(simulate(policy(m), s, most)[2] for s in states) / length(states)
    end
    Flux.update!(opt, model, grads[1])
    return cost
end

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:60
        cost = train_step([0.1 .* randn(4) for _ in 1:16], 50)
        step % 10 == 0 && println("step ", step, "  cost ", cost)
    end
    println(run_policy([0.0, 0.0, 0.05, 0.0], 500))
end

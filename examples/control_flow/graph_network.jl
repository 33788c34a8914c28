# Messages along the edges of graphs (Gilmer et al. 2017): each node adds up what its neighbours send, weighted by
# attention. Graphs differ in nodes and edges.

using Flux
using Random: seed!

seed!(1)

const FEATURES, HIDDEN, ROUNDS = 3, 6, 2

struct GraphNetwork{A, M, S, U, O}
    embed::A
    message::M
    score::S           # of a message, from both ends of the edge
    update::U
    output::O
end

Flux.@layer GraphNetwork

model = GraphNetwork(Dense(FEATURES => HIDDEN), Dense(HIDDEN => HIDDEN, tanh), Dense(2HIDDEN => 1),
                     Dense(2HIDDEN => HIDDEN, tanh), Dense(HIDDEN => 1))
opt = Flux.setup(Adam(1e-2), model)

"""
    predict(m, nodes, from, to) -> a number for a graph with features `(FEATURES, V)` and edges `from[e] → to[e]`
"""
function predict(m, nodes, from, to)
    h = m.embed(nodes)
    for _ in 1:ROUNDS
        sums, weights = zero(h), zeros(Float32, size(h, 2))
        for (i, j) in zip(from, to)
            w = exp(only(m.score([h[:, i]; h[:, j]])))
            sums[:, j] += w .* m.message(h[:, i])
            weights[j] += w
        end
        received = [weights[j] > 0 ? sums[k, j] / weights[j] : sums[k, j] for k in 1:HIDDEN, j in axes(h, 2)]
        h = m.update([h; received])
    end
    return sum(m.output(h))
end

loss(m, nodes, from, to, y) = abs2(predict(m, nodes, from, to) - y)

@export evaluate(nodes::Float32[FEATURES, V], from::Int[E], to::Int[E]) = predict(model, nodes, from, to)
@export evaluate_all(nodes::Vector{Float32[FEATURES, V]}, from::Vector{Int[E]}, to::Vector{Int[E]}) =
    map((x, i, j) -> predict(model, x, i, j), nodes, from, to)

@export function train_step(nodes::Vector{Float32[FEATURES, V]}, from::Vector{Int[E]}, to::Vector{Int[E]},
                            ys::Vector{Float32})
    total, grads = Flux.withgradient(model) do m
        sum(loss(m, x, i, j, y) for (x, i, j, y) in zip(nodes, from, to, ys)) / length(ys)
    end
    Flux.update!(opt, model, grads[1])
    return total
end

# Random graphs; the number to learn is the sum over the edges of the first feature where they begin.
function random_graph()
    V = rand(2:5)
    nodes, edges = randn(Float32, FEATURES, V), rand(0:6)
    from, to = rand(1:V, edges), rand(1:V, edges)
    return nodes, from, to, sum(nodes[1, from]; init = 0f0) / 2
end

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:200
        graphs = [random_graph() for _ in 1:32]
        l = train_step((getindex.(graphs, k) for k in 1:4)...)
        step % 40 == 0 && println("step ", step, "  loss ", l)
    end
end

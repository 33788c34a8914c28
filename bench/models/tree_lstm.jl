# The binary tree-LSTM of DyNet's benchmarks (Tai, Socher & Manning 2015), written for one tree.
#
# A tree of n leaves has the nodes 1 to n, its words, and the inner nodes n + 1, …, children before parents, whose
# children are `left[k]` and `right[k]`. Each node has a class.

using Flux
using Random: seed!

seed!(0)

const WORDS, CLASSES, SIZE = 16_000, 5, 256

struct TreeLSTM{E, M, V, D}
    embedding::E
    leaf::M            # a word → i, o, u
    node::M            # both children → i, o, u
    bias::V            # of i, o, u, in leaves and nodes
    forget_left::M
    forget_right::M
    forget_bias::V     # of both
    output::D
end

Flux.@layer TreeLSTM

function state(iou, kept = 0)
    i, o, u = Flux.chunk(iou, 3; dims = 1)
    c = σ.(i) .* tanh.(u) .+ kept
    return σ.(o) .* tanh.(c), c
end

"""
The scores of the classes, `(classes, nodes)`, of all nodes of a tree.
"""
function (m::TreeLSTM)(words, left, right)
    leaves, room = length(words), zeros(Float32, SIZE, length(left))
    h, c = state(m.leaf * m.embedding(words) .+ m.bias)
    h, c = hcat(h, room), hcat(c, room)
    for k in eachindex(left)
        l, r = left[k], right[k]
        kept = σ.(m.forget_left * h[:, l] .+ m.forget_bias) .* c[:, l] .+
               σ.(m.forget_right * h[:, r] .+ m.forget_bias) .* c[:, r]
        h[:, leaves+k], c[:, leaves+k] = state(m.node * vcat(h[:, l], h[:, r]) .+ m.bias, kept)
    end
    return m.output(h)
end

model = TreeLSTM(Embedding(WORDS => SIZE), Flux.glorot_uniform(3SIZE, SIZE), Flux.glorot_uniform(3SIZE, 2SIZE),
                 zeros(Float32, 3SIZE), Flux.glorot_uniform(SIZE, SIZE), Flux.glorot_uniform(SIZE, SIZE),
                 zeros(Float32, SIZE), Dense(SIZE => CLASSES; bias = false))
opt = Flux.setup(Adam(1e-3), model)

function loss(m, words, of_words, left, right, of_inner)
    classes = Flux.onehotbatch(vcat(of_words, of_inner), 1:CLASSES)
    return Flux.logitcrossentropy(m(words, left, right), classes; agg = sum)
end

@export function train_step(trees::Vector{Tuple{Int[L], Int[L], Int[I], Int[I], Int[I]}})
    total, grads = Flux.withgradient(m -> sum(loss(m, tree...) for tree in trees), model)
    Flux.update!(opt, model, grads[1])
    return total
end

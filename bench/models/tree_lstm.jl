# The binary tree-LSTM of DyNet's benchmarks (Tai, Socher & Manning 2015), written for one tree by recursion.

using Flux
using Random: seed!

seed!(0)

const WORDS, CLASSES, SIZE = 16_000, 5, 256

"""
A node: a leaf has a word and no children, an inner node two children. Each has a class.
"""
struct Tree
    word::Int
    class::Int
    left::Union{Tree, Nothing}
    right::Union{Tree, Nothing}
end

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
The state h, c of a tree's root, and the loss of all its nodes.
"""
function evaluate(m, tree)
    if tree.left === nothing
        h, c = state(m.leaf * m.embedding(tree.word) .+ m.bias)
        below = 0f0
    else
        h1, c1, loss1 = evaluate(m, tree.left)
        h2, c2, loss2 = evaluate(m, tree.right)
        kept = σ.(m.forget_left * h1 .+ m.forget_bias) .* c1 .+ σ.(m.forget_right * h2 .+ m.forget_bias) .* c2
        h, c = state(m.node * vcat(h1, h2) .+ m.bias, kept)
        below = loss1 + loss2
    end
    return h, c, below + Flux.logitcrossentropy(m.output(h), Flux.onehot(tree.class, 1:CLASSES))
end

model = TreeLSTM(Embedding(WORDS => SIZE), Flux.glorot_uniform(3SIZE, SIZE), Flux.glorot_uniform(3SIZE, 2SIZE),
                 zeros(Float32, 3SIZE), Flux.glorot_uniform(SIZE, SIZE), Flux.glorot_uniform(SIZE, SIZE),
                 zeros(Float32, SIZE), Dense(SIZE => CLASSES; bias = false))
opt = Flux.setup(Adam(1e-3), model)

@export function train_step(trees::Vector{Tree})
    total, grads = Flux.withgradient(m -> sum(evaluate(m, tree)[3] for tree in trees), model)
    Flux.update!(opt, model, grads[1])
    return total
end

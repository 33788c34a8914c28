# A binary tree-LSTM (Tai, Socher & Manning 2015) over parse trees, written for one tree, by recursion.

using Flux
using Random: seed!

seed!(1)

const WORDS, CLASSES, HIDDEN = 40, 3, 16

struct Tree
    word::Int                        # of a leaf
    left::Union{Tree, Nothing}       # a node has two children, a leaf none
    right::Union{Tree, Nothing}
end

Tree(word) = Tree(word, nothing, nothing)

struct TreeLSTM{E, D}
    embedding::E       # of the words
    leaf::D            # word → i, o, u
    node::D            # children → i, o, u, f of the left and of the right child
    output::D
end

Flux.@layer TreeLSTM

TreeLSTM(words::Int, hidden::Int, classes::Int) =
    TreeLSTM(Embedding(words => hidden), Dense(hidden => 3hidden), Dense(2hidden => 5hidden),
             Dense(hidden => classes))

model = TreeLSTM(WORDS, HIDDEN, CLASSES)
opt = Flux.setup(Adam(1e-2), model)

"""
    encode(m, tree) -> (h, c)

    leaf:  c = σ(i) .* tanh(u),                                      h = σ(o) .* tanh(c)
    node:  c = σ(i) .* tanh(u) .+ σ(f_left) .* c_left .+ σ(f_right) .* c_right,  h = σ(o) .* tanh(c)
"""
function encode(m, tree)
    if tree.left === nothing
        i, o, u = Flux.chunk(m.leaf(m.embedding(tree.word)), 3)
        c = σ.(i) .* tanh.(u)
    else
        (h_left, c_left), (h_right, c_right) = encode(m, tree.left), encode(m, tree.right)
        i, o, u, f_left, f_right = Flux.chunk(m.node(vcat(h_left, h_right)), 5)
        c = σ.(i) .* tanh.(u) .+ σ.(f_left) .* c_left .+ σ.(f_right) .* c_right
    end
    return σ.(o) .* tanh.(c), c
end

(m::TreeLSTM)(tree) = m.output(first(encode(m, tree)))       # class scores of the root

loss(m, tree, class) = Flux.logitcrossentropy(m(tree), Flux.onehot(class, 1:CLASSES))

@export classify(tree::Tree) = softmax(model(tree))
@export classify_all(trees::Vector{Tree}) = map(t -> softmax(model(t)), trees)
@export loss_all(trees::Vector{Tree}, classes::Vector{Int}) = map((t, y) -> loss(model, t, y), trees, classes)

@export function train_step(trees::Vector{Tree}, classes::Vector{Int})
    total, grads = Flux.withgradient(model) do m
        sum(loss(m, t, y) for (t, y) in zip(trees, classes)) / length(trees)
    end
    Flux.update!(opt, model, grads[1])
    return total
end

# Random trees; the class is that of the first word.
function random_tree(leaves)
    leaves == 1 && return Tree(rand(1:WORDS))
    split = rand(1:leaves-1)
    return Tree(1, random_tree(split), random_tree(leaves - split))
end

first_word(tree) = tree.left === nothing ? tree.word : first_word(tree.left)

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:100
        trees = [random_tree(rand(1:6)) for _ in 1:32]
        l = train_step(trees, [mod(first_word(t), CLASSES) + 1 for t in trees])
        step % 20 == 0 && println("step ", step, "  loss ", l)
    end
end

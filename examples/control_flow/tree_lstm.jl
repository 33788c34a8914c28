# A binary tree-LSTM (Tai, Socher & Manning 2015) over parse trees, written for one tree.
#
# A tree is a table of nodes, children before parents: `left[k]` and `right[k]` are the children of node `k`, 0 at a
# leaf, which has the word `word[k]`. The last node is the root.

using Flux
using Random: seed!

seed!(1)

const WORDS, CLASSES, HIDDEN = 40, 3, 16

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
    m(word, left, right) -> class scores of the root

    leaf:  c = σ(i) .* tanh(u),                                      h = σ(o) .* tanh(c)
    node:  c = σ(i) .* tanh(u) .+ σ(f_left) .* c_left .+ σ(f_right) .* c_right,  h = σ(o) .* tanh(c)
"""
function (m::TreeLSTM)(word, left, right)
    n = length(word)
    h, c = zeros(Float32, HIDDEN, n), zeros(Float32, HIDDEN, n)
    for k in 1:n
        if left[k] == 0
            i, o, u = Flux.chunk(m.leaf(m.embedding(word[k])), 3)
            memory = σ.(i) .* tanh.(u)
        else
            l, r = left[k], right[k]
            i, o, u, fl, fr = Flux.chunk(m.node(vcat(h[:, l], h[:, r])), 5)
            memory = σ.(i) .* tanh.(u) .+ σ.(fl) .* c[:, l] .+ σ.(fr) .* c[:, r]
        end
        c[:, k] = memory
        h[:, k] = σ.(o) .* tanh.(memory)
    end
    return m.output(h[:, n])
end

loss(m, tree, class) = Flux.logitcrossentropy(m(tree...), Flux.onehot(class, 1:CLASSES))

@export classify(tree::Tuple{Int[K], Int[K], Int[K]}) = softmax(model(tree...))
@export classify_all(trees::Vector{Tuple{Int[K], Int[K], Int[K]}}) = map(t -> softmax(model(t...)), trees)
@export loss_all(trees::Vector{Tuple{Int[K], Int[K], Int[K]}}, classes::Vector{Int}) =
    map((t, y) -> loss(model, t, y), trees, classes)

@export function train_step(trees::Vector{Tuple{Int[K], Int[K], Int[K]}}, classes::Vector{Int})
    total, grads = Flux.withgradient(model) do m
        sum(loss(m, t, y) for (t, y) in zip(trees, classes)) / length(trees)
    end
    Flux.update!(opt, model, grads[1])
    return total
end

# Random trees; the class is that of the first word.
function random_tree(leaves)
    word, left, right = Int[], Int[], Int[]
    function grow(leaves)
        if leaves == 1
            push!(word, rand(1:WORDS)); push!(left, 0); push!(right, 0)
        else
            split = rand(1:leaves-1)
            l = grow(split)
            r = grow(leaves - split)
            push!(word, 1); push!(left, l); push!(right, r)
        end
        return length(word)
    end
    grow(leaves)
    return (word, left, right), mod(word[1], CLASSES) + 1
end

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:100
        data = [random_tree(rand(1:6)) for _ in 1:32]
        l = train_step(first.(data), last.(data))
        step % 20 == 0 && println("step ", step, "  loss ", l)
    end
end

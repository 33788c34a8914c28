"""Trees as inputs, and what the tests' programs compute of them: a sum, and a network's score."""

import numpy as np

TREE = """
struct Tree
    word::Int
    left::Union{Tree, Nothing}
    right::Union{Tree, Nothing}
end
"""
TOTAL = f"""{TREE}
function total(tree)
    tree.left === nothing && return 1.0 * tree.word
    return tree.word - 2total(tree.left) + 3total(tree.right)
end
"""
ONE, MANY = "f(tree::Tree)", "f(trees::Vector{Tree})"


def leaf(word):
    return {"word": word, "left": None, "right": None}


def node(word, left, right):
    return {"word": word, "left": left, "right": right}


def chain(depth):
    tree = leaf(1)
    for k in range(depth):
        tree = node(k % 3, tree, leaf(k % 2)) if k % 2 else node(k % 3, leaf(k % 5), tree)
    return tree


SMALL = node(1, leaf(2), node(3, leaf(4), leaf(5)))
TREES = [SMALL, leaf(7), node(1, leaf(1), leaf(2)), node(2, SMALL, SMALL)]


def total(tree):
    if tree["left"] is None:
        return 1.0 * tree["word"]
    return tree["word"] - 2 * total(tree["left"]) + 3 * total(tree["right"])


def table(tree):
    """The columns of a tree, children before parents."""
    word, left, right = [], [], []

    def visit(tree):
        rows = [0 if tree[side] is None else visit(tree[side]) for side in ("left", "right")]
        for column, value in zip((word, left, right), (tree["word"], *rows), strict=True):
            column.append(value)
        return len(word)

    visit(tree)
    return {"word": np.array(word), "left": np.array(left), "right": np.array(right)}


def shifted(tree):
    """A tree with words from 1 to 8."""
    return tree and {"word": tree["word"] % 8 + 1, "left": shifted(tree["left"]),
                     "right": shifted(tree["right"])}


NETWORK = f"""{TREE}
    E = [0.1 -0.2 0.3 0.5 -0.7 0.2 0.4 0.9; 0.3 0.1 -0.5 0.2 0.8 -0.3 0.6 -0.1]
    W = [0.5 -0.3 0.2 0.7; -0.4 0.6 0.1 -0.2]
    encode(E, W, t) = t.left === nothing ? E[:, t.word] :
                      tanh.(W * vcat(encode(E, W, t.left), encode(E, W, t.right)) .+ 0.1 * t.word)
    score(E, W, t) = sum(abs2, encode(E, W, t))"""
E = np.array([[0.1, -0.2, 0.3, 0.5, -0.7, 0.2, 0.4, 0.9], [0.3, 0.1, -0.5, 0.2, 0.8, -0.3, 0.6, -0.1]])
W = np.array([[0.5, -0.3, 0.2, 0.7], [-0.4, 0.6, 0.1, -0.2]])


def score(E, W, tree):
    def encode(t):
        if t["left"] is None:
            return E[:, t["word"] - 1]
        return np.tanh(W @ np.concatenate([encode(t["left"]), encode(t["right"])]) + 0.1 * t["word"])

    return np.sum(encode(tree)**2)


def central(function, array, step=1e-6):
    result = np.zeros_like(array)
    for place in np.ndindex(*array.shape):
        move = np.zeros_like(array)
        move[place] = step
        result[place] = (function(array + move) - function(array - move)) / (2 * step)
    return result.T  # as the numpy array of Julia's matrix is

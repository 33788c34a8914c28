"""Functions that recur over trees: for one tree and for many, against the same recursion in Python."""

import types

import numpy as np
import pytest
import weber
from weber.frontend.compiling.entries import stage_entry

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


@pytest.mark.parametrize("tree", [*TREES, chain(60)], ids=range(5))
def test_one_tree(check, tree):
    check(f"{TOTAL}\nf(tree) = total(tree)", ONE, [tree], np.float64(total(tree)), rtol=1e-12)


@pytest.mark.parametrize("trees", [TREES, TREES[::-1], [leaf(3)], [*TREES, chain(20)]], ids=range(4))
def test_many_trees(check, trees):
    """Whatever the padding holds and whoever the others are: `check` sees to the padding."""
    expected = np.array([total(tree) for tree in trees])
    check(f"{TOTAL}\nf(trees) = map(total, trees)", MANY, [trees], expected, rtol=1e-12)


def test_no_trees(load):
    module = load(f"{TOTAL}\n@export f(trees::Vector{{Tree}}) = map(total, trees)")
    program = weber.Program(module.compile("f").to_bytes())
    assert program([]).shape == (0,)


def test_all_forms_of_a_tree(load):
    """Nested dicts and objects, and tables."""
    module = load(f"{TOTAL}\n@export f(tree::Tree) = total(tree)")
    program = weber.Program(module.compile("f").to_bytes())

    def nested(tree):
        return None if tree is None else types.SimpleNamespace(
            word=tree["word"], left=nested(tree["left"]), right=nested(tree["right"]))

    for form in (SMALL, table(SMALL), nested(SMALL)):
        assert program(form) == total(SMALL)
    assert module.f(table(SMALL)) == module.f(SMALL) == total(SMALL)
    assert [spec.name for spec in program.inputs] == ["tree.word", "tree.left", "tree.right"]


def test_trees_of_the_program(load):
    module = load(f"""{TOTAL}
        @export f(trees::Vector{{Tree}}) = map(total, trees)
        small = Tree(1, Tree(2, nothing, nothing), Tree(3, nothing, nothing))
        g() = f([small, small.left])""")
    np.testing.assert_array_equal(module.g(), [6, 2])


def test_trees_beside_other_things(check):
    source = f"{TOTAL}\nf(data) = [y * total(t) for (t, y) in data]"
    check(source, "f(data::Vector{Tuple{Tree, Float64}})", [[(tree, 0.5) for tree in TREES]],
          np.array([total(tree) / 2 for tree in TREES]))


def test_plain_reads(check):
    source = f"{TREE}\nf(trees) = [t.right === nothing ? t.word : 10t.left.word + t.right.word for t = trees]"
    check(source, MANY, [TREES], np.array([23, 7, 12, 11]))


def test_a_loop_over_trees(check):
    source = f"""{TOTAL}
        function f(trees)
            s = 0.0
            for t in trees
                s = s / 2 + total(t)
            end
            s
        end"""
    expected = 0.0
    for tree in TREES:
        expected = expected / 2 + total(tree)
    check(source, MANY, [TREES], np.float64(expected))


def test_three_children(check):
    source = """
        struct Three
            x::Float64
            a::Union{Three, Nothing}
            b::Union{Three, Nothing}
            c::Union{Three, Nothing}
        end
        g(::Nothing) = 0.5
        g(t) = t.x + g(t.a) - 2g(t.b) * g(t.c)
        f(trees) = map(g, trees)"""

    def g(t):
        return 0.5 if t is None else t["x"] + g(t["a"]) - 2 * g(t["b"]) * g(t["c"])

    def three(x, a=None, b=None, c=None):
        return {"x": x, "a": a, "b": b, "c": c}

    trees = [three(1.5), three(2.0, three(1.0), None, three(3.0, None, three(4.0))), three(1.0, c=three(2.0))]
    check(source, "f(trees::Vector{Three})", [trees], np.array([g(tree) for tree in trees]))


def test_arrays_in_nodes_and_tuples_as_results(check):
    source = """
        struct Sum
            x::Vector{Float32}
            left::Union{Sum, Nothing}
            right::Union{Sum, Nothing}
        end
        function g(t)
            isnothing(t.left) && isnothing(t.right) && return (t.x, height = 0)
            (a, n), (b, m) = g(t.left), g(t.right)
            return (a .+ t.x .* b, height = 1 + max(n, m))
        end
        f(trees) = map(t -> first(g(t)), trees)"""
    source = source.replace("(t.x, height = 0)", "(t.x, 0)").replace("height = 1", "1")
    x = np.arange(3, dtype=np.float32)
    one = {"x": x, "left": None, "right": None}
    two = {"x": x + 1, "left": one, "right": {**one, "x": 2 * x}}
    trees = [two, one, {"x": x - 1, "left": two, "right": one}]

    def g(t):
        return t["x"] if t["left"] is None else g(t["left"]) + t["x"] * g(t["right"])

    check(source, "f(trees::Vector{Sum})", [trees], [g(tree) for tree in trees])


def test_truth_values_and_the_empty_tree(check):
    source = f"""{TREE}
        odd(t) = t.left === nothing ? isodd(t.word) : xor(odd(t.left), odd(t.right))
        nodes(t) = t === nothing ? 0 : 1 + nodes(t.left) + nodes(t.right)
        f(trees) = [(odd(t), nodes(t)) for t in trees]"""

    def odd(t):
        return t["word"] % 2 == 1 if t["left"] is None else odd(t["left"]) != odd(t["right"])

    def nodes(t):
        return 0 if t is None else 1 + nodes(t["left"]) + nodes(t["right"])

    check(source, MANY, [TREES], [(odd(tree), nodes(tree)) for tree in TREES])


def test_mutual_recursion(check):
    source = f"""{TREE}
        even(t) = t.left === nothing ? 1.0 : t.word + odd(t.left) + odd(t.right)
        odd(t) = t.left === nothing ? 2.0 : t.word - even(t.left) * even(t.right)
        f(trees) = map(even, trees)"""

    def even(t):
        return 1.0 if t["left"] is None else t["word"] + odd(t["left"]) + odd(t["right"])

    def odd(t):
        return 2.0 if t["left"] is None else t["word"] - even(t["left"]) * even(t["right"])

    check(source, MANY, [TREES], np.array([even(tree) for tree in TREES]))


# --- derivatives --------------------------------------------------------------------------------------------

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


def gradients(trees):
    return (central(lambda E: sum(score(E, W, tree) for tree in trees), E),
            central(lambda W: sum(score(E, W, tree) for tree in trees), W))


@pytest.mark.parametrize("trees", [TREES, [SMALL], [chain(3), SMALL]], ids=range(3))
def test_gradient_of_a_sum_over_trees(check, trees):
    trees = [shifted(tree) for tree in trees]
    check(f"{NETWORK}\nf(trees) = gradient((E, W) -> sum(score(E, W, t) for t in trees), E, W)", MANY,
          [trees], gradients(trees), rtol=1e-6, atol=1e-8)


def shifted(tree):
    """A tree with words from 1 to 8."""
    return tree and {"word": tree["word"] % 8 + 1, "left": shifted(tree["left"]),
                     "right": shifted(tree["right"])}


def test_the_derivative_keeps_the_memory_once(load):
    """It reads the last value of the memory; there is no copy of it for each level."""
    module = load(f"""{NETWORK}
        @export f(trees::Vector{{Tree}}) = gradient(W -> sum(score(E, W, t) for t in trees), W)[1]""")
    loops = [operation for operation in stage_entry(module.entries()[0]).body.operations
             if operation.attributes.get("once")]
    (levels,) = loops
    stacks = levels.results[levels.attributes["carried"]:]
    assert all(stack.rank == 1 for stack in stacks), "nothing but the levels' numbers"


def test_gradient_for_one_tree_and_for_each(check):
    tree, trees = shifted(SMALL), [shifted(tree) for tree in (SMALL, TREES[2], chain(4))]
    check(f"{NETWORK}\nf(tree) = gradient((E, W) -> score(E, W, tree), E, W)", ONE, [tree], gradients([tree]),
          rtol=1e-6, atol=1e-8)
    check(f"{NETWORK}\nf(trees) = [gradient(W -> score(E, W, t), W)[1] for t in trees]", MANY, [trees],
          [gradients([tree])[1] for tree in trees], rtol=1e-6, atol=1e-8)


def test_second_derivative(check):
    trees = [shifted(tree) for tree in TREES[:3]]
    source = f"""{NETWORK}
        slope(s, trees) = gradient(s -> sum(score(E, s * W, t) for t in trees), s)[1]
        f(trees) = gradient(s -> slope(s, trees), 1.0)[1]"""

    def at(s):
        return sum(score(E, s * W, tree) for tree in trees)

    step = 1e-4
    expected = (at(1 + step) - 2 * at(1) + at(1 - step)) / step**2
    check(source, MANY, [trees], np.float64(expected), rtol=1e-5)


# --- what is refused ----------------------------------------------------------------------------------------


def refused(load, source):
    with pytest.raises(weber.WeberError) as error:
        load(source).compile("f")
    return str(error.value)


def test_a_child_of_a_leaf_is_asked_for(load):
    message = refused(load, f"{TREE}\ng(t) = g(t.left) + g(t.right)\n@export f(tree::Tree) = g(tree)")
    assert "type Nothing has no field left" in message


def test_other_arguments_must_stay(load):
    message = refused(load, f"""{TREE}
        depth(t, n) = t.left === nothing ? n : max(depth(t.left, n + 1), depth(t.right, n + 1))
        @export f(tree::Tree) = depth(tree, 0)""")
    assert "calls itself on a child with other arguments" in message and "program.jl:9" in message


def test_sizes_must_be_the_same(load):
    message = refused(load, f"""{TREE}
        words(t) = t.left === nothing ? [t.word] : vcat(words(t.left), words(t.right))
        @export f(tree::Tree) = sum(words(tree))""")
    assert "for a leaf and for a node with children" in message


def test_fields_must_be_numbers(load):
    message = refused(load, """
        struct Named
            name::String
            next::Union{Named, Nothing}
        end
        @export f(tree::Named) = 1""")
    assert "name::String" in message


@pytest.mark.parametrize(("change", "message"), [
    ({"left": np.array([0, 0, 0, 4, 1])}, "left of node 4 is 4"),
    ({"left": np.array([0, 0, 0, 3, 1])}, "node 3 has two parents"),
    ({"right": np.array([0, -1, 0, 3, 4])}, "right of node 2 is -1"),
])
def test_wrong_tables(load, change, message):
    module = load(f"{TOTAL}\n@export f(tree::Tree) = total(tree)")
    wrong = table(SMALL) | change
    for function in (module.f, weber.Program(module.compile("f").to_bytes())):
        with pytest.raises(weber.WeberError, match=message):
            function(wrong)


def test_training_falls(load):
    module = load(f"""{TREE}
        model = Chain(Embedding(8 => 6), Dense(12 => 6, tanh), Dense(6 => 1))
        opt = Flux.setup(Adam(0.02), model)
        encode(m, t) = t.left === nothing ? m[1](t.word) :
                       m[2](vcat(encode(m, t.left), encode(m, t.right)))
        @export function train(trees::Vector{{Tree}}, ys::Vector{{Float32}})
            l, g = Flux.withgradient(model) do m
                sum(abs2(only(m[3](encode(m, t))) - y) for (t, y) in zip(trees, ys)) / length(trees)
            end
            Flux.update!(opt, model, g[1])
            l
        end""")
    trees = [shifted(tree) for tree in [*TREES, chain(4), chain(7)]]
    ys = np.linspace(-1, 1, len(trees)).astype(np.float32)
    program = weber.Program(module.compile("train").to_bytes())
    losses = [float(program(trees, ys)) for _ in range(60)]
    assert losses[-1] < 0.2 * losses[0]

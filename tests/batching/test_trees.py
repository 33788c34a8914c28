"""Functions that recur over trees: for one tree and for many, against the same recursion in Python."""

import types

import numpy as np
import pytest
import weber
from tree_samples import (
    MANY,
    NETWORK,
    ONE,
    SMALL,
    TOTAL,
    TREE,
    TREES,
    E,
    W,
    central,
    chain,
    leaf,
    node,
    shifted,
    table,
    total,
)
from weber.frontend.compiling.entries import stage_entry


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


def test_a_call_on_a_child_of_a_child(check):
    """Results of two levels are at hand."""
    source = f"""{TREE}
        function f1(t)
            t.left === nothing && return 1.0 * t.word
            far = t.left.left === nothing ? 0.5 : f1(t.left.left) - f1(t.left.right)
            return t.word + far * f1(t.right)
        end
        f(trees) = map(f1, trees)"""

    def f1(t):
        if t["left"] is None:
            return 1.0 * t["word"]
        far = 0.5 if t["left"]["left"] is None else f1(t["left"]["left"]) - f1(t["left"]["right"])
        return t["word"] + far * f1(t["right"])

    trees = [*TREES, chain(5)]
    check(source, MANY, [trees], np.array([f1(tree) for tree in trees]))


def test_two_recursions_through_each_other(check):
    """Each calls itself, too: what the one needs of the other is not at a known number of levels below."""
    source = f"""{TREE}
        up(E, t) = t.left === nothing ? E[t.word] : 0.5up(E, t.left) + sin(down(E, t.right))
        down(E, t) = t.left === nothing ? 2E[t.word] : down(E, t.left) * up(E, t.right)
        E = [0.1, -0.2, 0.3, 0.5, -0.7, 0.2, 0.4, 0.9]
        f(trees) = (map(t -> up(E, t), trees), gradient(E -> sum(up(E, t) for t in trees), E)[1])"""

    def up(E, t):
        return E[t["word"] - 1] if t["left"] is None else 0.5 * up(E, t["left"]) + np.sin(down(E, t["right"]))

    def down(E, t):
        return 2 * E[t["word"] - 1] if t["left"] is None else down(E, t["left"]) * up(E, t["right"])

    trees = [shifted(tree) for tree in [*TREES, chain(5)]]
    E = np.array([0.1, -0.2, 0.3, 0.5, -0.7, 0.2, 0.4, 0.9])
    slope = central(lambda E: sum(up(E, tree) for tree in trees), E)
    check(source, MANY, [trees], (np.array([up(E, tree) for tree in trees]), slope), rtol=1e-6, atol=1e-8)


def test_a_recursion_in_a_recursion(check, load):
    """The inner one is computed for all nodes once, not for each level of the outer one."""
    source = f"""{TREE}
        leaves(E, t) = t.left === nothing ? E[t.word] : leaves(E, t.left) + leaves(E, t.right)
        g(E, t) = t.left === nothing ? 0.5 * t.word : g(E, t.left) * leaves(E, t.right) - g(E, t.right)
        E = [0.1, -0.2, 0.3, 0.5, -0.7, 0.2, 0.4, 0.9]
        f(trees) = (map(t -> g(E, t), trees), gradient(E -> sum(g(E, t) for t in trees), E)[1])"""

    def leaves(E, t):
        return E[t["word"] - 1] if t["left"] is None else leaves(E, t["left"]) + leaves(E, t["right"])

    def g(E, t):
        if t["left"] is None:
            return 0.5 * t["word"]
        return g(E, t["left"]) * leaves(E, t["right"]) - g(E, t["right"])

    trees = [shifted(tree) for tree in [*TREES, chain(6)]]
    E = np.array([0.1, -0.2, 0.3, 0.5, -0.7, 0.2, 0.4, 0.9])
    slope = central(lambda E: sum(g(E, tree) for tree in trees), E)
    check(source, MANY, [trees], (np.array([g(E, tree) for tree in trees]), slope), rtol=1e-6, atol=1e-8)
    operations = stage_entry(load(source).add_entry(MANY)).body.operations
    assert sum(operation.name == "loop" and "ragged" in operation.attributes for operation in operations) == 6


def test_walks_down(check):
    """A variable that goes from node to node, and a node that a condition picks."""
    source = f"""{TREE}
        function first_word(t)
            while t.left !== nothing
                t = t.left
            end
            return t.word
        end
        function weighted(t)
            s = 0.0
            while t !== nothing
                s = 2s + t.word
                t = t.word > 1 ? t.left : t.right
            end
            return s
        end
        both(t) = (first_word(t), weighted(t))
        """

    def first_word(t):
        return t["word"] if t["left"] is None else first_word(t["left"])

    def weighted(t):
        s = 0.0
        while t is not None:
            s, t = 2 * s + t["word"], t["left"] if t["word"] > 1 else t["right"]
        return s

    trees = [*TREES, chain(9)]
    expected = [(first_word(tree), weighted(tree)) for tree in trees]
    check(f"{source}f(trees) = map(both, trees)", MANY, [trees], expected)
    check(f"{source}f(tree) = both(tree)", ONE, [chain(6)], (first_word(chain(6)), weighted(chain(6))))


def test_a_recursion_on_a_node_that_a_loop_finds(check):
    """It is not at a known number of levels below."""
    source = f"""{NETWORK}
        function deep(W, t)
            t.left === nothing && return E[:, t.word]
            d = t.left
            while d.left !== nothing && d.word > 2
                d = d.right
            end
            return tanh.(W * vcat(deep(W, d), deep(W, t.right)))
        end
        f(trees) = gradient(W -> sum(sum(abs2, deep(W, t)) for t in trees), W)[1]"""

    def deep(W, t):
        if t["left"] is None:
            return E[:, t["word"] - 1]
        d = t["left"]
        while d["left"] is not None and d["word"] > 2:
            d = d["right"]
        return np.tanh(W @ np.concatenate([deep(W, d), deep(W, t["right"])]))

    trees = [shifted(tree) for tree in [*TREES, chain(6), node(4, SMALL, node(5, SMALL, leaf(1)))]]
    expected = central(lambda W: sum(np.sum(deep(W, tree)**2) for tree in trees), W)
    check(source, MANY, [trees], expected, rtol=1e-6, atol=1e-8)


def test_a_recursion_that_gives_a_node(check):
    source = f"""{TREE}
        largest(a, b) = a.word > b.word ? a : b
        pick(t) = t.left === nothing ? t : largest(t, largest(pick(t.left), pick(t.right)))
        f(trees) = [10pick(t).word + (pick(t).left === nothing) for t in trees]"""

    def nodes(t):
        return [] if t is None else [t, *nodes(t["left"]), *nodes(t["right"])]

    trees = [node(1, leaf(5), leaf(2)), node(7, leaf(3), leaf(4)), leaf(3)]
    best = [max(nodes(tree), key=lambda t: t["word"]) for tree in trees]
    check(source, MANY, [trees], np.array([10 * t["word"] + (t["left"] is None) for t in best]))


def test_random_numbers_are_each_nodes_own(load):
    """They depend neither on the other trees nor on how far the tables are padded."""
    module = load(f"""{TREE}
        noise(t) = t.left === nothing ? [rand()] : 10 .* noise(t.left) .+ 100 .* noise(t.right) .+ rand()
        @export f(trees::Vector{{Tree}}) = [only(noise(t)) for t in trees]""")
    text = module.compile("f").to_bytes()
    first, other = (weber.Program(text)([SMALL, tree]) for tree in (leaf(1), chain(9)))
    assert first[0] == other[0] and 0 <= first[1] < 1
    again = weber.Program(text)
    results = np.array([again([SMALL, SMALL]) for _ in range(200)]) / (1 + 10 + 100 + 1000 + 10000)
    assert abs(results.mean() - 0.5) < 0.05 and results.std() > 0.15
    assert len(np.unique(results)) == results.size


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

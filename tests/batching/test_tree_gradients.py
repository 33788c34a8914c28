"""Gradients of functions that recur over trees, against central differences of the recursion in Python."""

import numpy as np
import pytest
import weber
from tree_samples import (
    MANY,
    NETWORK,
    ONE,
    SMALL,
    TREE,
    TREES,
    E,
    W,
    central,
    chain,
    leaf,
    node,
    score,
    shifted,
)
from weber.compiler.ops.loop_parts import LoopParts
from weber.frontend.compiling.entries import stage_entry


def gradients(trees):
    return (central(lambda E: sum(score(E, W, tree) for tree in trees), E),
            central(lambda W: sum(score(E, W, tree) for tree in trees), W))


@pytest.mark.parametrize("trees", [TREES, [SMALL], [chain(3), SMALL]], ids=range(3))
def test_gradient_of_a_sum_over_trees(check, trees):
    trees = [shifted(tree) for tree in trees]
    check(f"{NETWORK}\nf(trees) = gradient((E, W) -> sum(score(E, W, t) for t in trees), E, W)", MANY,
          [trees], gradients(trees), rtol=1e-6, atol=1e-8)


def test_the_derivative_keeps_a_row_for_each_node(load):
    """There is no copy of the results of a level, or of all nodes, for each level."""
    module = load(f"""{NETWORK}
        @export f(trees::Vector{{Tree}}) = gradient(W -> sum(score(E, W, t) for t in trees), W)[1]""")
    operations = stage_entry(module.entries()[0]).body.operations
    levels, backwards = [operation for operation in operations
                         if operation.name == "loop" and operation.attributes.get("ragged")]
    parts = LoopParts(levels.attributes, levels.regions[0])
    kept = parts.yielded(levels.regions[0].results)[2]
    assert len(kept) > 1 and all(map(parts.piece_dim, (value.type for value in kept)))
    assert backwards.attributes["reverse"] and backwards.attributes["carried"] == 2, "a window, and W"
    assert not any(operation.name == "scatter_add" and operation.result.element.is_float
                   for operation in operations), "each root is there once"


def test_gradient_through_decisions_and_loops_of_a_node(check):
    """Also on the level farthest from the roots, which has leaves alone."""
    source = f"""{NETWORK}
        function g(W, t)
            t.left === nothing && return E[:, t.word]
            x = vcat(g(W, t.left), g(W, t.right))
            t.word > 3 || return W * x ./ (sum(abs, x) + 1)
            s, k = 0.0, t.word
            while k > 1
                s += 1 / k
                k = k ÷ 2
            end
            h = tanh.(W * x) .* s
            for i in 1:mod(t.word, 3) + 1
                h = h .+ W[:, i] .* maximum(x) ./ (h[1] + 3)
            end
            return h
        end
        f(trees) = gradient(W -> sum(sum(g(W, t)) for t in trees), W)[1]"""

    def g(W, t):
        if t["left"] is None:
            return E[:, t["word"] - 1]
        x = np.concatenate([g(W, t["left"]), g(W, t["right"])])
        if t["word"] <= 3:
            return W @ x / (np.sum(np.abs(x)) + 1)
        s, k = 0.0, t["word"]
        while k > 1:
            s, k = s + 1 / k, k // 2
        h = np.tanh(W @ x) * s
        for i in range(t["word"] % 3 + 1):
            h = h + W[:, i] * np.max(x) / (h[0] + 3)
        return h

    trees = [node(5, leaf(2), node(1, leaf(4), leaf(6))), leaf(3),
             node(8, node(7, leaf(1), leaf(2)), leaf(5))]
    check(source, MANY, [trees], central(lambda W: sum(np.sum(g(W, tree)) for tree in trees), W),
          rtol=1e-6, atol=1e-8)


def test_what_is_computed_again_is_computed_anew(check):
    """With marks for the gradient, and with weights that have changed between."""
    trees = [shifted(tree) for tree in TREES]
    source = f"""{NETWORK}
        total(W, trees) = sum(score(E, W, t) for t in trees)
        function f(trees)
            V = copy(W)
            before, slope = total(V, trees), gradient(V -> total(V, trees), V)[1]
            V .*= 2
            return before, slope, total(V, trees)
        end"""
    before, after = (np.float64(sum(score(E, s * W, tree) for tree in trees)) for s in (1, 2))
    check(source, MANY, [trees], (before, gradients(trees)[1], after), rtol=1e-6, atol=1e-8)


def test_gradient_of_a_tree_that_is_there_twice(check):
    trees = [shifted(tree) for tree in TREES]
    source = f"{NETWORK}\nf(trees) = gradient(W -> sum(score(E, W, t) for t in trees[[1, 4, 1]]), W)[1]"
    check(source, MANY, [trees], gradients([trees[k] for k in (0, 3, 0)])[1], rtol=1e-6, atol=1e-8)


def test_gradient_of_wide_rows_that_are_there_twice(load):
    module = load(f"""{NETWORK}
        wide = reshape(sin.(1:512), 16, 32) ./ 4
        first_rows = reshape(cos.(1:128), 16, 8)
        slope(W, trees) = gradient(W -> sum(score(first_rows, W, t) for t in trees), W)[1]
        @export twice(trees::Vector{{Tree}}) = slope(wide, trees[[1, 4, 1]])
        @export each(trees::Vector{{Tree}}) = slope(wide, trees)""")
    twice, each = (weber.Program(module.compile(name).to_bytes()) for name in ("twice", "each"))
    trees = [shifted(tree) for tree in TREES]
    np.testing.assert_allclose(twice(trees), each([trees[0], trees[3], trees[0]]), rtol=1e-12)


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

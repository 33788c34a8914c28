"""One-hot arrays, data loaders and data containers."""

import numpy as np
import onnx
import pytest
import weber
from numpy.testing import assert_allclose, assert_array_equal


def test_onehot_and_onecold(program):
    module = program("""
    hot() = (onehot(3, 1:4), onehotbatch([2, 4, 1], 1:4), onehotbatch([7, 2], 1:3, 3))
    cold(x) = (onecold(x), onecold(x, 10:10:30), onecold(x[:, 1]))
    round_trip() = onecold(onehotbatch(['c', 'a', 'b'], 'a':'c'), 'a':'c') == ['c', 'a', 'b']
    """)
    one, many, default = module.hot()
    assert_array_equal(one, np.eye(4, dtype=bool)[2])
    assert_array_equal(many, np.eye(4, dtype=bool)[[1, 3, 0]])
    assert_array_equal(default, np.eye(3, dtype=bool)[[2, 1]])
    x = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]])
    indices, labels, first = module.cold(x)
    assert_array_equal(indices, [2, 1])
    assert_array_equal(labels, [20, 10])
    assert first == 2
    assert module.round_trip()


def test_onehot_refuses_unknown_labels(session):
    with pytest.raises(weber.WeberError, match="label 5 is none of the classes"):
        session("onehot(5, 1:3)")


BATCHES = """
sizes(loader) = [size(batch) for batch in loader]
x = reshape(collect(1:20), 2, 10)
"""


@pytest.mark.parametrize("options, shown", [
    ("batchsize = 4", "[(2, 4), (2, 4), (2, 2)]"),
    ("batchsize = 4, partial = false", "[(2, 4), (2, 4)]"),
    ("batchsize = -1", "[(2, 10)]"),
    ("batchsize = 5, shuffle = true", "[(2, 5), (2, 5)]"),
])
def test_batches(session, options, shown):
    session(BATCHES)
    assert session(f"string(sizes(DataLoader(x; {options})))").strip('"') == shown
    assert session(f"length(DataLoader(x; {options})) == length(sizes(DataLoader(x; {options})))") == "true"


def test_shuffled_batches_hold_every_observation_once(session):
    session(BATCHES)
    session("loader = DataLoader((x, 1:10); batchsize = 3, shuffle = true)")
    session("labels() = reduce(vcat, [collect(b[2]) for b in loader])")
    assert session("sort(labels()) == 1:10") == "true"
    assert session("all(b[1][2, :] == 2 .* b[2] for b in loader)") == "true"
    assert session("any(labels() != labels() for _ in 1:5)") == "true"


def test_named_tuples_and_uncollated_batches(session):
    session("loader = DataLoader((a = [1 2 3; 4 5 6], b = [7, 8, 9]); batchsize = 2)")
    assert session("first(loader)") == "(a = [1 2; 4 5], b = [7, 8])"
    assert session("first(DataLoader([1, 2, 3]; batchsize = 2, collate = false))").endswith("1\n 2")


def test_containers(session):
    session("using MLUtils")
    assert session("numobs((ones(2, 3), [1, 2, 3]))") == "3"
    assert session("getobs((a = [1 2; 3 4], b = [5, 6]), 2)") == "(a = [2, 4], b = 6)"
    assert session("map(numobs, splitobs(ones(2, 10); at = (0.5, 0.3)))") == "(5, 3, 2)"
    assert session("batch([[1, 2], [3, 4]]) == [1 3; 2 4]") == "true"
    assert session("unbatch([1 3; 2 4]) == [[1, 2], [3, 4]]") == "true"
    with pytest.raises(weber.WeberError, match="same number of observations"):
        session("numobs((ones(2, 3), [1, 2]))")


def test_a_product_with_a_one_hot_array_is_a_selection(program):
    module = program("""
    layer = Dense(6 => 3)
    @export batch(i::Int64[N]) = layer(onehotbatch(i, 1:6))
    @export sequences(i::Int64[T, N]) = layer(onehotbatch(i, 1:6))
    @export sides(i::Int64[N]) = (layer.weight * onehotbatch(i, 1:6), onehotbatch(i, 1:6)' * layer.weight')
    weights() = (layer.weight, layer.bias)
    """)
    weight, bias = module.weights()
    i = np.array([[2, 6], [1, 1], [5, 3]])
    for name, indices in (("batch", i[:, 0]), ("sequences", i)):
        made = module.compile(name)
        operators = {node.op_type for node in onnx.load_from_string(made.to_bytes()).graph.node}
        assert "Gather" in operators and operators.isdisjoint({"Gemm", "MatMul", "OneHot", "Cast"})
        assert_allclose(made.program()(indices), weight[indices - 1] + bias, rtol=1e-6)
    left, right = module.compile("sides").program()(i[:, 0])
    assert_allclose(left, weight[i[:, 0] - 1], rtol=1e-6)
    assert_allclose(right, weight[i[:, 0] - 1].T, rtol=1e-6)

"""Batches and observation dimensions of MLUtils, rotations and `gather!` of NNlib, as documented."""

import pytest
import weber


@pytest.mark.parametrize("source, printed", [
    ("bv = BatchView(collect(1:10); batchsize = 3); length(bv), bv[1], bv[4]", "(4, [1, 2, 3], [10])"),
    ("length(BatchView(1:10; batchsize = 3, partial = false))", "3"),
    ("collect(BatchView((1:4, [\"a\", \"b\", \"c\", \"d\"]); batchsize = 2))[2]", "(3:4, [\"c\", \"d\"])"),
    ("x = reshape(1:24, 3, 4, 2); v = obsview(x, ObsDim(2)); numobs(v), getobs(v, 1)",
     "(4, [1 13; 2 14; 3 15])"),
    ("x = rand(3, 4, 2); getobs(obsview(x, 2:3, ObsDim(2)), 1:2) == x[:, 2:3, :]", "true"),
    ("NNlib.gather!(zeros(Int, 2), [1 2; 3 4], [1, 2], [2, 2])", "2-element Vector{Int64}:\n 2\n 4"),
    ("x = zeros(4, 4, 1, 1); x[2, 2] = 1; findall(NNlib.imrotate(x, π / 2) .== 1)[1]",
     "CartesianIndex(2, 4, 1, 1)"),
    ("x = zeros(3, 3, 1, 1); x[1, 2] = 1; round.(NNlib.imrotate(x, π / 4)[:, :]; digits = 6)",
     "3×3 Matrix{Float64}:\n 0.0  0.207107  0.0\n 0.0  0.0       0.207107\n 0.0  0.0       0.0"),
    ("x = zeros(3, 3, 1, 1); x[1, 2] = 1; NNlib.imrotate(x, π / 4; method = :nearest)[1, 3]", "1.0"),
])
def test_documented_values(source, printed):
    session = weber.Session()
    session.evaluate("using Flux, MLUtils, NNlib")
    assert session.show(session.evaluate(source)) == printed

"""A comprehension over an array of several dims has its size, also where only the graph knows that."""

import numpy as np
import pytest

FORMS = {
    "elements": ("[2v for v in A]", lambda A: 2 * A),
    "collected": ("collect(v^2 for v in A)", lambda A: A**2),
    "pairs of elements": ("[a + 2b for (a, b) in zip(A, reverse(A))]", lambda A: A + 2 * A[::-1, ::-1]),
    "numbered": ("[i * v for (i, v) in enumerate(A)]",
                 lambda A: A * np.arange(1, A.size + 1).reshape(A.shape[::-1]).T),
    "cartesian indices": ("[A[c] * c[1] for c in CartesianIndices(A)]",
                          lambda A: A * np.arange(1, len(A) + 1)[:, None]),
    "reduced along a dim": ("vec(sum([v^2 for v in A]; dims = 1))", lambda A: (A**2).sum(0)),
    "linear indices": ("[A[i] for i in eachindex(A)]", lambda A: A.T.reshape(-1)),
    "chosen elements": ("[v for v in A if v > 0]", lambda A: A.T[A.T > 0]),
}


@pytest.mark.parametrize("form", FORMS)
def test_of_one_and_of_many(check, form):
    text, meaning = FORMS[form]
    source = f"one(A) = {text}\nmany(As) = map(one, As)\n"
    rng = np.random.default_rng(0)
    As = [rng.normal(size=(rows, columns)) for rows, columns in ((3, 2), (1, 4), (5, 3))]
    check(source, "one(A::Float64[m, n])", [As[0].T], meaning(As[0]).T)
    check(source, "many(As::Vector{Float64[m, n]})", [[A.T for A in As]], [meaning(A).T for A in As])

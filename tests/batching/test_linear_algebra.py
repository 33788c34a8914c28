"""Equations, inverses and determinants of matrices that only the graph knows, of any size."""

import numpy as np
import pytest

SIZES = [3, 1, 4, 2]

FORMS = {
    "solve": ("A \\ b", np.linalg.solve),
    "several right sides": ("A \\ [b 2b]", lambda A, b: np.linalg.solve(A, np.stack([b, 2 * b], 1)).T),
    "solve from the right": ("b' / A", lambda A, b: np.linalg.solve(A.T, b)[:, None]),
    "inverse": ("inv(A)", lambda A, b: np.linalg.inv(A).T),
    "negative power": ("A^-2 * b", lambda A, b: np.linalg.matrix_power(np.linalg.inv(A), 2) @ b),
    "determinant": ("det(A)", lambda A, b: np.linalg.det(A)),
    "logarithm of a determinant": ("logdet(A * A')", lambda A, b: 2 * np.linalg.slogdet(A)[1]),
    "diagonal": ("diag(A)", lambda A, b: np.diag(A).copy()),
    "next to the diagonal": ("sum(diag(A, 1)) - sum(diag(A, -1))",
                             lambda A, b: np.trace(A, 1) - np.trace(A, -1)),
    "trace": ("tr(A)", lambda A, b: np.trace(A)),
    "triangles": ("triu(A) - tril(A, -1)", lambda A, b: (np.triu(A) - np.tril(A, -1)).T),
    "diagonal matrices": ("Diagonal(b) + diagm(diag(A))", lambda A, b: np.diag(b + np.diag(A))),
    "identity": ("A + 2I", lambda A, b: (A + 2 * np.eye(len(b))).T),
    "identity matrix": ("Matrix(1.0I, size(A)...) - Matrix{Float64}(I, length(b), length(b)) .* b",
                        lambda A, b: np.eye(len(b)) - np.diag(b)),
}


@pytest.mark.parametrize("form", FORMS)
def test_of_one_and_of_many(check, form):
    text, meaning = FORMS[form]
    rng = np.random.default_rng(1)
    As = [rng.normal(size=(n, n)) + 2 * np.eye(n) for n in SIZES]
    bs = [rng.normal(size=n) for n in SIZES]
    source = f"using LinearAlgebra\none(A, b) = {text}\nmany(As, bs) = map(one, As, bs)\n"
    check(source, "one(A::Float64[n, n], b::Float64[n])", [As[0].T, bs[0]], meaning(As[0], bs[0]), rtol=1e-9)
    expected = [meaning(A, b) for A, b in zip(As, bs)]
    if np.ndim(expected[0]) == 0:
        expected = np.array(expected)
    signature = "many(As::Vector{Float64[n, n]}, bs::Vector{Float64[n]})"
    check(source, signature, [[A.T for A in As], bs], expected, rtol=1e-9)


@pytest.mark.parametrize("text, meaning, slope", [
    ("sum(abs2, A \\ b)", lambda A, b: np.sum(np.linalg.solve(A, b)**2), None),
    ("logdet(A' * A)", lambda A, b: 2 * np.linalg.slogdet(A)[1], lambda A, b: 2 * np.linalg.inv(A).T),
    ("det(A)", lambda A, b: np.linalg.det(A), lambda A, b: np.linalg.det(A) * np.linalg.inv(A).T),
], ids=["solve", "logdet", "det"])
def test_gradients(check, text, meaning, slope):
    rng = np.random.default_rng(2)
    As = [rng.normal(size=(n, n)) + 2 * np.eye(n) for n in SIZES]
    bs = [rng.normal(size=n) for n in SIZES]
    source = f"""
        using LinearAlgebra
        slopes(As, bs) = gradient(As -> sum(map((A, b) -> {text}, As, bs)), As)[1]"""

    def by_differences(A, b):
        found = np.zeros_like(A)
        for place in np.ndindex(A.shape):
            step = np.zeros_like(A)
            step[place] = 1e-6
            found[place] = (meaning(A + step, b) - meaning(A - step, b)) / 2e-6
        return found

    expected = [(slope or by_differences)(A, b).T for A, b in zip(As, bs)]
    check(source, "slopes(As::Vector{Float64[n, n]}, bs::Vector{Float64[n]})", [[A.T for A in As], bs],
          expected, rtol=1e-6, atol=1e-7)


def test_matrices_known_before_and_right_sides_of_examples(check):
    """One factorisation for all."""
    A = np.array([[0.0, 2, 1], [1, 0, 0], [3, 0, 1]])
    source = "using LinearAlgebra\nconst A = [0.0 2 1; 1 0 0; 3 0 1]\nf(bs) = [A \\ b for b in bs]"
    bs = list(np.random.default_rng(0).normal(size=(4, 3)))
    check(source, "f(bs::Vector{Float64[3]})", [bs], [np.linalg.solve(A, b) for b in bs], rtol=1e-9)


def test_examples_of_size_N(check):
    """A size of the elements may be called N: the number of examples has another name then."""
    xs = [np.ones(n) for n in (2, 0, 3)]
    check("f(xs) = sum.(xs)", "f(xs::Vector{Float64[N]})", [xs], np.array([2.0, 0, 3]))


def test_least_squares_need_a_square_matrix(load):
    with pytest.raises(Exception, match="has to be square; least squares are"):
        load("f(A, b) = A \\ b\n@export f(A::Float64[4, 2], b::Float64[4])").compile("f")

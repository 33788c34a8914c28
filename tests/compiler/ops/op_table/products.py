"""Contraction and its fused form."""

import itertools

import numpy as np
from op_table.table import NUMBERS, K, N, equal_shapes, row

SPECS = ["nk,hk->nh", "nk,kh->nh", "kn,kh->nh", "kn,hk->hn", "nk,hk->hn", "tnk,tnh->hk", "tnk,kh->tnh",
         "tnk,hk->tnh",
         "tnk,hk->nth", "bik,bkj->bij", "bik,bjk->bij", "bki,bkj->bji", "ibk,kbj->bij", "k,k->", "nk,k->n",
         "kn,k->n",
         "k,kn->n", "k,nk->n", "n,h->nh", "n,h->hn", "bn,bn->bn", "bn,b->bn", "bk,bk->b", ",->", ",n->n",
         "nab,hab->nh",
         "nab,hba->nh", "bk,bkj->bj", "bjk,bk->bj", "ab,abij->ij", "abij,abij->", "nkm,kmh->nh",
         "bhik,bhjk->bhij",
         "gmk,ngko->ngmo", "nah,bh->anb", "ikj,k->ij", "abk,bck->bac", "kab,kcd->cadb"]


def _draw_contraction(d):
    spec = d.choose(*SPECS)
    sizes = {letter: d.choose(*([1, 2, 3, N, K] if d.smooth else [1, 2, 3, N, K, 0]))
             for letter in "abcdghijkmnoqt"}
    left, right = spec.partition("->")[0].split(",")
    return d.sample([tuple(map(sizes.get, left)), tuple(map(sizes.get, right))], spec=spec)


def _contraction(x, y, spec):
    (left, right), result = spec.partition("->")[0].split(","), spec.partition("->")[2]
    sizes = dict(zip(left + right, x.shape + y.shape))
    letters = sorted(sizes)
    total = np.zeros([sizes[letter] for letter in result], x.dtype if x.dtype.kind in "iu" else np.float64)
    for place in itertools.product(*(range(sizes[letter]) for letter in letters)):
        at = dict(zip(letters, place))
        total[tuple(map(at.get, result))] += (x[tuple(map(at.get, left))].astype(total.dtype)
                                              * y[tuple(map(at.get, right))].astype(total.dtype))
    return total


row("contract", _draw_contraction, _contraction, NUMBERS, tolerance=10)


def _draw_gemm(d):
    rows, _, columns = d.shape(3, 3)
    summed = d.choose(1, 2, 3, K + 1)  # the runtime forgets beta where nothing is summed
    flags = d.choose(True, False), d.choose(True, False)
    left, right = (rows, summed)[::-1 if flags[0] else 1], (summed, columns)[::-1 if flags[1] else 1]
    addend = d.choose([], [()], [(columns,)], [(rows, 1)], [(rows, columns)])
    return d.sample([left, right, *addend], transpose_a=flags[0], transpose_b=flags[1],
                    alpha=d.choose(1.0, -0.5),
                    beta=d.choose(1.0, 2.0))


def _gemm(left, right, *addend, transpose_a, transpose_b, alpha, beta):
    spec = ("ki" if transpose_a else "ik") + "," + ("jk" if transpose_b else "kj") + "->ij"
    return alpha * _contraction(left, right, spec) + sum(beta * array.astype(float) for array in addend)


row("gemm", _draw_gemm, _gemm, ("f32", "f64", "f16"), tolerance=10)
row("relu", equal_shapes(1), lambda x: np.where(x > 0, x, 0), ("f32", "f64", "f16"))


def _draw_hard_sigmoid(d):
    shape = d.shape()
    return d.sample([shape], alpha=d.choose(0.2, 1.0, 1e30), beta=d.choose(0.5, 0.0))


row("hard_sigmoid", _draw_hard_sigmoid, lambda x, alpha, beta: np.median(
    [x * float(alpha) + beta, 0 * x, 0 * x + 1], axis=0), ("f32", "f16"))


def _draw_matrices(d, *right):
    """Matrices (batch, n, n) whose diagonal outweighs the rest, and right sides (batch, m, n)."""
    batch, size = (d.choose(*([1, 2, 3, N, K] if d.smooth else [1, 2, 3, N, K, 0])) for _ in range(2))
    shapes = [(batch, size, size), *((batch, rows, size) for rows in right)]
    arrays = [d.array(shape) for shape in shapes]
    arrays[0] = (arrays[0] / 4 + 4 * np.eye(arrays[0].shape[1])).astype(arrays[0].dtype)
    arrays[0][:, ::2] *= -1
    arrays[0] = np.roll(arrays[0], 1, axis=1)  # so that rows have to change places
    return d.sample(shapes, arrays)


def _by_inverse(a, right):
    return np.stack([y @ np.linalg.inv(x) for x, y in zip(a.astype(float), right.astype(float))]) if len(
        a) else right


def _by_permutations(a):
    """Leibniz's formula."""
    def one(matrix):
        total = 0
        for order in itertools.permutations(range(len(matrix))):
            sign = (-1)**sum(x > y for x, y in itertools.combinations(order, 2))
            total += sign * np.prod([matrix[i, j] for i, j in enumerate(order)])
        return total

    return np.array([one(matrix) for matrix in a.astype(float)])


row("solve", lambda d: _draw_matrices(d, d.choose(1, 2, N)), _by_inverse, ("f32", "f64", "f16"), tolerance=20)
row("determinant", _draw_matrices, _by_permutations, ("f32", "f64"), tolerance=100)
row("log_determinant", _draw_matrices, lambda a: np.log(abs(_by_permutations(a))), ("f32", "f64"),
    tolerance=20)

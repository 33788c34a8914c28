"""Programs that learn in their inner loop, and networks over sets and trees."""

import numpy as np
from program_table.program import Program, dense, log_softmax, sigmoid, softmax
from program_table.sequences import unpack, zipped

# --- gradients of each example ------------------------------------------------------------------------------


def network(flat, x, inputs, hidden):
    w1, b1, w2, b2 = unpack(flat, [(hidden, inputs), (hidden,), (1, hidden), (1,)])
    return np.tanh(x @ w1 + b1) @ w2 + b2, (w1, b1, w2, b2)


def network_gradient(flat, x, y, inputs, hidden):
    """The gradient of the mean of (network - y)² by the chain rule, written out."""
    answer, (w1, b1, w2, _) = network(flat, x, inputs, hidden)
    error = 2 * (answer - y) / answer.size
    h = np.tanh(x @ w1 + b1)
    inner = (error @ w2.T) * (1 - h**2)
    parts = [x.T @ inner, inner.sum(0), h.T @ error, error.sum(0)]
    return np.concatenate([part.reshape(-1) for part in parts])


def clipped(p, x, y):
    g = network_gradient(p["parameters"], x[None], np.array([[y]]), 4, 8)
    return (g * min(1, 0.5 / np.linalg.norm(g)),)


def _products(rng):
    xs = rng.normal(size=(32, 4)).astype(np.float32)
    return list(xs), list(np.tanh(xs[:, 0]))


CLIPPING = Program("per_example_clipping.jl",
                   "gradient_one",
                   "gradient_all",
                   lambda rng: [(x, np.float32(y)) for x, y in zip(
                       rng.normal(size=(5, 4)).astype(np.float32), 3 * rng.normal(size=5), strict=True)],
                   clipped,
                   largest=lambda: (np.full(4, 50, np.float32), np.float32(1e3)),
                   train="train_step",
                   batch=_products,
                   steps=80)


def tuned(p, hyper, task, steps):
    """Held-out loss after gradient descent with a quadratic loss: w ← w - η (2 xᵀ(x w - y)/n + 2 λ w)."""
    rate, decay = np.exp(hyper)
    x, y, w = task["x"].T, task["y"], np.zeros(3)
    for _ in range(steps):
        w = w - rate * (2 * x.T @ (x @ w - y) / len(y) + 2 * decay * w)
    return np.mean((task["held_x"].T @ w - task["held_y"])**2)


def _task(rng, rows, held):
    w = rng.normal(size=3)
    x, held_x = rng.normal(size=(3, rows)), rng.normal(size=(3, held))
    return {
        "x": x,
        "y": w @ x + 0.1 * rng.normal(size=rows),
        "held_x": held_x,
        "held_y": w @ held_x + 0.1 * rng.normal(size=held)
    }


def tuned_gradient(p, hyper, task, steps):
    e = 1e-5
    return (np.array([(tuned(p, hyper + d, task, steps) - tuned(p, hyper - d, task, steps)) / (2 * e)
                      for d in e * np.eye(2)]),)


HYPERGRADIENT = Program("hypergradient.jl",
                        "hypergradient",
                        "hypergradients",
                        lambda rng: [(_task(rng, m, l), np.int64(n))
                                     for m, l, n in ((6, 4, 5), (3, 9, 12), (8, 2, 1))],
                        tuned_gradient,
                        shared=(np.log([0.03, 0.4]),),
                        least=lambda: (_task(np.random.default_rng(1), 2, 1), np.int64(0)),
                        largest=lambda: (_task(np.random.default_rng(2), 30, 20), np.int64(100)),
                        train="tune_step",
                        batch=lambda rng: (_task(np.random.default_rng(4), 12, 20),),
                        falls=0.9,
                        tolerance=1e-6)


def meta_loss(p, flat, task):
    s, t = {k: v.astype(np.float64) for k, v in task.items()}, 0.05
    adapted = flat - t * network_gradient(flat, s["x"], s["y"], 1, 24)
    return np.mean((network(adapted, s["query_x"], 1, 24)[0] - s["query_y"])**2)


def meta_gradient(p, task):
    flat, e = p["parameters"].astype(np.float64), 1e-5
    return (np.array([(meta_loss(p, flat + d, task) - meta_loss(p, flat - d, task)) / (2 * e)
                      for d in e * np.eye(len(flat))]),)


def _sine(rng, support, query):
    amplitude, phase = rng.uniform(0.5, 2.5), rng.uniform(0, np.pi)
    x, query_x = rng.uniform(-3, 3, (support, 1)), rng.uniform(-3, 3, (query, 1))
    task = {
        "x": x,
        "y": amplitude * np.sin(x + phase),
        "query_x": query_x,
        "query_y": amplitude * np.sin(query_x + phase)
    }
    return {name: array.astype(np.float32) for name, array in task.items()}


MAML = Program("maml.jl",
               "gradient_one",
               "gradient_all",
               lambda rng: [(_sine(rng, s, q),) for s, q in ((5, 3), (2, 7), (9, 4))],
               meta_gradient,
               least=lambda: (_sine(np.random.default_rng(1), 1, 1),),
               largest=lambda: (_sine(np.random.default_rng(1), 60, 50),),
               train="train_step",
               batch=lambda rng: ([_sine(rng, n, 10) for n in rng.integers(5, 11, 16)],),
               falls=0.95,
               tolerance=2e-4)

# --- sets and trees -----------------------------------------------------------------------------------------


def summarise(p, x):
    query, key, value = (dense(p, f"model.{name}", x) for name in ("query", "key", "value"))
    weights = softmax(query @ key.T / np.sqrt(8))
    return dense(p, "model.output", (weights @ value).mean(0))[0]


def _sets(rng, sizes):
    xs = [rng.normal(size=(n, 4)).astype(np.float32) for n in sizes]
    return zipped(xs, [x[:, 0].max() for x in xs])


ATTENTION = Program("attention.jl",
                    "summarise",
                    "summarise_all",
                    lambda rng: [(x,) for x, _ in _sets(rng, (3, 1, 7, 4))],
                    lambda p, x: (summarise(p, x),),
                    least=lambda: (np.ones((1, 4), np.float32),),
                    largest=lambda: _sets(np.random.default_rng(1), [90])[0][:1],
                    loss="loss",
                    model_objective=lambda p, x, y: (summarise(p, x) - y)**2,
                    gradients="input_gradients",
                    objective=summarise,
                    train="train_step",
                    batch=lambda rng: zipped(*_sets(rng, rng.integers(1, 10, 32))),
                    steps=100)


def classify(p, tree):
    word, left, right = tree

    def node(k):
        if left[k] == 0:
            i, o, u = np.split(dense(p, "model.leaf", p["model.embedding.weight"][word[k] - 1]), 3)
            c = sigmoid(i) * np.tanh(u)
        else:
            (h1, c1), (h2, c2) = node(left[k] - 1), node(right[k] - 1)
            i, o, u, f1, f2 = np.split(dense(p, "model.node", np.concatenate([h1, h2])), 5)
            c = sigmoid(i) * np.tanh(u) + sigmoid(f1) * c1 + sigmoid(f2) * c2
        return sigmoid(o) * np.tanh(c), c

    return dense(p, "model.output", node(len(word) - 1)[0])


def random_tree(rng, leaves):
    """A random binary tree as a table, children before parents, and the class of its words."""
    word, left, right = [], [], []

    def grow(leaves):
        if leaves == 1:
            children, number = (0, 0), int(rng.integers(1, 41))
        else:
            split = int(rng.integers(1, leaves))
            children, number = (grow(split), grow(leaves - split)), 1
        word.append(number)
        left.append(children[0])
        right.append(children[1])
        return len(word)

    grow(leaves)
    tree = tuple(map(np.array, (word, left, right)))
    return tree, np.int64(tree[0][-1] % 3 + 1 if leaves == 1 else tree[0][tree[1] == 0][0] % 3 + 1)


def chain(leaves):
    """A tree as deep as it has leaves."""
    word, left, right = [1], [0], [0]
    for k in range(leaves - 1):
        word += [k % 40 + 1, 1]
        left += [0, len(left)]
        right += [0, len(right) + 1]
    return tuple(map(np.array, (word, left, right)))


TREE = Program("tree_lstm.jl",
               "classify",
               "classify_all",
               lambda rng: [(random_tree(rng, n)[0],) for n in (3, 1, 6, 2)],
               lambda p, tree: (softmax(classify(p, tree)),),
               least=lambda: ((np.array([3]), np.array([0]), np.array([0])),),
               largest=lambda: (chain(40),),
               loss="loss",
               model_objective=lambda p, tree, y: -log_softmax(classify(p, tree))[y - 1],
               train="train_step",
               batch=lambda rng: zipped(*[random_tree(rng, n) for n in rng.integers(1, 7, 32)]))

PROGRAMS = [CLIPPING, HYPERGRADIENT, MAML, ATTENTION, TREE]

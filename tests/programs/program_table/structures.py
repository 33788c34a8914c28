"""Programs over structures: alignments, stacks, graphs."""

import numpy as np
from program_table.program import Program, dense, log_softmax

# --- alignment ----------------------------------------------------------------------------------------------

GAP, SMOOTH = 0.7, 0.2


def alignment_costs(x, y, least):
    costs = np.add.outer(np.arange(len(x) + 1), np.arange(len(y) + 1)) * GAP
    for i, a in enumerate(x):
        for j, b in enumerate(y):
            one, other = costs[i, j + 1] + GAP, costs[i + 1, j] + GAP
            costs[i + 1, j + 1] = least(costs[i, j] + (a - b) ** 2, one, other)
    return costs


def smooth_cost(p, x, y):
    def softmin(*terms):
        return -SMOOTH * np.logaddexp.reduce(-np.array(terms) / SMOOTH)

    return alignment_costs(x, y, softmin)[-1, -1]


def alignment(p, x, y):
    """The smooth cost, and the moves back through the table of the exact ones: 0 both, 1 of x, 2 of y."""
    costs, path, (i, j) = alignment_costs(x, y, min), [], (len(x), len(y))
    while i or j:
        if i and j and np.isclose(costs[i, j], costs[i - 1, j - 1] + (x[i - 1] - y[j - 1]) ** 2, atol=1e-12):
            move, i, j = 0, i - 1, j - 1
        elif i and np.isclose(costs[i, j], costs[i - 1, j] + GAP, atol=1e-12):
            move, i = 1, i - 1
        else:
            move, j = 2, j - 1
        path.insert(0, move)
    return smooth_cost(p, x, y), np.array(path, np.int64)


ALIGNMENT = Program("alignment.jl",
                    "align",
                    "align_all",
                    lambda rng: [(rng.normal(size=m), rng.normal(size=n))
                                 for m, n in ((3, 4), (1, 1), (6, 2), (5, 5))],
                    alignment,
                    least=lambda: (np.zeros(0), np.array([0.3])),
                    largest=lambda: (np.sin(np.arange(20.0)), np.cos(np.arange(17.0))),
                    smooth=False,
                    gradient="cost_gradient",
                    gradients="cost_gradients",
                    objective=smooth_cost,
                    of=(0, 1),
                    tolerance=1e-9)

# --- shift and reduce ---------------------------------------------------------------------------------------


def stack_scores(p, words, actions):
    stack, words, height = [], iter(words), 0
    for action in actions:
        if action == 1:
            stack.append(p["model.embedding.weight"][next(words) - 1])
        else:
            right, left = stack.pop(), stack.pop()
            stack.append(np.tanh(dense(p, "model.compose", np.concatenate([left, right]))))
        height = max(height, len(stack))
    return dense(p, "model.output", stack[-1]), np.int64(height)


def _sentence(rng, count):
    """(words, actions) of a random bracketing."""
    actions, height, left = [], 0, count
    while left or height > 1:
        shift = height < 2 or (left > 0 and rng.random() < 0.5)
        actions.append(1 if shift else 2)
        height, left = height + (1 if shift else -1), left - shift
    return rng.integers(1, 21, count), np.array(actions)


def _sentences(rng):
    words, actions = zip(*(_sentence(rng, count) for count in rng.integers(1, 6, 24)), strict=True)
    return [list(words), list(actions), [int(w[-1]) % 3 + 1 for w in words]]


SHIFT_REDUCE = Program("shift_reduce.jl",
                       "scores",
                       "scores_all",
                       lambda rng: [_sentence(rng, count) for count in (3, 1, 5, 2)],
                       stack_scores,
                       least=lambda: (np.array([7]), np.array([1])),
                       largest=lambda: (np.arange(25) % 20 + 1, np.array([1] * 25 + [2] * 24)),
                       loss="loss",
                       model_objective=lambda p, words, actions, label: -log_softmax(
                           stack_scores(p, words, actions)[0])[label - 1],
                       train="train_step",
                       batch=_sentences)

# --- graphs -------------------------------------------------------------------------------------------------


def graph_value(p, nodes, start, end):
    h = dense(p, "model.embed", nodes)
    for _ in range(2):
        sums, weights = np.zeros_like(h), np.zeros(len(h))
        for i, j in zip(start - 1, end - 1, strict=True):
            weight = np.exp(dense(p, "model.score", np.concatenate([h[i], h[j]]))[0])
            sums[j] += weight * np.tanh(dense(p, "model.message", h[i]))
            weights[j] += weight
        received = sums / np.where(weights > 0, weights, 1)[:, None]
        h = np.tanh(dense(p, "model.update", np.concatenate([h, received], 1)))
    return dense(p, "model.output", h).sum()


def _graph(rng, nodes, edges):
    return (rng.normal(size=(nodes, 3)).astype(np.float32), rng.integers(1, nodes + 1, edges),
            rng.integers(1, nodes + 1, edges))


def _graphs(rng):
    graphs = [_graph(rng, nodes, edges) for nodes, edges in rng.integers([2, 0], [5, 6], (24, 2))]
    nodes, start, end = map(list, zip(*graphs, strict=True))
    return [nodes, start, end, [np.float32(x[i - 1, 0].sum() / 2) for x, i in zip(nodes, start, strict=True)]]


GRAPH_NETWORK = Program("graph_network.jl",
                        "evaluate",
                        "evaluate_all",
                        lambda rng: [_graph(rng, *sizes) for sizes in ((3, 4), (1, 1), (5, 7), (2, 0))],
                        lambda p, *graph: (graph_value(p, *graph),),
                        least=lambda: _graph(np.random.default_rng(5), 1, 0),
                        largest=lambda: _graph(np.random.default_rng(6), 12, 40),
                        loss="loss",
                        model_objective=lambda p, *graph: (graph_value(p, *graph[:-1]) - graph[-1]) ** 2,
                        train="train_step",
                        batch=_graphs,
                        falls=0.8)

PROGRAMS = [ALIGNMENT, SHIFT_REDUCE, GRAPH_NETWORK]

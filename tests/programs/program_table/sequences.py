"""Programs over sequences of different lengths: taggers, decoders, dynamic programming."""

import itertools

import numpy as np
from program_table.program import (
    Program,
    dense,
    gru,
    log_softmax,
    lstm,
    lstm_layer,
    rnn,
    sigmoid,
    softmax,
    softplus,
)
from scipy.special import logsumexp

LENGTHS = (3, 1, 7, 4, 2)


def zipped(*columns):
    return list(map(list, zip(*columns, strict=True)))


# --- tagger -------------------------------------------------------------------------------------------------


def tag_scores(p, words):
    x = p["model.embedding.weight"][words - 1]
    ahead, back = lstm_layer(p, "model.forward", x), lstm_layer(p, "model.backward", x[::-1])[::-1]
    return dense(p, "model.output", np.concatenate([ahead, back], 1))


def tag_loss(p, words, tags):
    return -log_softmax(tag_scores(p, words))[np.arange(len(tags)), tags - 1].sum()


def _sentences(rng, lengths):
    words = [rng.integers(1, 51, n) for n in lengths]
    return zipped(words, [(w + np.append(w[1:] > 25, 0)) % 5 + 1 for w in words])


TAGGER = Program("bilstm_tagger.jl",
                 "tag",
                 "tag_all",
                 lambda rng: [(w,) for w, _ in _sentences(rng, LENGTHS)],
                 lambda p, words: (tag_scores(p, words).argmax(-1) + 1,),
                 least=lambda: (np.array([], np.int64),),
                 largest=lambda: (np.arange(60) % 50 + 1,),
                 loss="loss",
                 model_objective=tag_loss,
                 train="train_step",
                 batch=lambda rng: zipped(*_sentences(rng, rng.integers(3, 12, 32))),
                 steps=50)

# --- greedy decoder -----------------------------------------------------------------------------------------


def decode(p, state):
    tokens, token = [], 1
    while len(tokens) < 12:
        state = gru(p, "model.cell", p["model.embedding.weight"][token - 1], state)
        token = int(dense(p, "model.output", state).argmax()) + 1
        tokens.append(token)
        if token == 1:
            break
    return (np.array(tokens, np.int64),)


def likelihood(p, state, target):
    total, token = 0.0, 1
    for following in target:
        state = gru(p, "model.cell", p["model.embedding.weight"][token - 1], state)
        total -= log_softmax(dense(p, "model.output", state))[following - 1]
        token = following
    return total


def _countdowns(rng):
    starts = rng.integers(2, 9, 16)
    return list(np.eye(16, dtype=np.float32)[starts - 1]), [np.arange(s, 0, -1) for s in starts]


DECODER = Program("greedy_decoder.jl",
                  "translate",
                  "translate_all",
                  lambda rng: [(s,) for s in 2 * rng.normal(size=(6, 16)).astype(np.float32)],
                  decode,
                  least=lambda: (np.zeros(16, np.float32),),
                  largest=lambda: (np.full(16, 3, np.float32),),
                  loss="loss",
                  model_objective=likelihood,
                  train="train_step",
                  batch=_countdowns)

SCORER = Program("greedy_decoder.jl",
                 "score",
                 "score_all",
                 lambda rng: [(rng.normal(size=16).astype(np.float32), rng.integers(1, 9, n))
                              for n in LENGTHS],
                 lambda p, s, y: (likelihood(p, s, y),),
                 least=lambda: (np.zeros(16, np.float32), np.array([], np.int64)),
                 largest=lambda: (np.ones(16, np.float32), np.arange(80) % 8 + 1))

# --- adaptive computation time ------------------------------------------------------------------------------


def ponder(p, x):
    state, average, remainder, steps = np.zeros(12), np.zeros(12), 1.0, 0
    while True:
        steps += 1
        state = rnn(p, "model.cell", x, state)
        halt = sigmoid(dense(p, "model.halt", state))[0]
        if remainder - halt < 0.01 or steps == 10:
            break
        average, remainder = average + halt * state, remainder - halt
    return (dense(p, "model.output", average + remainder * state)[0], np.int64(steps), steps + remainder)


def ponder_loss(p, x, y):
    answer, _, cost = ponder(p, x)
    return (answer - y)**2 + 0.01 * cost


def _ponder_batch(rng):
    xs = rng.normal(size=(32, 4)).astype(np.float32)
    return list(xs), list(np.tanh(xs[:, 0] - xs[:, 1]))


PONDERER = Program("adaptive_computation_time.jl",
                   "ponder",
                   "ponder_all",
                   lambda rng: [(x,) for x in 3 * rng.normal(size=(6, 4)).astype(np.float32)],
                   ponder,
                   least=lambda: (np.zeros(4, np.float32),),
                   largest=lambda: (np.full(4, 100, np.float32),),
                   loss="loss",
                   model_objective=ponder_loss,
                   train="train_step",
                   batch=_ponder_batch)

# --- connectionist temporal classification ------------------------------------------------------------------


def ctc(p, logits, labels):
    """The summed probabilities of alignments, in linear space, each column scaled (Graves 2006)."""
    y, blank = softmax(logits.astype(np.float64)), logits.shape[1] - 1
    symbols = [blank]
    for label in labels:
        symbols += [label - 1, blank]
    alpha, log_scale = np.zeros(len(symbols)), 0.0
    alpha[:2] = y[0, symbols[:2]]
    for t in range(len(y)):
        if t:
            old = alpha.copy()
            alpha[1:] += old[:-1]
            for s in range(2, len(symbols)):
                if symbols[s] != blank and symbols[s] != symbols[s - 2]:
                    alpha[s] += old[s - 2]
            alpha *= y[t, symbols]
        log_scale += np.log(alpha.sum())
        alpha /= alpha.sum()
    return -(np.log(alpha[-2:].sum()) + log_scale)


def _utterance(rng, labels):
    labels = rng.integers(1, 6, labels)
    return rng.normal(size=(2 * len(labels) + rng.integers(1, 4), 6)).astype(np.float32), labels


def _sounds(rng):
    voices = np.random.default_rng(3).normal(size=(6, 4))
    labels = [rng.integers(1, 6, n) for n in rng.integers(1, 5, 16)]
    sounds = [np.repeat(voices[y], 2, 0) + 0.1 * rng.normal(size=(2 * len(y), 4)) for y in labels]
    return [x.astype(np.float32) for x in sounds], labels


CTC = Program("ctc.jl",
              "loss",
              "losses",
              lambda rng: [_utterance(rng, n) for n in LENGTHS],
              lambda p, x, y: (ctc(p, x, y),),
              least=lambda: (np.zeros((1, 6), np.float32), np.array([], np.int64)),
              largest=lambda: _utterance(np.random.default_rng(1), 20),
              gradient="loss_gradient",
              gradients="loss_gradients",
              objective=ctc,
              train="train_step",
              batch=_sounds,
              steps=60,
              tolerance=1e-4)

# --- conditional random field -------------------------------------------------------------------------------


def sequence_scores(p, x, sequences):
    emissions = dense(p, "model.emission", x)
    s = np.array(sequences)
    total = p["model.start"][s[:, 0]] + emissions[np.arange(len(x)), s].sum(1)
    return total + p["model.transition"][s[:, :-1], s[:, 1:]].sum(1)


def field_loss(p, x, tags):
    """The partition function by enumeration; for long sequences by powers of the transition matrix."""
    if len(x) <= 7:
        partition = logsumexp(sequence_scores(p, x, list(itertools.product(range(4), repeat=len(x)))))
    else:
        emissions = dense(p, "model.emission", x)
        weights, shift = np.exp(p["model.start"] + emissions[0]), 0.0
        for row in emissions[1:]:
            weights = (weights @ np.exp(p["model.transition"])) * np.exp(row)
            shift += np.log(weights.sum())
            weights /= weights.sum()
        partition = np.log(weights.sum()) + shift
    return partition - sequence_scores(p, x, [tags - 1])[0]


def best_tags(p, x):
    sequences = list(itertools.product(range(4), repeat=len(x)))
    return (np.array(sequences[sequence_scores(p, x, sequences).argmax()]) + 1,)


def _fields(rng, lengths):
    xs = [rng.normal(size=(n, 6)).astype(np.float32) for n in lengths]
    return zipped(xs, [(np.cumsum(1 + (x[:, 0] > 0)) + rng.integers(4)) % 4 + 1 for x in xs])


VITERBI = Program("crf.jl",
                  "tag",
                  "tag_all",
                  lambda rng: [(x,) for x, _ in _fields(rng, LENGTHS)],
                  best_tags,
                  least=lambda: (np.ones((1, 6), np.float32),))

CRF = Program("crf.jl",
              "loss_one",
              "loss_all",
              lambda rng: _fields(rng, LENGTHS),
              lambda p, x, y: (field_loss(p, x, y),),
              least=lambda: (np.ones((1, 6), np.float32), np.array([2])),
              largest=lambda: _fields(np.random.default_rng(1), [70])[0],
              loss="loss",
              model_objective=field_loss,
              train="train_step",
              batch=lambda rng: zipped(*_fields(rng, rng.integers(2, 9, 32))))

# --- recurrent networks -------------------------------------------------------------------------------------


def unpack(flat, shapes):
    """The arrays of these (Julia) sizes out of a flat vector, with numpy's axes."""
    arrays, start = [], 0
    for shape in shapes:
        size = int(np.prod(shape))
        arrays.append(flat[start:start + size].reshape(shape[::-1]))
        start += size
    return arrays


def gru_loss(p, flat, x, y):
    wi, wh, b, w, c = unpack(flat, [(12, 3), (12, 4), (12,), (1, 4), (1,)])
    q, h = {"g.Wi": wi, "g.Wh": wh, "g.b": b}, np.zeros(4)
    for row in x:
        h = gru(q, "g", row, h)
    return ((h @ w + c)[0] - y)**2


def hessian_product(p, flat, v, x, y):
    """The Hessian times v by central differences of second order of the loss, along v and each axis."""
    e, basis = 1e-4, np.eye(len(flat))

    def slope(at):
        return np.array([(gru_loss(p, at + e * d, x, y) - gru_loss(p, at - e * d, x, y)) / (2 * e)
                         for d in basis])

    return ((slope(flat + e * v) - slope(flat - e * v)) / (2 * e),)


_RNG = np.random.default_rng(7)
FLAT, DIRECTION = 0.4 * _RNG.normal(size=101), _RNG.normal(size=101)

HESSIAN = Program("hessian_vector_product.jl",
                  "product_one",
                  "product_all",
                  lambda rng: [(rng.normal(size=(n, 3)), y)
                               for n, y in zip((3, 1, 5), rng.normal(size=3), strict=True)],
                  hessian_product,
                  shared=(FLAT, DIRECTION),
                  least=lambda: (np.zeros((1, 3)), 0.0),
                  largest=lambda: (np.random.default_rng(2).normal(size=(30, 3)), 1.0),
                  tolerance=1e-4)


def read(p, x):
    h, columns, thoughts = np.zeros(10), 0, 0
    for row in x:
        columns += 1
        halted, n = 0.0, 0
        while halted < 1 and n < 5:
            h = gru(p, "model.cell", row, h)
            halted, n = halted + sigmoid(dense(p, "model.halt", h))[0], n + 1
        thoughts += n
        if sigmoid(dense(p, "model.stop", h))[0] > 0.9:
            break
    return dense(p, "model.output", h)[0], np.int64(columns), np.int64(thoughts)


def _read_batch(rng):
    xs = [rng.normal(size=(n, 3)).astype(np.float32) for n in rng.integers(1, 7, 32)]
    return xs, [x[0, 0] for x in xs]


READER = Program("halting_rnn.jl",
                 "read_one",
                 "read_all",
                 lambda rng: [(2 * rng.normal(size=(n, 3)).astype(np.float32),) for n in LENGTHS],
                 read,
                 least=lambda: (np.zeros((0, 3), np.float32),),
                 largest=lambda: (np.ones((40, 3), np.float32),),
                 loss="loss",
                 model_objective=lambda p, x, y: (read(p, x)[0] - y)**2,
                 train="train_step",
                 batch=_read_batch)


def respond(p, x):
    memory = np.array([[0.1 * ((i + j) % 3 - 1) for i in range(1, 7)] for j in range(1, 9)])  # (slots, width)
    h, value, outputs = np.zeros(20), np.zeros(6), []
    for row in x:
        h = gru(p, "model.controller", np.concatenate([row, value]), h)
        signals = dense(p, "model.interface", h)
        key, erase, add = signals[:6], sigmoid(signals[6:12]), np.tanh(signals[12:18])
        lengths = np.sqrt((memory**2).sum(1)) * np.sqrt((key**2).sum()) + 1e-3
        weights = softmax((1 + softplus(signals[-1])) * (memory @ key / lengths))
        memory = memory * (1 - np.outer(weights, erase)) + np.outer(weights, add)
        value = weights @ memory
        outputs.append(dense(p, "model.output", np.concatenate([h, value])))
    return np.array(outputs)


def _delayed(rng, lengths):
    xs = [rng.integers(0, 2, (n, 4)).astype(np.float32) for n in lengths]
    return zipped(xs, [np.concatenate([np.zeros((2, 4), np.float32), x])[:len(x)] for x in xs])


MEMORY = Program("memory_network.jl",
                 "respond",
                 "respond_all",
                 lambda rng: [(x,) for x, _ in _delayed(rng, LENGTHS)],
                 lambda p, x: (respond(p, x),),
                 least=lambda: (np.ones((1, 4), np.float32),),
                 largest=lambda: _delayed(np.random.default_rng(1), [50])[0][:1],
                 loss="loss",
                 model_objective=lambda p, x, y: np.mean((respond(p, x) - y)**2),
                 train="train_step",
                 batch=lambda rng: zipped(*_delayed(rng, rng.integers(3, 9, 16))),
                 falls=0.8)

# --- pointers and beams -------------------------------------------------------------------------------------


def pointer_states(p, x):
    hidden = lstm_layer(p, "model.encoder", x)
    return dense(p, "model.key", hidden), (hidden[-1], np.zeros(16))


def point(p, keys, h, taken):
    return np.where(taken, -1e9, np.tanh(keys + dense(p, "model.query", h)) @ p["model.score"])


def order(p, x):
    keys, state = pointer_states(p, x)
    taken, positions, value = np.zeros(len(x), bool), [], p["model.start"]
    for _ in x:
        state = lstm(p, "model.decoder", value, *state)
        positions.append(int(point(p, keys, state[0], taken).argmax()))
        taken[positions[-1]], value = True, x[positions[-1]]
    return (np.array(positions) + 1,)


def order_loss(p, x, positions):
    keys, state = pointer_states(p, x)
    taken, value, total = np.zeros(len(x), bool), p["model.start"], 0.0
    for following in positions - 1:
        state = lstm(p, "model.decoder", value, *state)
        total -= log_softmax(point(p, keys, state[0], taken))[following]
        taken[following], value = True, x[following]
    return total / len(positions)


def _unsorted(rng, lengths):
    xs = [rng.uniform(size=(n, 1)).astype(np.float32) for n in lengths]
    return zipped(xs, [x[:, 0].argsort() + 1 for x in xs])


POINTER = Program("pointer_network.jl",
                  "order_one",
                  "order_all",
                  lambda rng: [(x,) for x, _ in _unsorted(rng, LENGTHS)],
                  order,
                  least=lambda: (np.ones((1, 1), np.float32),),
                  largest=lambda: _unsorted(np.random.default_rng(1), [40])[0][:1],
                  loss="loss",
                  model_objective=order_loss,
                  train="train_step",
                  batch=lambda rng: zipped(*_unsorted(rng, rng.integers(2, 7, 32))),
                  falls=0.9)


def beam_step(p, scores, candidates):
    totals = (scores[:, None] + candidates).reshape(-1)
    chosen = np.argsort(-totals, kind="stable")[:3]
    return totals[chosen], chosen // 7 + 1, chosen % 7 + 1


BEAM_STEP = Program(
    "beam_search.jl", "step_one", "step_all",
    lambda rng: [(s, c) for s, c in zip(rng.normal(size=(5, 3)).astype(np.float32),
                                        rng.normal(size=(5, 3, 7)).astype(np.float32),
                                        strict=True)], beam_step)


def search_score(p, h, steps):
    """The largest total of the log probabilities of the sequences that the beams keep."""
    beams = [(0.0, h, 1, ())]
    for _ in range(steps):
        found = []
        for total, state, token, sequence in beams:
            state = rnn(p, "model.cell", p["model.embedding.weight"][token - 1], state)
            scores = log_softmax(dense(p, "model.output", state))
            found += [(total + s, state, k + 1, (*sequence, k + 1)) for k, s in enumerate(scores)]
        beams = sorted(found, key=lambda beam: -beam[0])[:3]
    return beams[0][0]


def _search_batch(rng):
    return list(rng.normal(size=(8, 12)).astype(np.float32)), list(np.full(8, 4))


SEARCH = Program("beam_search.jl",
                 "score_one",
                 "search_scores",
                 lambda rng: [(rng.normal(size=12).astype(np.float32), np.int64(n)) for n in (3, 1, 5, 2)],
                 lambda p, h, n: (search_score(p, h, n),),
                 least=lambda: (np.zeros(12, np.float32), np.int64(0)),
                 largest=lambda: (np.ones(12, np.float32), np.int64(30)),
                 loss="best_score",
                 model_objective=search_score,
                 train="train_step",
                 batch=_search_batch,
                 falls=0.5)

# --- hidden states ------------------------------------------------------------------------------------------

MOVES = np.full((3, 3), 0.1) + 0.7 * np.eye(3)


def joint_of_paths(likelihoods):
    """(each path of states, its probability together with the observations)."""
    for path in itertools.product(range(3), repeat=len(likelihoods)):
        moves = np.prod([MOVES[pair] for pair in itertools.pairwise(path)])
        yield path, moves / 3 * np.prod([row[k] for row, k in zip(likelihoods, path, strict=True)])


def posteriors(p, likelihoods):
    found = np.zeros(likelihoods.shape)
    for path, probability in joint_of_paths(likelihoods):
        found[np.arange(len(path)), path] += probability
    total = found[0].sum()
    return np.log(total), found / total


POSTERIORS = Program("posteriors.jl",
                     "states",
                     "states_all",
                     lambda rng: [(rng.uniform(0.1, 1, (n, 3)),) for n in LENGTHS],
                     posteriors,
                     least=lambda: (np.array([[0.2, 0.5, 0.9]]),),
                     largest=lambda: (np.tile([[0.1, 0.6, 0.3]], (9, 1)),),
                     gradient="slope",
                     gradients="slopes",
                     objective=lambda p, likelihoods: posteriors(p, likelihoods)[0],
                     tolerance=1e-10)


def cached_attention(p, x, most):
    """Greedy decoding, with all inputs so far looked at again for each token."""
    inputs, tokens, score = [], [], 0.0
    for _ in range(most):
        inputs.append(x)
        seen = np.array(inputs)
        weights = softmax(seen @ p["model.key"] @ (x @ p["model.query"]))
        scores = log_softmax((x + weights @ (seen @ p["model.value"])) @ p["model.output"])
        token = int(np.argmax(scores))
        tokens.append(token + 1)
        score += scores[token]
        if token == 0:
            break
        x = p["model.embedding"][token]
    return np.array(tokens, np.int64), score


CACHED_ATTENTION = Program("cached_attention.jl",
                           "translate",
                           "translate_all",
                           lambda rng: [(rng.normal(size=4), np.int64(most)) for most in (5, 1, 8, 3, 6)],
                           cached_attention,
                           least=lambda: (np.ones(4), np.int64(0)),
                           largest=lambda: (np.array([1.0, -1.0, 0.5, 0.0]), np.int64(20)),
                           gradient="slope",
                           gradients="slopes",
                           objective=lambda p, x, most: cached_attention(p, x, most)[1],
                           tolerance=1e-9)

PROGRAMS = [
    TAGGER, DECODER, SCORER, PONDERER, CTC, VITERBI, CRF, HESSIAN, READER, MEMORY, POINTER, BEAM_STEP, SEARCH,
    POSTERIORS, CACHED_ATTENTION
]

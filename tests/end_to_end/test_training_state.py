"""What else exported training changes: BatchNorm's running statistics and Dropout's random key."""

import numpy as np

KEY = "random.key"


def train_step(compiled, session, defaults):
    model = compiled("examples/digits_conv.jl", "train_step")
    return session(model), defaults(model)


# --- batch normalisation ------------------------------------------------------------------------------------


def moments(x):
    """Mean and corrected variance of each channel."""
    return x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3), ddof=1)


def test_running_statistics_follow_the_batches(compiled, session, defaults, digits, formulas):
    """μ ← 0.9 μ + 0.1 mean, and σ² likewise with the corrected variance.

    The batch itself is normalised with its own statistics, which the second layer's statistics show."""
    step, state = train_step(compiled, session, defaults)
    expected = {}
    for layer in (2, 4):
        mean, variance = state[f"model.layers.{layer}.μ"], state[f"model.layers.{layer}.σ²"]
        assert not mean.any() and (variance == 1).all()
        expected[layer] = mean.astype(float), variance.astype(float)
    for start in range(0, 60, 20):
        x = digits.images[start : start + 20]
        first = formulas.conv(x, state["model.layers.1.weight"])
        mean, variance = first.mean(axis=(0, 2, 3)), first.var(axis=(0, 2, 3))
        γ, β = state["model.layers.2.γ"], state["model.layers.2.β"]
        hidden = formulas.relu(formulas.batch_norm(first, mean, variance, γ, β))
        second = formulas.conv(hidden, state["model.layers.3.weight"])
        for layer, values in ((2, first), (4, second)):
            expected[layer] = tuple(0.9 * old + 0.1 * new
                                    for old, new in zip(expected[layer], moments(values), strict=True))
        outputs = step(x=x, y=digits.one_hot[start : start + 20], **state)
        state = {name: outputs[f"{name}.next"] for name in state}
        for layer, (mean, variance) in expected.items():
            np.testing.assert_allclose(state[f"model.layers.{layer}.μ"], mean, rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(state[f"model.layers.{layer}.σ²"], variance, rtol=1e-5, atol=1e-6)


def test_inference_changes_nothing(load, root, digits):
    module = load((root / "examples" / "digits_conv.jl").read_text(encoding="utf-8"))
    x, y = digits.images[:20], digits.one_hot[:20]
    assert [output.name for output in module.compile("predict").model.graph.output] == ["predict"]
    before = dict(module.state)
    module.predict(x)
    for name, value in module.state.items():
        np.testing.assert_array_equal(value, before[name])
    module.train_step(x, y)
    trained = dict(module.state)
    assert all((trained[name] != value).any() for name, value in before.items())
    module.predict(x)
    for name, value in module.state.items():
        np.testing.assert_array_equal(value, trained[name])


# --- dropout ------------------------------------------------------------------------------------------------

DROPOUT = """
layer = Dropout(0.4)
@export predict(x::Float32[50, N]) = layer(x)
@export step(x::Float32[50, N]) = Flux.gradient(x -> sum(layer(x)), x)[1]
"""


def test_each_step_draws_a_new_mask(load, session, defaults):
    """The gradient of `sum(dropout(x))` is the mask: 0 with probability p, else 1 / (1 - p)."""
    model = load(DROPOUT).compile("step").model
    step, state = session(model), defaults(model)
    assert list(state) == [KEY]
    x = np.ones((40, 50), np.float32)
    masks, keys = [], [state[KEY]]
    for _ in range(50):
        outputs = step(x=x, **{KEY: keys[-1]})
        masks.append(outputs["step"])
        keys.append(outputs[f"{KEY}.next"])
    assert len({key.tobytes() for key in keys}) == len(keys)
    assert len({mask.tobytes() for mask in masks}) == len(masks)
    masks = np.stack(masks)
    dropped = masks == 0
    np.testing.assert_allclose(masks[~dropped], 1 / (1 - 0.4), rtol=1e-6)
    # Within 5 standard deviations: the share dropped of all, of each element, and in two steps in a row.
    deviation = np.sqrt(0.4 * 0.6)
    assert abs(dropped.mean() - 0.4) < 5 * deviation / np.sqrt(dropped.size)
    assert np.abs(dropped.mean(axis=0) - 0.4).max() < 5 * deviation / np.sqrt(len(masks))
    both = (dropped[1:] & dropped[:-1]).mean()
    assert abs(both - 0.16) < 5 * np.sqrt(0.16 * 0.84 / dropped[1:].size)


def test_the_same_state_gives_the_same_mask(load, session, defaults):
    model = load(DROPOUT).compile("step").model
    step, state = session(model), defaults(model)
    x = np.ones((40, 50), np.float32)
    first = step(x=x, **state)
    for other in (session(model), session(model, optimised=False)):
        again = other(x=x, **state)
        for name, value in first.items():
            np.testing.assert_array_equal(again[name], value)


def test_dropout_is_idle_in_inference(load, session):
    model = load(DROPOUT).compile("predict").model
    assert [value.name for value in model.graph.input] == ["x"]
    x = np.random.default_rng(0).normal(size=(7, 50)).astype(np.float32)
    np.testing.assert_array_equal(session(model)(x=x)["predict"], x)


def test_the_probability_has_no_gradient(load):
    module = load("learn(x) = Flux.gradient(layer -> sum(layer(x)), Dropout(0.4))")
    assert module.learn(np.ones((3, 4), np.float32)) == (None,)


def test_dropout_scales_the_activations_of_a_model(load, session, defaults):
    """With a linear model the loss is a sum over the elements that are kept, each divided by 1 - p."""
    model = load("""
    model = Chain(Dropout(0.25), Dense(ones(Float32, 1, 30), false))
    opt = Flux.setup(Descent(0.0), model)
    @export function train_step(x::Float32[30, N])
        loss, grads = Flux.withgradient(m -> sum(m(x)), model)
        Flux.update!(opt, model, grads[1])
        (loss, grads[1].layers[2].weight)
    end
    """).compile("train_step").model
    step, state = session(model), defaults(model)
    x = 2.0 ** np.arange(30, dtype=np.float32)[None]  # which elements were kept can be told from the sum
    losses = set()
    for _ in range(5):
        outputs = step(x=x, **state)
        state = {name: outputs[f"{name}.next"] for name in state}
        kept = outputs["train_step.2"].reshape(-1)
        assert set(np.unique(kept / x[0])) == {np.float32(0), np.float32(1 / 0.75)}
        np.testing.assert_allclose(outputs["train_step.1"], kept.astype(float).sum(), rtol=1e-6)
        losses.add(float(outputs["train_step.1"]))
    assert len(losses) == 5


def test_training_of_the_example_is_random_but_repeatable(compiled, session, defaults, digits):
    step, state = train_step(compiled, session, defaults)
    data = {"x": digits.images[:32], "y": digits.one_hot[:32]}
    first = step(**data, **state)
    again = step(**data, **state)
    for name, value in first.items():
        np.testing.assert_array_equal(again[name], value)
    other = step(**data, **(state | {KEY: first[f"{KEY}.next"]}))
    assert abs(other["train_step"] - first["train_step"]) > 1e-4
    np.testing.assert_array_equal(other["model.layers.2.μ.next"], first["model.layers.2.μ.next"])

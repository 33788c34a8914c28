"""The state of a program: a mapping, and its checkpoints."""

import os

import ml_dtypes
import numpy as np
import pytest
from weber.compiler.errors import WeberError
from weber.runtime import files
from weber.runtime.checkpoint import load_arrays, save_arrays
from weber.runtime.program import Program

f32 = np.float32


def test_a_state_is_a_mapping(counter):
    state = Program(counter).state
    assert list(state) == ["total", "calls"] and len(state) == 2 and "total" in state and "other" not in state
    assert {name: array.shape for name, array in state.items()} == {"total": (2,), "calls": ()}
    assert state.get("other") is None
    with pytest.raises(KeyError):
        state["other"]


def test_names_are_found_in_any_unicode_form(make_model):
    nodes, state = [("Identity", ["modèle"], ["y"])], {"modèle": np.array(1, f32)}
    state = Program(make_model(nodes, [], [("y", "f32", [])], state)).state
    decomposed = "mode\N{COMBINING GRAVE ACCENT}le"
    assert state[decomposed] == 1 and decomposed in state


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("totla", [1, 2], "there is no state 'totla'; did you mean total?"),
        ("total", np.zeros(2), r"state total: expected float32 \(2,\), found float64 \(2,\)"),
        ("total", np.zeros((2, 1), f32), r"state total: expected float32 \(2,\), found float32 \(2, 1\)"),
        ("total", ["a", "b"], "state total: expected"),
        ("calls", 1.5, "state calls: expected int64"),
    ],
)
def test_wrong_assignments(counter, name, value, message):
    state = Program(counter).state
    with pytest.raises(WeberError, match=message):
        state[name] = value
    with pytest.raises(WeberError, match=message):
        state.update({"total": [5, 6], name: value})
    assert state["total"].tolist() == [0, 0]


def test_save_and_load(regression, tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 3)).astype(f32), rng.normal(size=(8, 1)).astype(f32)
    fit = Program(regression)
    for _ in range(3):
        fit(x, y)
    fit.save_state(tmp_path / "a.safetensors")
    expected = [fit(x, y) for _ in range(3)]
    other = Program(regression)
    other(x, y)
    other.load_state(tmp_path / "a.safetensors")
    assert [other(x, y) for _ in range(3)] == expected
    assert os.listdir(tmp_path) == ["a.safetensors"]


def test_a_checkpoint_keeps_every_element_type(tmp_path):
    arrays = {
        f"{name}.θ": np.array([[0, 1, 1]], dtype).T
        for name, dtype in {"a": np.bool_, "b": np.int64, "c": np.uint8, "d": f32, "e": np.float64,
                            "f": np.float16, "g": ml_dtypes.bfloat16, "h": np.uint64, "i": np.int8}.items()
    } | {"scalar": np.array(3.5), "empty": np.zeros((0, 4), f32)}  # fmt: skip
    save_arrays(tmp_path / "all.safetensors", arrays)
    loaded = load_arrays(tmp_path / "all.safetensors")
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        assert (loaded[name].dtype, loaded[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(loaded[name], array)


def test_a_checkpoint_that_does_not_fit_changes_nothing(counter, tmp_path):
    count, path = Program(counter), tmp_path / "a.safetensors"
    save_arrays(path, {"total": np.ones(3, f32), "cals": np.array(1)})
    with pytest.raises(WeberError) as caught:
        count.load_state(path)
    assert str(caught.value).splitlines()[1:] == [
        "  missing: calls int64 ()",
        "  unexpected: cals int64 ()",
        "  total: expected float32 (2,), found float32 (3,)",
        "partial=True loads what has the same name",
    ]
    with pytest.raises(WeberError, match=r"total: expected float32 \(2,\), found float32 \(3,\)"):
        count.load_state(path, partial=True)
    save_arrays(path, {"else": np.array(1)})
    with pytest.raises(WeberError, match="no name in common"):
        count.load_state(path, partial=True)
    save_arrays(path, {"calls": np.array(4), "else": np.array(1)})
    count.load_state(path, partial=True)
    assert count.state["calls"] == 4 and count.state["total"].tolist() == [0, 0]


def test_files_that_are_no_checkpoints(counter, tmp_path):
    count = Program(counter)
    with pytest.raises(WeberError, match=r"cannot read .*missing: No such file"):
        count.load_state(tmp_path / "missing")
    (tmp_path / "text").write_text("not a checkpoint")
    with pytest.raises(WeberError, match="text is not a safetensors file"):
        count.load_state(tmp_path / "text")


def test_a_failed_save_leaves_the_old_file(counter, tmp_path, monkeypatch):
    count, path = Program(counter), tmp_path / "a.safetensors"
    count.save_state(path)
    before = path.read_bytes()
    count(np.ones(2, f32))

    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full_disk)
    with pytest.raises(WeberError, match=r"cannot write .*a\.safetensors: No space left on device"):
        count.save_state(path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["a.safetensors"]
    monkeypatch.undo()
    with pytest.raises(WeberError, match="cannot write"):
        count.save_state(tmp_path / "no" / "such" / "folder")


def test_several_files_appear_together(tmp_path):
    files.write_all_aside({tmp_path / "a": b"old"})
    with pytest.raises(WeberError, match=r"cannot write .*missing"):
        files.write_all_aside({tmp_path / "a": b"new", tmp_path / "missing" / "b": b"new"})
    assert (tmp_path / "a").read_bytes() == b"old" and os.listdir(tmp_path) == ["a"]
    files.write_all_aside({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"new", "b": b"new"}

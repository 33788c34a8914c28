"""How loops show where they are."""

import io

import pytest
from weber.runtime import progress as module
from weber.runtime.progress import Progress, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_plain_lines_where_there_is_no_terminal(capsys, monkeypatch):
    monkeypatch.setattr(module, "_SECONDS_BETWEEN_LINES", 0)
    assert list(progress(4, "Training")) == [0, 1, 2, 3]
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "Training: 1/4 (25 %)", "Training: 2/4 (50 %)", "Training: 3/4 (75 %)", "Training: 4/4 (100 %)",
        "Training: 4/4 (100 %)",
    ]  # fmt: skip


def test_lines_are_rare(capsys):
    assert sum(progress(iter(range(1000)), "Sum")) == 499500
    assert capsys.readouterr().err.startswith("Sum: 1000, ")


def test_an_exception_passes(capsys):
    with pytest.raises(ZeroDivisionError):
        for item in progress([1, 0], "Dividing"):
            1 // item
    assert capsys.readouterr().err.startswith("Dividing: 1/2 (50 %)")


def test_a_bar_on_a_terminal():
    terminal = Terminal()
    with Progress(3, "Training", file=terminal) as bar:
        for _ in range(3):
            bar.advance(note="loss 0.5")
    assert all(text in terminal.getvalue() for text in ("Training", "3/3", "loss 0.5"))

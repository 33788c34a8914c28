"""Ctrl-C: a running evaluation ends with Julia's `InterruptException`.

A program can catch it, as in Julia. One that goes on nevertheless is ended by a second Ctrl-C soon after the
first, which no `catch` sees."""

import signal
import threading
import time
from contextlib import contextmanager

from ...compiler.errors import WeberError
from ..state import state

SOON = 2.0
"""Seconds within which a second Ctrl-C ends a program that caught the first."""


class Interrupt(KeyboardInterrupt):
    """A Ctrl-C that the program may catch."""


def interrupted(location=None) -> WeberError:
    """The InterruptException of a Ctrl-C."""
    return WeberError("InterruptException:", location, kind="InterruptException")


@contextmanager
def interruptible():
    """While this lasts, Ctrl-C raises `Interrupt`, and soon again KeyboardInterrupt; both leave as a
    WeberError of kind InterruptException. Other threads than the main one get no signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    last = -SOON

    def handle(_signal, _frame):
        nonlocal last
        now = time.monotonic()
        previous, last = last, now
        raise KeyboardInterrupt if now - previous < SOON else Interrupt

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    except KeyboardInterrupt:
        raise interrupted(state.location) from None
    finally:
        signal.signal(signal.SIGINT, before)

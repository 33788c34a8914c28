"""Room for deep recursion: a program that recurses without end gets a StackOverflowError, never a crash.

Python counts its own calls (`sys.setrecursionlimit`); what they use of the machine's stack must fit into it.
The main thread's stack may grow when the system allows; elsewhere a thread with a stack of its own evaluates.
"""

import functools
import sys
import threading

MAX_DEPTH = 6000
"""Nested calls of the program, or nested collections in a display, before a StackOverflowError."""
RECURSION_LIMIT = 90_000
"""Nested calls of Python: a call of the program takes about ten, and equality of nested arrays four."""
STACK_BYTES = 120 * 2**20
"""The most that RECURSION_LIMIT nested calls were seen to use is 50 MiB: hashes of nested arrays."""

_threads = threading.local()
_starting = threading.Lock()


@functools.cache
def _main_stack_grows():
    """Lets the main thread's stack grow as far as is needed; False where the system does not do that."""
    if sys.platform != "linux":
        return False
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    unlimited = resource.RLIM_INFINITY
    if soft != unlimited and soft < STACK_BYTES:
        if hard != unlimited and hard < STACK_BYTES:
            return False
        resource.setrlimit(resource.RLIMIT_STACK, (STACK_BYTES, hard))
    return True


def with_deep_stack(function):
    """Decorator: the function runs where the stack is large enough, in this thread or in one that is waited
    for."""

    @functools.wraps(function)
    def run(*arguments, **keywords):
        sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION_LIMIT))
        is_main = threading.current_thread() is threading.main_thread()
        if getattr(_threads, "deep", False) or is_main and _main_stack_grows():
            return function(*arguments, **keywords)
        return _in_thread(lambda: function(*arguments, **keywords))

    return run


def _in_thread(function):
    """The function's result or exception, from a thread with a large stack."""
    outcome = []

    def run():
        _threads.deep = True
        try:
            outcome.append((function(), None))
        except BaseException as error:  # raised again where the result is waited for
            outcome.append((None, error))

    with _starting:
        previous = threading.stack_size(STACK_BYTES)
        try:
            thread = threading.Thread(target=run, name="weber")
            thread.start()
        finally:
            threading.stack_size(previous)
    try:
        thread.join()
    except KeyboardInterrupt:
        _interrupt(thread)
        thread.join()
    result, error = outcome[0]
    if error is not None:
        raise error
    return result


def _interrupt(thread):
    """Raises KeyboardInterrupt in a thread, at its next Python instruction."""
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(KeyboardInterrupt)
    )

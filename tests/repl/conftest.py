"""A terminal for tests: `weber repl` behind a pseudo-terminal, its screen read by pyte."""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

import pyte
import pytest

TIMEOUT = 60.0
"""Seconds to wait for a text: generous, for machines that are busy."""
ROWS, COLUMNS = 40, 100
LAUNCH = "import sys; from weber.cli import main; sys.exit(main())"


class _Screen(pyte.Screen):
    answer = None

    def write_process_input(self, data):
        self.answer(data.encode())


class Terminal:
    """A process behind a pseudo-terminal. Nothing here sleeps: every step waits for what it expects."""

    def __init__(self, folder, *arguments, state=None):
        environment = os.environ | {
            "TERM": "xterm-256color", "XDG_STATE_HOME": str(state or folder / "state"),
            "PYTHONIOENCODING": "utf-8",
        }  # fmt: skip
        environment["PYTHONPATH"] = os.pathsep.join([os.environ.get("PYTHONPATH", ""), *sys.path])
        self.process, self.device = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.execve(sys.executable, [sys.executable, "-c", LAUNCH, *arguments], environment)
        fcntl.ioctl(self.device, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.screen = _Screen(COLUMNS, ROWS)
        self.screen.answer = lambda data: os.write(self.device, data)
        self.stream = pyte.ByteStream(self.screen)
        self.status = None

    def read(self, seconds):
        """Feeds what the process writes within some seconds to the screen; False when it has ended."""
        ready, _, _ = select.select([self.device], [], [], seconds)
        if ready:
            try:
                data = os.read(self.device, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.stream.feed(data)
        return True

    def text(self):
        """What the screen shows, without blank ends."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def wait(self, condition, what):
        """Waits until `condition(text)` holds."""
        end = time.monotonic() + TIMEOUT
        while not condition(self.text()):
            alive = self.read(0.5)
            if not alive or time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what}; the screen:\n{self.text()}")

    def see(self, expected):
        """Waits for a text."""
        self.wait(lambda text: expected in text, repr(expected))
        return self

    def at(self, expected):
        """Waits until the line of the cursor, up to the cursor, is this."""
        def holds(_):
            line = self.screen.display[self.screen.cursor.y][:self.screen.cursor.x]
            return line.rstrip() == expected.rstrip()

        self.wait(holds, f"the cursor after {expected!r}")
        return self

    def type(self, keys):
        os.write(self.device, keys.encode())
        return self

    def clear(self):
        """An empty screen and an empty prompt."""
        self.type("\x0c")  # Ctrl-L
        self.wait(lambda text: text == "julia>", "an empty screen")
        return self

    def enter(self, source, expected=None):
        """Types a line, waits for its result and the next prompt."""
        self.type(source).at("julia> " + source).type("\r")
        if expected is not None:
            self.see(expected)
        return self.at("julia> ")

    def ended(self):
        """Waits for the end of the process; gives its exit status."""
        while self.read(0.5):
            pass
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
            os.close(self.device)
        return self.status

    def close(self):
        if self.status is None:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
            os.close(self.device)


@pytest.fixture
def start(tmp_path):
    """Starts terminals: `start("repl", state=…)`."""
    started = []

    def begin(*arguments, folder=tmp_path, **options):
        started.append(Terminal(folder, *(arguments or ("repl",)), **options))
        return started[-1]

    yield begin
    for terminal in started:
        terminal.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repl")
    terminal = Terminal(folder, "repl")
    terminal.folder = folder
    terminal.at("julia> ")
    yield terminal
    terminal.close()


@pytest.fixture
def repl(shared):
    """A REPL that the tests of a file share, with an empty screen."""
    return shared.at("julia> ").clear()

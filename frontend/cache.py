"""Files that spare work at the next start: parsed sources and the parse table, in the user's cache directory.

Nothing depends on them: what cannot be read is made anew, what cannot be written is not kept.
"""

import copyreg
import gc
import hashlib
import io
import os
import pickle
import tempfile
from pathlib import Path

from ..compiler.errors import Location


class _Pickler(pickle.Pickler):
    """Trees hold many locations, and those of a frozen dataclass are slow to restore field by field."""

    dispatch_table = copyreg.dispatch_table | {
        Location: lambda at: (Location, (at.file, at.line, at.column, at.end_line, at.end_column))
    }


def directory() -> Path:
    """`$XDG_CACHE_HOME/weber`, or `~/.cache/weber`."""
    root = os.environ.get("XDG_CACHE_HOME")
    base = Path(root) if root and os.path.isabs(root) else Path(os.path.expanduser("~")) / ".cache"
    return base / "weber"


def load(name: str):
    """The object stored under a name, or None when there is none or it is damaged."""
    try:
        content = (directory() / name).read_bytes()
        digest, payload = content[:32], content[32:]
        if hashlib.sha256(payload).digest() != digest:
            return None
        return _unpickled(payload)
    except Exception:  # damaged, unreadable, or of another version: as if absent
        return None


def _unpickled(payload):
    """Without collections of garbage in between, which would take as long again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        return pickle.loads(payload)
    finally:
        if enabled:
            gc.enable()


def store(name: str, value) -> None:
    """Stores an object under a name: whole or not at all."""
    try:
        buffer = io.BytesIO()
        _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(value)
        payload = buffer.getvalue()
        target = directory() / name
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=name)
    except (OSError, RecursionError):
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(payload).digest() + payload)
        os.replace(temporary, target)
    except OSError:
        try:
            os.unlink(temporary)
        except OSError:
            pass

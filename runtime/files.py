"""Writing files so that a reader sees the old ones or the new ones, never a part."""

import os
from pathlib import Path

from ..compiler.errors import WeberError


def write_aside(path: str | os.PathLike, contents: bytes):
    """Writes a file beside its place and renames it into place. Raises WeberError when that fails."""
    write_all_aside({path: contents})


def write_all_aside(contents: dict[str | os.PathLike, bytes]):
    """Writes several files beside their places and renames them when all are written; else none changes."""
    partial = {}
    try:
        for path, data in contents.items():
            place = Path(path)
            aside = place.with_name(f".{place.name}.{os.getpid()}.partial")
            partial[aside] = place
            with open(aside, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        for aside, place in partial.items():
            os.replace(aside, place)
    except OSError as error:
        path = error.filename2 or place
        raise WeberError(f"cannot write {path}: {error.strerror}", kind="SystemError") from None
    finally:
        for aside in partial:
            aside.unlink(missing_ok=True)

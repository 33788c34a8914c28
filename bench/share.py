"""How many of a folder's Julia sources parse: `python -m bench.share FOLDER`.

Each source that does not is listed with the place and the reason. Nothing is evaluated.
"""

import argparse
import sys
import time
from pathlib import Path

from weber.compiler.errors import WeberError
from weber.frontend.parsing.parser import parse, read_source


def misses(paths: list[Path]) -> dict[Path, WeberError]:
    """The sources that do not parse, with their errors."""
    found = {}
    for path in paths:
        try:
            parse(read_source(path), str(path))
        except WeberError as error:
            found[path] = error
    return found


def main() -> int:
    """Prints the share of the sources that parse; the exit status is 1 when one of them does not."""
    parser = argparse.ArgumentParser(prog="python -m bench.share", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="a folder or a file")
    options = parser.parse_args()
    status = 0
    for folder in options.folders:
        paths = [path for path in sorted(folder.rglob("*.jl")) if path.is_file()] or [folder]
        if not paths[0].is_file():
            print(f"{folder}: no .jl files")
            continue
        lines = sum(path.read_bytes().count(b"\n") for path in paths)
        start = time.perf_counter()
        missed = misses(paths)
        seconds = time.perf_counter() - start
        for error in missed.values():
            print(error, end="\n\n")
        print(f"{folder}: {len(paths) - len(missed)} of {len(paths)} files parse "
              f"({1 - len(missed) / len(paths):.1%}), {lines} lines in {seconds:.1f} s")  # fmt: skip
        status |= bool(missed)
    return status


if __name__ == "__main__":
    sys.exit(main())

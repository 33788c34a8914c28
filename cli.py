"""The `weber` command. Exit status 0, or 1 with a diagnostic on stderr, or 130 after an interrupt."""

import argparse
import gc
import os
import sys
from contextlib import contextmanager
from pathlib import Path

from .compiler.errors import UnsupportedError, WeberError

TARGETS = ("portable", "ort", "native")
DEFAULT_OPSET = 21
RARELY = (50_000, 20, 20)
"""When to collect garbage: most of the many small objects of a compilation stay until its end."""
INTERRUPTED = 130
"""The exit status after Ctrl-C."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command with these arguments, by default the process's, and gives the exit status."""
    options = _parser().parse_args(arguments)
    gc.set_threshold(*RARELY)
    try:
        status = options.command(options)
        sys.stdout.flush()  # a closed pipe shows here and not at exit
        return status or 0
    except WeberError as error:
        _complain(str(error))
        return INTERRUPTED if error.kind == "InterruptException" else 1
    except KeyboardInterrupt:
        _complain("error: InterruptException:")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone: `weber inspect … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        _complain(f"error: {error.filename or 'input or output'}: {error.strerror or error}")
    return 1


def _complain(text):
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(1, f"{self.prog}: {message}\n{self.format_usage()}")


class _Version(argparse.Action):
    def __call__(self, parser, namespace, values, option_string=None):
        from importlib.metadata import version

        print(f"weber {version('weber')}")
        parser.exit()


def _parser():
    parser = _Parser(
        prog="weber",
        description="Compiles models written in a subset of Julia, the Flux way, to plain ONNX.",
        epilog="`weber COMMAND --help` describes a command.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name, function, summary, details=""):
        description = f"{summary[0].upper()}{summary[1:]}. {details}"
        added = commands.add_parser(name, help=summary, description=description)
        added.set_defaults(command=function)
        return added

    compile_ = command(
        "compile", _compile, "write the ONNX artifacts of a file",
        "Exports each @export and --entry as DIR/FILE.entry.onnx; when one fails, none is written.",
    )  # fmt: skip
    _add_source(compile_)
    compile_.add_argument("-o", "--output", metavar="DIR", help="the folder to write to (default: this one)")
    compile_.add_argument(
        "--emit", choices=("onnx", "ir", "syntax"), default="onnx",
        help="artifacts (default), or as text the IR or the syntax tree, which goes to stdout without -o",
    )  # fmt: skip

    check = command("check", _check, "compile a file without writing it", "Reports each error once.")
    _add_source(check)
    check.add_argument(
        "--explain", action="store_true",
        help="describe what each entry compiles to, and which vectors of examples are computed together",
    )  # fmt: skip

    run = command("run", _run, "execute a file as a script", "What it calls is compiled as it goes.")
    _add_max_steps(run)
    run.add_argument("file", metavar="FILE.jl")
    run.add_argument("arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="the script's ARGS")

    repl = command(
        "repl", _repl, "evaluate Julia line by line",
        "With completion, help and packages; an input that is no terminal is run as a script.",
    )  # fmt: skip
    _add_max_steps(repl)

    inspect = command(
        "inspect", _inspect, "describe an ONNX file",
        "Shows inputs, outputs, state, parameters, operators and versions; sizes in numpy's order.",
    )  # fmt: skip
    inspect.add_argument("file", metavar="FILE.onnx")

    bake = command(
        "bake", _bake, "make constants of a state", "For the fastest inference with trained parameters."
    )
    bake.add_argument("file", metavar="FILE.onnx", help="an artifact that reads state and does not mutate it")
    bake.add_argument("state", metavar="STATE.safetensors", help="the state; it may hold more than is read")
    bake.add_argument("-o", "--output", metavar="OUT.onnx", required=True, help="the file to write")
    return parser


def _add_source(parser):
    parser.add_argument("file", metavar="FILE.jl")
    parser.add_argument(
        "--entry", metavar='"f(x::Float32[64, N])"', action="append", default=[],
        help="also compile this function for these arguments; can be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--target", choices=TARGETS, default="portable", help="portable: standard operators only (default)"
    )
    parser.add_argument("--opset", type=int, default=DEFAULT_OPSET, help=f"default: {DEFAULT_OPSET}")
    _add_max_steps(parser)


def _add_max_steps(parser):
    parser.add_argument(
        "--max-steps", metavar="N", type=_step_count,
        help="stop with an error after N loop iterations and calls, for sources that are not trusted",
    )  # fmt: skip


def _step_count(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a positive number of steps, got {text!r}")
    return int(text)


# --- the commands -------------------------------------------------------------------------------------------


def _compile(options):
    with _evaluating(options):
        return _compile_all(options)


def _compile_all(options):
    from .runtime.files import write_all_aside

    folder, stem = Path(options.output or "."), Path(options.file).stem
    if options.emit == "onnx":
        contents = {}
        for artifact in _artifacts(options):
            path = folder / f"{stem}.{artifact.name}.onnx"
            if path in contents:
                raise WeberError(f"{options.file}: two entries are called {artifact.name}")
            contents[path] = artifact.to_bytes()
    else:
        text = _syntax_text(options) if options.emit == "syntax" else _loaded(options).emit_ir()
        if options.output is None:
            print(text)
            return
        contents = {folder / f"{stem}.{options.emit}": text.encode()}
    folder.mkdir(parents=True, exist_ok=True)
    write_all_aside(contents)
    for path, data in contents.items():
        print(f"{path}  {len(data):,} bytes")


def _check(options):
    with _evaluating(options):
        return _check_all(options)


def _check_all(options):
    module, diagnostics = _loaded(options), {}  # a dict keeps their order
    names = [entry.name for entry in module.entries()]
    for name in names:
        try:
            artifact = module.compile(name, target=options.target, opset=options.opset)
        except WeberError as error:
            diagnostics[str(error)] = name  # entries that share a state can fail for the same reason
        else:
            print(_explanation(artifact) if options.explain else f"{name}: no errors")
    if diagnostics:
        _complain("\n".join(diagnostics))
        return 1
    if not names:
        print(f"{options.file}: no errors, no entries")
    return 0


def _explanation(artifact):
    """What an artifact consists of, and which of its vectors of examples are batched."""
    return "\n".join([str(artifact.inspect()), *artifact.remarks])


def _run(options):
    from .frontend.loading import run_file

    with _evaluating(options):
        run_file(options.file, options.arguments)


def _repl(options):
    if sys.stdin is not None and sys.stdin.isatty():
        from .frontend.interactive.repl import run_repl

        return run_repl(options.max_steps)
    from .frontend.loading import run_input

    with _evaluating(options):
        run_input(sys.stdin.buffer.read() if sys.stdin is not None else b"")


@contextmanager
def _evaluating(options):
    """While a source is evaluated: Ctrl-C is Julia's InterruptException, and its steps are counted."""
    from .frontend.evaluation.interrupts import interruptible
    from .frontend.evaluation.steps import limited_steps

    with interruptible(), limited_steps(options.max_steps):
        yield


def _inspect(options):
    from rich.console import Console

    from .runtime.inspect import inspect_file

    summary = inspect_file(options.file)
    if sys.stdout.isatty():
        Console().print(summary)
    else:
        print(summary)


def _bake(options):
    from .runtime.bake import bake

    bake(options.file, options.state, options.output)
    print(f"{options.output}  {os.path.getsize(options.output):,} bytes")


def _loaded(options):
    """The module of a file, with the entries of the command line."""
    if options.target != "portable":
        raise UnsupportedError(f"the target {options.target} is not supported; portable is")
    from .frontend.loading import load_file

    module = load_file(options.file)
    for signature in options.entry:
        module.add_entry(signature)
    return module


def _artifacts(options):
    module = _loaded(options)
    entries = module.entries()
    if not entries:
        hint = "mark a function with @export or name one with --entry"
        raise WeberError(f"{options.file} exports nothing: {hint}")
    return [module.compile(entry.name, target=options.target, opset=options.opset) for entry in entries]


def _syntax_text(options):
    from .frontend.parsing.parser import parse, read_source
    from .frontend.parsing.syntax_dump import dump

    return dump(parse(read_source(options.file), options.file))

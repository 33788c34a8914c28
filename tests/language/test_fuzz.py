"""Broken and odd programs: whatever is typed, a session gives a value or an error of Julia's kind.

Three sources of programs: snippets of the test corpus with characters and tokens deleted, doubled, swapped
and replaced; small expressions over builtins whose arguments are of any type; and calls of any builtin of
any module. Nothing may raise but WeberError, and none of those may say that Weber itself is at fault. All
runs are under WEBER_DEBUG, where what a builtin did not foresee is not yet made a MethodError.
"""

import contextlib
import io
import pathlib
import re

import pytest
import weber
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from weber.frontend.base import load

TESTS = pathlib.Path(__file__).parent.parent
UNBOUNDED = re.compile(
    r"\bwhile\b|sleep|read|write|open|include|download|exit|using|import|Inf|typemax|floatmax|\d{4}|\de|\^|<<|repeat|cycle"
    r"|countfrom|repeatedly|rm|mkdir|mkpath|cd|touch|cp|mv|tempname|mktemp|save|run|wait"
)
"""What may run long, need much memory or touch files: such sources are left out."""


def snippets():
    """The sources of the transcripts and of the syntax trees."""
    for path in sorted((TESTS / "language" / "transcripts").glob("*.jlcon")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("julia> "):
                yield line.removeprefix("julia> ")
    for block in (TESTS / "syntax" / "trees.txt").read_text(encoding="utf-8").splitlines():
        if not block.startswith(("-->", " ", "#")) and block.strip():
            yield block


SNIPPETS = sorted({source for source in snippets() if not UNBOUNDED.search(source)})
TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
STRAY = [
    "(", ")", "[", "]", "{", "}", '"', "'", "`", "$", "@", ":", "::", ";", ",", "...", ".", "end", "begin",
    "function ", "\n", "if ", "for ", "do ", "=", "->", "=>", "?", "&&", "√", "∘", "\\", "\0", "#=", "0x",
    "1f", "'", "é", "struct ", "let ", "try ", "return ", "break", "catch ", "where ", "nothing", "-", "+",
    "/", "2", "x", "Int", "macro ", "quote ", "local ", "const ",
]  # fmt: skip


@st.composite
def mutated(draw):
    """A snippet of the corpus after one to four accidents."""
    tokens = TOKEN.findall(draw(st.sampled_from(SNIPPETS)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(tokens) - 1)))
        accident = draw(st.sampled_from(["delete", "double", "swap", "insert", "replace", "cut", "graft"]))
        if accident == "insert":
            tokens.insert(at, draw(st.sampled_from(STRAY)))
        elif accident == "graft":
            tokens[at:at] = TOKEN.findall(draw(st.sampled_from(SNIPPETS)))
        elif not tokens:
            continue
        elif accident == "delete":
            del tokens[at]
        elif accident == "double":
            tokens.insert(at, tokens[at])
        elif accident == "swap":
            other = draw(st.integers(0, len(tokens) - 1))
            tokens[at], tokens[other] = tokens[other], tokens[at]
        elif accident == "replace":
            tokens[at] = draw(st.sampled_from(STRAY))
        else:
            del tokens[at:]
    return "".join(tokens)


ATOMS = [
    "0", "1", "-1", "2", "3", "7", "true", "false", "1.5", "-0.0", "NaN", "1f0", "2.5f0", "Float16(1)",
    "UInt8(3)", "Int32(4)", "'a'", "'é'", '""', '"abc"', '"héllo"', '"1.5"', ":a", ":(a + 1)", "nothing",
    "missing", "()", "(1,)", "(1, 2.0)", '("a", :b)', "(a = 1, b = 2)", "[]", "[1, 2, 3]", "[1.0, NaN]",
    "Float32[1 2; 3 4]", "[true, false]", '["a", "b"]', "[1 2; 3 4]", "Any[1, nothing]", "[[1], [2, 3]]",
    "zeros(2, 0)", "zeros(Float32, 2, 2, 2)", "fill(1)", "1:3", "3:-1:1", "0:0.5:1", "2:1", "Dict()",
    'Dict("a" => 1)', "Dict(:a => [1])", "1 => 2", "Set([1, 2])", "sin", "+", "x -> x", "(x, y) -> x",
    "() -> 1", "Int", "Float32", "String", "Vector", "Vector{Int}", "Union{}", "Any", "Tuple{Int}", "Real",
    "pairs([1])", "(i for i in 1:2)", "zip(1:2, 3:4)", "enumerate([1])", "Ref(1)", "Some(1)", "Base",
    "CartesianIndex(1, 2)", ":", 'r"a"', "view([1, 2, 3], 1:2)", "[1 2; 3 4]'", "eachrow([1 2; 3 4])",
    "IOBuffer()", 'ErrorException("e")', "1//2", "1im", "'a':'c'",
]  # fmt: skip
OPERATORS = [
    "+", "-", "*", "/", "\\", "÷", "%", "==", "===", "<", "<=", "!=", "≈", "∈", "⊆", "∪", "∩", "=>", ":",
    "&", "|", "⊻", "∘", "|>", ".+", ".*", ".==", ".<", "./", "&&", "||", "isa", "<:", ">>", ".=>", "⋅", "×",
]  # fmt: skip


def builtins():
    """The names of Base that can be called and neither run long nor touch the world outside."""
    weber.Session()
    load()
    from weber.frontend.base.registry import BASE

    return sorted(
        name
        for name in BASE.exports
        if re.fullmatch(r"[a-z]\w*!?", name) and not UNBOUNDED.search(name)
    )


BUILTINS = builtins()
atom = st.sampled_from(ATOMS)


def calls(inner):
    """Expressions built over others."""
    arguments = st.lists(inner, min_size=0, max_size=3).map(", ".join)
    name = st.sampled_from(BUILTINS)
    return st.one_of(
        st.builds("{}({})".format, name, arguments),
        st.builds("{}({})".format, name, arguments),
        st.builds("{}.({})".format, name, arguments),
        st.builds("{}({}; {} = {})".format, name, arguments,
                  st.sampled_from(KEYWORDS), inner),
        st.builds("({}) {} ({})".format, inner, st.sampled_from(OPERATORS), inner),
        st.builds("({})[{}]".format, inner, arguments),
        st.builds("({}).{}".format, inner, st.sampled_from(["a", "first", "x", "parameters", "1"])),
        st.builds("({})({})".format, inner, arguments),
        st.builds("[{}]".format, arguments),
        st.builds("[{}; {}]".format, inner, inner),
        st.builds("[{} {}]".format, inner, inner),
        st.builds("({})::({})".format, inner, inner),
        st.builds('"$({})"'.format, inner),
        st.builds("({}...,)".format, inner),
        st.builds("[x for x in {}]".format, inner),
        st.builds("let x = {}; x[{}] = {}; x end".format, inner, inner, inner),
        st.builds("let x = {}; x[{}] .= {}; x end".format, inner, inner, inner),
        st.builds("let (x, y) = {}; x end".format, inner),
        st.builds("if {} 1 else 2 end".format, inner),
        st.builds("for x in {} x end".format, inner),
        st.builds("try {} catch e; e end".format, inner),
    )  # fmt: skip


@st.composite
def builtin_calls(draw):
    """A call of any function or type of any builtin module."""
    from weber.frontend.base.registry import MODULES

    callables = [f'{module}.var"{name}"' for module in MODULES for name in sorted(MODULES[module].bindings)
                 if not UNBOUNDED.search(name)]  # fmt: skip
    name, given = draw(st.sampled_from(callables)), ", ".join(draw(st.lists(atom, max_size=4)))
    if draw(st.integers(0, 5)) == 0:
        given += f"; {draw(st.sampled_from(KEYWORDS))} = {draw(atom)}"
    return f"{name}({given})"


KEYWORDS = "dims by rev init digits sigdigits lt base step length limit nope".split()

expressions = st.one_of(calls(atom), calls(atom), calls(atom), st.recursive(atom, calls, max_leaves=5))


class Sessions:
    """A session that is renewed now and then, for what one program leaves behind can reach the next."""

    def __init__(self):
        self.session, self.used = None, 0

    def run(self, source):
        """Evaluates and shows; raises AssertionError when anything but an error of Julia's kind comes out."""
        if self.session is None or self.used == 50:
            self.session, self.used = weber.Session(), 0
            self.session.evaluate("using Statistics, LinearAlgebra, Random")
        self.used += 1
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                self.session.show(self.session.evaluate(source))
            except weber.WeberError as error:
                text = str(error)
                assert error.kind != "InternalError", f"{source!r}: {text}"
                assert "Traceback (most recent call last)" not in text, f"{source!r}: {text}"


def fuzz(strategy, examples):
    """Runs `examples` programs of a strategy, the same ones each time."""
    sessions = Sessions()

    @settings(max_examples=examples, derandomize=True, database=None, deadline=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(strategy)
    def run(source):
        if not UNBOUNDED.search(source.replace("Inf", "")):
            sessions.run(source)

    run()


@pytest.fixture(autouse=True)
def strict(monkeypatch):
    monkeypatch.setenv("WEBER_DEBUG", "1")


STRATEGIES = {"mutated": mutated(), "expressions": expressions, "builtins": builtin_calls()}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_programs(strategy):
    fuzz(STRATEGIES[strategy], 250)


@pytest.mark.long
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_many_programs(strategy):
    fuzz(STRATEGIES[strategy], 10_000)


def test_what_a_builtin_did_not_foresee(monkeypatch):
    """It is an error of Julia's kind that names the function and its arguments; WEBER_DEBUG shows it raw."""
    from weber.frontend.base.registry import builtin_call

    def odd(x):
        return x.no_such_attribute

    run = builtin_call(odd, "odd")
    with pytest.raises(AttributeError):
        run((1,), None, {})
    monkeypatch.delenv("WEBER_DEBUG")
    with pytest.raises(weber.WeberError, match=r"MethodError: no method matching odd\(::Int64\)"):
        run((1,), None, {})

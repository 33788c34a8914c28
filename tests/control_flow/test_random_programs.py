"""Random programs of nested conditionals and loops: staged they give what the host gives."""

import numpy as np
import weber
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from weber.compiler.interpreter import run
from weber.compiler.verify import verify
from weber.frontend.compiling.entries import stage_entry
from weber.frontend.loading import reported

VARIABLES = ("a", "b", "c")
"""Floats; `n` is an Int, `v` a vector of three."""


@st.composite
def numbers(draw, depth=0):
    if depth > 1 or draw(st.booleans()):
        return draw(st.sampled_from([*VARIABLES, "x", "n", "0.5", "2", "v[1]", "v[mod1(n, 3)]", "s.h"]))
    left, right = draw(numbers(depth + 1)), draw(numbers(depth + 1))
    return draw(st.sampled_from([f"({left} + {right})", f"({left} - {right})", f"sin({left})",
                                 f"min({left}, {right})", f"({left} > {right} ? {left} : {right})"]))


@st.composite
def conditions(draw):
    left, right = draw(numbers(1)), draw(numbers(1))
    plain = f"{left} {draw(st.sampled_from(['<', '>', '<=']))} {right}"
    other = f"{draw(numbers(1))} > 0"
    return draw(st.sampled_from([plain, f"{plain} && {other}", f"{plain} || {other}", f"!({plain})"]))


@st.composite
def statements(draw, depth, in_loop):
    kinds = ["assign"] * 3 + ["count", "element", "field", "closure", "update"]
    kinds += ["if"] * 3 + ["for", "for", "while"] if depth < 3 else []
    kinds += ["break", "continue"] if in_loop else []
    kinds += ["return"]
    kind = draw(st.sampled_from(kinds))
    pad = "    " * (depth + 1)
    if kind in ("break", "continue", "return"):
        leave = kind if kind != "return" else f"return {draw(numbers())} + 0.0"
        return f"{pad}if {draw(conditions())}\n{pad}    {leave}\n{pad}end\n"
    if kind == "assign":
        return f"{pad}{draw(st.sampled_from(VARIABLES))} = sin({draw(numbers())}) + 0.0\n"
    if kind == "count":
        return f"{pad}n += {draw(st.integers(1, 3))}\n"
    if kind == "element":
        return f"{pad}v[{draw(st.sampled_from(['1', '2', 'mod1(n, 3)']))}] = sin({draw(numbers())})\n"
    if kind == "field":
        return f"{pad}s.h = cos({draw(numbers())})\n"
    if kind == "update":
        return f"{pad}v .= tanh.(v .+ {draw(numbers())})\n"
    if kind == "closure":
        return f"{pad}bump({draw(numbers())})\n"
    body = draw(blocks(depth + 1, in_loop or kind != "if"))
    if kind == "if":
        otherwise = draw(st.one_of(st.none(), blocks(depth + 1, in_loop)))
        middle = f"{pad}else\n{otherwise}" if otherwise is not None else ""
        return f"{pad}if {draw(conditions())}\n{body}{middle}{pad}end\n"
    if kind == "for":
        items = draw(st.sampled_from(["1:6", "1:mod(n, 4)", "1:length(w)", "length(w):-1:1"]))
        return f"{pad}for i{depth} in {items}\n{pad}    a += i{depth} / 8\n{body}{pad}end\n"
    count = f"k{depth}"
    return (f"{pad}{count} = 0\n{pad}while {count} < 5 && ({draw(conditions())})\n{pad}    {count} += 1\n"
            f"{body}{pad}end\n")


@st.composite
def blocks(draw, depth, in_loop):
    return "".join(draw(st.lists(statements(depth, in_loop), min_size=1, max_size=3)))


@st.composite
def programs(draw):
    body = draw(blocks(0, False))
    return ("mutable struct S h end\nfunction f(x, w)\n    a, b, c, n = 0.25, x, 1.5, 1\n"
            f"    v = [x, 2x, 0.5]\n    s = S(0.125)\n    bump(y) = (c = sin(c + y))\n{body}"
            "    a + 2b + 3c + n + sum(v .* [1, 2, 3]) + s.h\nend\n")


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(programs())
def test_random_programs(tmp_path_factory, program):
    path = tmp_path_factory.mktemp("programs") / "program.jl"
    path.write_text(program, encoding="utf-8")
    module = weber.load(path)
    with reported():
        graph = verify(stage_entry(module.add_entry("f(x::Float64, w::Float64[N])")))
    for x in (-1.3, 0.2, 2.0):
        w = np.ones(3)
        (found,) = run(graph, {"x": np.float64(x), "w": w})
        np.testing.assert_allclose(found, module.f(x, w), rtol=1e-9, err_msg=program)

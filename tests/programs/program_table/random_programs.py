"""Random Julia functions with nested control flow, mutation, growth and ragged inputs.

Each is `f(x, v, n)` of a number, a vector of any length and a small integer, and gives a number. Arithmetic
stays bounded (tanh, sin, quotients with denominators above 1), every `while` counts to a bound, so that all
programs end with finite numbers.
"""

from hypothesis import strategies as st

NUMBERS = ("a", "b", "c")
DEPTH = 3
STATEMENTS = 14
"""After so many only simple ones follow: what fails, fails in small programs, and more of them can be run."""


class _Writer:
    """Writes one function; `draw` chooses. `loops` is the number of loops around, `indices` are the names of
    their variables."""

    def __init__(self, draw):
        self.draw, self.lines, self.loops, self.indices, self.fresh = draw, [], 0, [], 0
        self.statements = 0

    def choose(self, *options):
        return self.draw(st.sampled_from(options))

    def line(self, depth, text):
        self.lines.append("    " * depth + text)

    def name(self, prefix):
        self.fresh += 1
        return f"{prefix}{self.fresh}"

    # --- expressions ----------------------------------------------------------------------------------------

    def atom(self):
        options = [*NUMBERS, "x", "0.5", "-1.25", "u[1]", "u[mod1(k, 3)]", "sum(u)", "Float64(k)"]
        if self.indices:
            options += [f"u[mod1({self.indices[-1]}, 3)]", f"Float64({self.indices[-1]})"]
        return self.choose(*options)

    def expression(self, depth=2):
        if depth == 0:
            return self.atom()
        a, b = self.expression(depth - 1), self.expression(depth - 1)
        form = self.choose("atom", "sum", "product", "tanh", "sin", "quotient", "select", "extreme", "vector",
                           "abs2")
        match form:
            case "sum":
                return f"({a} {self.choose('+', '-')} {b})"
            case "product":
                return f"tanh({a}) * {b}"
            case "tanh" | "sin":
                return f"{form}({a})"
            case "quotient":
                return f"{a} / (1 + abs2({b}))"
            case "select":
                return f"({self.condition()} ? {a} : {b})"
            case "extreme":
                return f"{self.choose('max', 'min')}({a}, {b})"
            case "vector":
                return self.reduction()
            case "abs2":
                return f"exp(-abs2({a}))"
        return a

    def reduction(self):
        """A map over the ragged vector, reduced."""
        inner = self.choose("z", "tanh(z)", "z * a", "(z > b ? z : x)", "sin(z + c)")
        return self.choose(f"sum(z -> {inner}, v; init = 0.0)", f"sum(map(z -> {inner}, v))",
                           f"sum([{inner} for z in v]; init = 0.0)", f"sum({inner} for z in v; init = 0.0)",
                           "sum(tanh.(v))", "sum(abs2, v)")

    def condition(self):
        a, b = self.atom(), self.choose("0.3", "-0.2", "x", "1.1")
        test = f"{a} {self.choose('<', '>')} {b}"
        return self.choose(test, test, f"{test} && {self.atom()} > 0.1", f"{test} || {self.atom()} < -0.1",
                           f"!({test})", "isodd(k)", "length(v) > 2", "n > 1")

    # --- statements -----------------------------------------------------------------------------------------

    def block(self, depth, level):
        for _ in range(self.draw(st.integers(1, 3))):
            self.statement(depth, level)

    def statement(self, depth, level):
        self.statements += 1
        level = level if self.statements < STATEMENTS else 0
        simple = ("assign", "update", "element", "vector", "count", "local")
        nested = ("if", "if", "for_v", "for_n", "while", "grow", "lane_loop") if level else ()
        form = self.choose(*simple, *nested, *(("leave",) if self.loops else ()),
                           *(("return",) if level else ()))
        getattr(self, form)(depth, level)

    def assign(self, depth, level):
        self.line(depth, f"{self.choose(*NUMBERS)} = {self.expression()}")

    def update(self, depth, level):
        self.change(depth, self.choose(*NUMBERS), self.choose("+=", "-="), self.expression())

    def change(self, depth, place, operator, value):
        """An assignment; in a loop a number that it changes stays small: the sine of one that doubles in each
        iteration would be rounding and nothing else."""
        if self.loops and operator != "=":
            operator, value = "=", f"clamp({place} {operator[0]} ({value}), -9.0, 9.0)"
        self.line(depth, f"{place} {operator} {value}")

    def element(self, depth, level):
        index = self.choose("1", "mod1(k, 3)", *[f"mod1({i}, 3)" for i in self.indices[-1:]])
        self.change(depth, f"u[{index}]", self.choose("=", "+="), self.expression(1))

    def vector(self, depth, level):
        form = self.choose("u .= tanh.(u) .+ {}", "u = u .* tanh({})", "u[2:3] .= {}", "u = [{}, u[1], u[2]]")
        self.line(depth, form.format(self.expression(1)))

    def count(self, depth, level):
        self.line(depth, f"k += {self.choose('1', '2', 'n', 'length(v)')}")

    def local(self, depth, level):
        """A variable that is first assigned here, and used at once."""
        name = self.name("t")
        self.line(depth, f"{name} = {self.expression(1)}")
        self.line(depth, f"{self.choose(*NUMBERS)} += tanh({name})")

    def leave(self, depth, level):
        self.line(depth, f"{self.condition()} && {self.choose('break', 'continue')}")

    def __getattr__(self, name):
        if name in ("if", "while", "return"):
            return getattr(self, f"{name}_")
        raise AttributeError(name)

    def return_(self, depth, level):
        self.line(depth, f"if {self.condition()}")
        self.line(depth + 1, f"return {self.expression(1)}")
        self.line(depth, "end")

    def if_(self, depth, level):
        self.line(depth, f"if {self.condition()}")
        self.block(depth + 1, level - 1)
        if self.draw(st.booleans()):
            self.line(depth, f"elseif {self.condition()}")
            self.block(depth + 1, level - 1)
        if self.draw(st.booleans()):
            self.line(depth, "else")
            self.block(depth + 1, level - 1)
        self.line(depth, "end")

    def loop(self, depth, level, header, index=None):
        self.line(depth, header)
        self.loops += 1
        self.indices += [index] if index else []
        self.block(depth + 1, level - 1)
        if index:
            self.indices.pop()
        self.loops -= 1
        self.line(depth, "end")

    def for_v(self, depth, level):
        index, value = self.name("i"), self.name("z")
        header = self.choose(f"for {index} in 1:length(v)", f"for {index} in length(v):-1:1",
                             f"for ({index}, {value}) in enumerate(v)", f"for {index} in eachindex(v)")
        self.line(depth, header)
        self.loops += 1
        self.indices.append(index)
        self.line(depth + 1, f"a = tanh(a) + {self.choose('0.5', 'x')} * v[{index}]")
        self.block(depth + 1, level - 1)
        self.indices.pop()
        self.loops -= 1
        self.line(depth, "end")

    def for_n(self, depth, level):
        index = self.name("i")
        self.loop(depth, level, f"for {index} in 1:{self.choose('n', '2', '6', 'n + 1')}", index)

    def while_(self, depth, level):
        counter = self.name("w")
        self.line(depth, f"{counter} = 0")
        self.line(depth, f"while {counter} < {self.choose('n', '3', '7')} && ({self.condition()})")
        self.line(depth + 1, f"{counter} += 1")
        self.loops += 1
        self.indices.append(counter)
        self.block(depth + 1, level - 1)
        self.indices.pop()
        self.loops -= 1
        self.line(depth, "end")

    def grow(self, depth, level):
        grown, index = self.name("g"), self.name("i")
        self.line(depth, f"{grown} = Float64[]")
        self.line(depth, f"for {index} in 1:{self.choose('n', 'length(v)', '5')}")
        self.line(depth + 1, f"push!({grown}, {self.expression(1)})")
        self.line(depth, "end")
        self.line(depth, f"b += tanh(sum({grown}))")

    def lane_loop(self, depth, level):
        """A map whose function loops and decides for each element."""
        most = self.choose("n", "4")
        self.line(depth, "c += sum(map(v) do z")
        self.line(depth + 1, "s, m = z, 0")
        self.line(depth + 1, f"while abs(s) > {self.choose('0.4', '0.7')} && m < {most}")
        self.line(depth + 2, "s = tanh(s) * 0.8")
        self.line(depth + 2, "m += 1")
        self.line(depth + 1, "end")
        self.line(depth + 1, self.choose("s > 0 ? s * a : s + Float64(m)", "s + m", "m > 1 ? s : z"))
        self.line(depth, "end; init = 0.0) / 3")


@st.composite
def programs(draw):
    """The source of a random function `f`."""
    writer = _Writer(draw)
    writer.line(0, "function f(x, v, n)")
    writer.line(1, "a, b, c, k = x, 0.5, -0.25, n")
    writer.line(1, "u = [x, 0.3, -0.7]")
    for _ in range(draw(st.integers(2, 4))):
        writer.statement(1, DEPTH)
    writer.line(1, "return tanh(a) + sin(b) * c + sum(tanh.(u)) + 0.01 * k")
    writer.line(0, "end")
    return "\n".join(writer.lines) + "\n"

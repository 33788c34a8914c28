"""The syntax tree: what the parser makes of text. Each node knows the span of source it came from.

Operators are calls of an identifier (`a + b` is `Call(Identifier("+"), [a, b])`), so that methods can be
added to them; only what Julia does not treat as a call has a node of its own.
"""

from dataclasses import dataclass, field

from ...compiler.errors import Location


@dataclass(eq=False, slots=True, kw_only=True)
class Node:
    """Base of all nodes. `location` is the span, 1-based, end exclusive."""

    location: Location | None = None


# --- atoms --------------------------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class Literal(Node):
    """A number or character: int (Int64), float (Float64), numpy.float32 (`1f0`), numpy unsigned (`0x1f`),
    bool, `values.Char`. Int literals beyond Int64 are refused by the parser."""

    value: object


@dataclass(eq=False, slots=True)
class Identifier(Node):
    """A name (NFC), also of an operator: `+`, `⊙`, `∘`. A dotted operator as a value (`.+`) keeps its dot."""

    name: str


@dataclass(eq=False, slots=True)
class String(Node):
    """A string; `parts` are texts with escapes resolved and interpolated expressions. `prefix` is that of a
    non-standard string (`raw`, `r`, `v`, …), `suffix` its flags; backtick commands have the prefix "`"."""

    parts: list
    prefix: str = ""
    suffix: str = ""


@dataclass(eq=False, slots=True)
class Quote(Node):
    """`:name`, `:(expression)`, `quote … end`."""

    expression: Node


# --- calls and operators ------------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class Keyword(Node):
    """`name = value` in a call or named tuple; `value` is None for the shorthand `; name` (or `; a.b.name`,
    whose expression is then the value)."""

    name: str
    value: Node | None


@dataclass(eq=False, slots=True)
class Splat(Node):
    """`expression...` in a call, a tuple, an array or on the left of an assignment."""

    expression: Node


@dataclass(eq=False, slots=True)
class Call(Node):
    """`function(arguments; keywords)`, an operator, or, dotted, a broadcast (`f.(x)`, `x .+ y`).

    Arguments may hold `Splat`; keywords hold `Keyword` (also those written before the `;`) and `Splat`. A
    `do` block is the first argument, a `Lambda`. `x'` calls `'`; `a:b` and `a:s:b` call `:`; juxtaposition
    `2x` calls `*`; `x |> f`, `a => b`, `a ∘ b` are calls. `infix` tells an operator in infix or prefix
    position from `+(a, b)`."""

    function: Node
    arguments: list
    keywords: list = field(default_factory=list)
    dotted: bool = False
    infix: bool = False


@dataclass(eq=False, slots=True)
class Comparison(Node):
    """A chain of two or more comparisons, `a < b <= c`: `operators` are identifiers (with their dots)."""

    operands: list
    operators: list


@dataclass(eq=False, slots=True)
class And(Node):
    """`left && right`; `.&&` is dotted."""

    left: Node
    right: Node
    dotted: bool = False


@dataclass(eq=False, slots=True)
class Or(Node):
    """`left || right`; `.||` is dotted."""

    left: Node
    right: Node
    dotted: bool = False


@dataclass(eq=False, slots=True)
class Field(Node):
    """`object.name`; `name` is a str, or a node for `object.:name` and `object."name"`. `object.(args)` is a
    dotted Call."""

    object: Node
    name: object


@dataclass(eq=False, slots=True)
class Index(Node):
    """`collection[arguments]`, also `T[a, b]` (an array of element type T): which it is depends on the value.
    Inside, `end` and `begin` are `EndMarker` and `BeginMarker`. Keywords as in a call."""

    collection: Node
    arguments: list
    keywords: list = field(default_factory=list)


@dataclass(eq=False, slots=True)
class EndMarker(Node):
    """`end` inside an index."""


@dataclass(eq=False, slots=True)
class BeginMarker(Node):
    """`begin` inside an index."""


@dataclass(eq=False, slots=True)
class Curly(Node):
    """`type{parameters}`; a parameter may be `TypeBound` (`<:Real`) or any expression. Braces alone, as after
    `@NamedTuple`, have the type None."""

    type: Node | None
    parameters: list


@dataclass(eq=False, slots=True)
class TypeAssertion(Node):
    """`expression::type`; as a parameter or field see `Parameter` and `FieldDeclaration`."""

    expression: Node
    type: Node


@dataclass(eq=False, slots=True)
class TypeBound(Node):
    """`name`, `<:Upper`, `>:Lower`, `T<:Upper`, `Lower<:T<:Upper` in `where` or `{}`; `name` is "" when
    anonymous."""

    name: str
    upper: Node | None = None
    lower: Node | None = None


@dataclass(eq=False, slots=True)
class Where(Node):
    """`type where {parameters}`: `parameters` are `TypeBound`s."""

    type: Node
    parameters: list


# --- collections --------------------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class Tuple(Node):
    """`(a, b)`, `()`, or `a, b` without parentheses; elements may be `Splat`."""

    elements: list


@dataclass(eq=False, slots=True)
class NamedTuple(Node):
    """`(a = 1, b = 2)`, `(; a, b = 2, rest...)`: elements are `Keyword`s and `Splat`s (and calls of `=>`)."""

    elements: list


@dataclass(eq=False, slots=True)
class Vector(Node):
    """`[a, b, c]` (comma-separated, elements may be `Splat`), `element_type` for `T[…]` is not set here: see
    `Index`."""

    elements: list


@dataclass(eq=False, slots=True)
class Concatenation(Node):
    """`[a b; c d]`, `[a; b]`, `[a b]`, `[a;; b]`: `items` are joined along `dimension` (1 for `;` and
    newline, 2 for a space or `;;`, n for n semicolons); an item may be a `Concatenation` of a lower-binding
    level. `row_major` tells that columns were separated by spaces. With `element_type`, `T[a b; c d]`. A
    trailing `;;` sets the least number of dimensions: `[1;;]` has dimension 2 and one item, `[;;]` none."""

    items: list
    dimension: int
    element_type: Node | None = None
    row_major: bool = False


@dataclass(eq=False, slots=True)
class Iteration(Node):
    """`target in iterable` (or `=`, `∈`) of a for loop or comprehension. With `outer`, the target is a
    variable around the loop."""

    target: Node
    iterable: Node
    outer: bool = False


@dataclass(eq=False, slots=True)
class Generator(Node):
    """`body for i in a, j in b if condition for k in c`.

    `clauses` is a list of `for` clauses, each a pair (list of `Iteration`, condition or None); several
    clauses flatten.
    """

    body: Node
    clauses: list


@dataclass(eq=False, slots=True)
class Comprehension(Node):
    """`[generator]`, `T[generator]`."""

    generator: Generator
    element_type: Node | None = None


# --- statements ---------------------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class Block(Node):
    """A sequence; its value is that of the last statement."""

    statements: list


@dataclass(eq=False, slots=True)
class Assignment(Node):
    """`target = value`; `operator` is "" or that of an update (`+` for `+=`), `dotted` for `.=` and `.+=`.

    Targets: Identifier, Field, Index, Tuple (with nested targets and Splat), NamedTuple (`(; a, b) = x`),
    TypeAssertion (`x::T = 1`), Curly (`Alias{T} = …`). A call on the left makes a `FunctionDefinition`, not
    an assignment."""

    target: Node
    value: Node
    operator: str = ""
    dotted: bool = False


@dataclass(eq=False, slots=True)
class Declaration(Node):
    """`global`, `local` or `const` before names or assignments: `kind` and the list of declared
    statements."""

    kind: str
    statements: list


@dataclass(eq=False, slots=True)
class If(Node):
    """`if/elseif/else` and the ternary; `otherwise` is None, a Block, or another If (elseif)."""

    condition: Node
    then: Node
    otherwise: Node | None = None


@dataclass(eq=False, slots=True)
class For(Node):
    """`for a in x, b in y … end`: `iterations` is a list of `Iteration`."""

    iterations: list
    body: Block


@dataclass(eq=False, slots=True)
class While(Node):
    condition: Node
    body: Block


@dataclass(eq=False, slots=True)
class Break(Node):
    pass


@dataclass(eq=False, slots=True)
class Continue(Node):
    pass


@dataclass(eq=False, slots=True)
class Return(Node):
    value: Node | None = None


@dataclass(eq=False, slots=True)
class Let(Node):
    """`let bindings … end`: bindings are `Assignment`s, `Identifier`s or function definitions."""

    bindings: list
    body: Block


@dataclass(eq=False, slots=True)
class Try(Node):
    """`try … catch name … else … finally … end`; absent parts are None."""

    body: Block
    variable: Identifier | None = None
    handler: Block | None = None
    otherwise: Block | None = None
    final: Block | None = None


# --- definitions --------------------------------------------------------------------------------------------


@dataclass(eq=False, slots=True)
class Parameter(Node):
    """A parameter: `target` is an Identifier, a Tuple or NamedTuple to destructure, or None (`::T`); `type`,
    `default` may be None; `variadic` for `args...`."""

    target: Node | None
    type: Node | None = None
    default: Node | None = None
    variadic: bool = False


@dataclass(eq=False, slots=True)
class Signature(Node):
    """Positional `parameters`, `keywords` (Parameters after the `;`), `where` (TypeBounds), `result` type."""

    parameters: list
    keywords: list = field(default_factory=list)
    where: list = field(default_factory=list)
    result: Node | None = None


@dataclass(eq=False, slots=True)
class FunctionDefinition(Node):
    """`function name(…) … end`, `name(…) = …`, also for operators, `Base.show(…)`, `(m::Layer)(x)`.

    `name` is an Identifier, Field, Curly (`Point{T}(x) where T`) or, for callable structs, the `Parameter` of
    the object itself. `signature` is None for `function name end`."""

    name: Node
    signature: Signature | None
    body: Node | None


@dataclass(eq=False, slots=True)
class Lambda(Node):
    """`x -> …`, `function (x) … end`, a `do` block."""

    signature: Signature
    body: Node


@dataclass(eq=False, slots=True)
class FieldDeclaration(Node):
    """A field of a struct, with type and (for `@kwdef`) default; `constant` for `const` fields of mutable
    structs."""

    name: str
    type: Node | None = None
    default: Node | None = None
    constant: bool = False


@dataclass(eq=False, slots=True)
class Struct(Node):
    """`struct Name{T} <: Super … end`: `parameters` are TypeBounds, `fields` FieldDeclarations,
    `constructors` the other statements (inner constructors)."""

    name: str
    parameters: list
    supertype: Node | None
    fields: list
    constructors: list
    mutable: bool = False


@dataclass(eq=False, slots=True)
class AbstractType(Node):
    """`abstract type Name{T} <: Super end`."""

    name: str
    parameters: list
    supertype: Node | None


@dataclass(eq=False, slots=True)
class PrimitiveType(Node):
    """`primitive type Name <: Super bits end`."""

    name: str
    supertype: Node | None
    bits: Node


@dataclass(eq=False, slots=True)
class ModuleDefinition(Node):
    name: str
    body: Block
    bare: bool = False


@dataclass(eq=False, slots=True)
class ImportItem(Node):
    """A dotted path (`["Flux", "Losses"]`; leading dots of a relative path are elements ".") with an optional
    `as` name."""

    path: list
    alias: str | None = None


@dataclass(eq=False, slots=True)
class Import(Node):
    """`using A, B`, `using A: x, y as z`, `import …`: `kind` is "using" or "import". Without a colon `module`
    is None and `items` are the modules; with one `module` is the ImportItem before it and `items` the
    names."""

    kind: str
    module: ImportItem | None
    items: list


@dataclass(eq=False, slots=True)
class Export(Node):
    """`export a, b` (`kind` "export") or `public a, b`."""

    kind: str
    names: list


@dataclass(eq=False, slots=True)
class MacroCall(Node):
    """`@name arguments` or `@name(arguments)`; `name` without the `@`, a dotted one as "Flux.@layer" →
    "Flux.layer".

    Keyword-like arguments (`expand = false`) are `Assignment`s, as Julia passes them; a `do` block is the
    last."""

    name: str
    arguments: list


@dataclass(eq=False, slots=True)
class MacroDefinition(Node):
    """`macro name(…) … end`; as `FunctionDefinition`."""

    name: Node
    signature: Signature | None
    body: Node


@dataclass(eq=False, slots=True)
class Documented(Node):
    """A docstring before a definition."""

    text: String
    definition: Node


def walk(node):
    """Yields a node and all nodes below it, parents first."""
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, Node):
            yield item
            stack.extend(
                getattr(item, name) for name in reversed(item.__dataclass_fields__) if name != "location"
            )
        elif isinstance(item, list | tuple):
            stack.extend(reversed(item))

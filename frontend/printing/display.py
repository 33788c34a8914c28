"""Values as Julia displays them.

`show_value` is what the REPL prints, `repr_value` is `repr(x)` (`show(io, x)`), `print_value` is `string(x)`
(`print(io, x)`). What a display depends on (how much room there is, what is already known of the type) is a
`Context`, Julia's `IOContext`. Methods that the user adds to `Base.show` and `Base.print` are honoured.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from ...compiler.errors import WeberError
from .. import types as t
from ..base.pairs import PairFamily, is_pair
from ..base.registry import BASE
from ..evaluation.stack import MAX_DEPTH
from ..poison import UNDEFINED
from ..staged_numbers import DimNumber, Traced
from ..staging import host_number
from ..type_lattice import TYPE_CLASSES, DataType, UnionAll, VarargType, is_concrete, is_subtype, unwrap
from ..type_names import bound_name, parameter_name, type_name
from ..values import (
    Array,
    Char,
    Dictionary,
    Function,
    GeneratorValue,
    Irrational,
    Module,
    NamedTuple,
    Range,
    SetValue,
    Singleton,
    Struct,
    Symbol,
    typeof,
)
from . import array_text
from .number_text import complex_text, float_text, unsigned_text
from .string_text import (
    field_name,
    is_operator,
    plain_char,
    plain_string,
    show_char,
    show_string,
    show_symbol,
)


@dataclass(frozen=True)
class Context:
    """What a display depends on, as the properties of Julia's `IOContext`.

    `compact` is None where nothing was said. `typeinfo` is the type that what was printed so far already
    tells of the value; `shown` are the collections being shown, outermost first."""

    compact: bool | None = None
    limit: bool = False
    typeinfo: object = t.Any
    rows: int = 24
    columns: int = 80
    shown: tuple = ()
    properties: dict = field(default_factory=dict)

    def knowing(self, typeinfo):
        """This context where the type of the value is known to be `typeinfo`."""
        return self if typeinfo is self.typeinfo else replace(self, typeinfo=typeinfo)

    def sized(self, rows, columns):
        """This context for a display of another size."""
        return replace(self, rows=rows, columns=columns)

    def inside(self, collection):
        """This context within a collection. Raises WeberError where collections are nested too deeply."""
        if len(self.shown) >= MAX_DEPTH:
            raise WeberError("StackOverflowError", kind="StackOverflowError")
        return replace(self, shown=(*self.shown, collection))


REPL = Context(limit=True)


def show_value(value, context=REPL) -> str:
    """What the REPL prints for a value; empty for `nothing`."""
    return "" if value is None else plain_text(value, context)


def repr_value(value) -> str:
    """`repr(value)`."""
    return show_text(value, Context())


def print_value(value) -> str:
    """`string(value)`, also what interpolation puts into a string."""
    return print_text(value, Context())


# --- methods of the user ------------------------------------------------------------------------------------

generic_methods = set()
"""The Python functions behind the builtin methods of `show` and `print`, which come back to this module."""


def user_method(name, arguments):
    """The method that someone added to a function of Base for these arguments, as a function of them; None
    without."""
    function = BASE.bindings.get(name)
    found = None if function is None else function.methods.find(arguments)
    if found is None or found[0].python in generic_methods:
        return None
    return lambda arguments: found[0].call(arguments, {}, found[1])


def overridden_text(name, context, *arguments):
    """The text that an added method of `name(io, arguments…)` writes; None when there is no such method."""
    from ..base.io import memory_stream

    stream = memory_stream(context)
    method = user_method(name, (stream, *arguments))
    if method is None:
        return None
    method((stream, *arguments))
    return stream.text()


# --- the three displays -------------------------------------------------------------------------------------


def show_text(value, context) -> str:
    """`show(io, value)`: on one line, as the source that would make the value where there is one."""
    shower = SHOW.get(value.__class__)
    if shower is not None:
        return shower(value, context)
    if isinstance(value, TYPE_CLASSES):
        return type_name(value)
    if isinstance(value, np.generic):
        return _show_numpy(value, context)
    text = overridden_text("show", context, value)
    if text is not None:
        return text
    return value.show(context) if hasattr(value, "show") else default_text(value, context)


def plain_text(value, context) -> str:
    """`show(io, MIME"text/plain"(), value)`: what the REPL prints, on several lines where that reads
    better."""
    cls = value.__class__
    if cls is Struct or cls not in SHOW:
        from ..base.printing import TEXT_PLAIN

        text = overridden_text("show", context, TEXT_PLAIN, value)
        if text is not None:
            return text
    plain = PLAIN.get(cls)
    if plain is not None:
        return plain(value, context)
    if isinstance(value, TYPE_CLASSES):
        return type_name(value) + _alias_note(value)
    if array_text.is_array(value):
        text = None if cls is not Struct else overridden_text("show", context, value)
        return array_text.plain(value, context) if text is None else text
    if hasattr(value, "plain"):
        return value.plain(context)
    return show_text(value, context)


def print_text(value, context) -> str:
    """`print(io, value)`: strings and characters bare, numbers without a mark of their type."""
    printer = PRINT.get(value.__class__)
    if printer is not None:
        return printer(value)
    if isinstance(value, np.generic):
        if isinstance(value, np.complexfloating):
            return show_text(value, context)
        return str(int(value)) if isinstance(value, np.integer) else float_text(value, exponent_letter="e")
    if value.__class__ is Struct:
        text = overridden_text("print", context, value)
        if text is not None:
            return text
    return show_text(value, context)


# --- numbers ------------------------------------------------------------------------------------------------


def _show_bool(value, context):
    if context.typeinfo is t.Bool:
        return "1" if value else "0"
    return "true" if value else "false"


def _show_float(value, context):
    return float_text(value, compact=bool(context.compact))


def _show_numpy(value, context):
    if isinstance(value, np.unsignedinteger):
        return unsigned_text(value)
    if isinstance(value, np.integer):
        return str(int(value))
    if isinstance(value, np.bool_):
        return _show_bool(value, context)
    if isinstance(value, np.complexfloating):
        return _show_complex(value, context)
    compact = bool(context.compact)
    return float_text(value, typed=not compact and context.typeinfo is not typeof(value), compact=compact)


def _show_complex(value, context):
    return complex_text(value.real, value.imag, lambda part: show_text(part, context), bool(context.compact))


def _show_complex_struct(value, context):
    real, imaginary = value.fields
    if isinstance(imaginary, bool):
        return "im" if imaginary and not real else f"Complex({print_value(real)},{print_value(imaginary)})"
    return complex_text(real, imaginary, lambda part: show_text(part, context), bool(context.compact))


def _show_traced(value, context):
    return show_text(host_number(value, "printing"), context)


def _plain_irrational(value, context):
    if context.compact:
        return value.name
    return f"{value.name} = {repr(value.value)[:15]}..."


# --- collections --------------------------------------------------------------------------------------------


def circular(value, context):
    """The reference to show in place of a collection that is being shown already; None when it is not."""
    for depth, outer in enumerate(reversed(context.shown), 1):
        if outer is value:
            return f"#= circular reference @-{depth} =#"
    return None


def _fields_known(value, context, family):
    """The types of a tuple's parts that the context tells."""
    info = context.typeinfo
    if isinstance(info, DataType) and info.family is family and is_subtype(typeof(value), info):
        return info
    return None


def _show_tuple(value, context):
    known = _fields_known(value, context, t.TupleFamily)
    if known is not None and len(known.parameters) == len(value) and not any(
            isinstance(p, VarargType) for p in known.parameters):
        infos = known.parameters
    else:
        infos = (context.typeinfo,) * len(value)
    body = ", ".join(show_text(v, context.knowing(info)) for v, info in zip(value, infos, strict=True))
    return f"({body},)" if len(value) == 1 else f"({body})"


def _show_named_tuple(value, context):
    if not value.names:
        return "NamedTuple()"
    known = _fields_known(value, context, t.NamedTupleFamily)
    infos = (t.Any,) * len(value.names)
    if known is not None and is_concrete(known):
        infos = known.parameters[1].parameters
    parts = [f"{field_name(name)} = {show_text(item, context.knowing(info))}"
             for name, item, info in zip(value.names, value.values, infos, strict=True)]
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def is_delimited(value, context):
    """Whether a value needs no parentheses beside a `=>`."""
    if value.__class__ is Function:
        return not is_operator(value.name)
    if not is_pair(value):
        return True
    tight = tuple(map(typeof, value.fields)) == value.type.parameters
    return not (tight or context.typeinfo is value.type)


def pair_infos(value, context):
    """What is known of a pair's parts."""
    info = context.typeinfo
    if isinstance(info, DataType) and info.family is PairFamily and is_subtype(value.type, info):
        return info.parameters
    return t.Any, t.Any


def _show_pair(value, context):
    if is_delimited(value, context):
        body = ", ".join(show_text(v, context.knowing(t.Any)) for v in value.fields)
        return f"{type_name(value.type)}({body})"
    parts = []
    for item, info in zip(value.fields, pair_infos(value, context), strict=True):
        inner = context.knowing(info)
        text = show_text(item, inner)
        parts.append(text if is_delimited(item, inner) else f"({text})")
    return ("=>" if context.compact else " => ").join(parts)


def _show_range(value, context):
    if value.type.family.name == "OneTo":
        return f"Base.OneTo({value.length})"
    middle = [] if value.type.family.name == "UnitRange" else [value.step]
    parts = [value.start, *middle, value.stop]
    return ":".join(show_text(part, Context()) for part in parts)


def _show_dictionary(value, context):
    from ..base.dictionaries import dictionary_pairs

    text = f"{array_text.type_prefix(value, context)[0]}("
    inner = replace(context.inside(value), typeinfo=array_text.element_type(value.type))
    if value.items and (loop := circular(value, context)):
        return text + loop + ")"
    shown = []
    for count, item in enumerate(dictionary_pairs(value), 1):
        shown.append(show_text(item, inner))
        if context.limit and count == 10 < len(value.items):
            shown[-1] += "…"
            break
    return text + ", ".join(shown) + ")"


def _ordered(collection):
    from ..base.hash_order import ordered

    return ordered(collection)


def _plain_dictionary(value, context):
    if not value.items:
        return show_text(value, context)
    return _entries(value, context, _ordered(value), value.type.parameters)


def _entries(value, context, entries, infos):
    """One `key => value` a line, keys padded to a column, as far as there is room."""
    inner = context.inside(value)
    if context.compact is None:
        inner = replace(inner, compact=True)
    count = len(value.items)
    text = f"{type_name(value.type)} with {count} {'entry' if count == 1 else 'entries'}:"
    rows, columns = count + 1, 1 << 60
    if context.limit:
        rows, columns = context.rows - 4, max(12, context.columns) - 6
    keys, values = [], []
    for (key, item), _ in zip(entries, range(rows), strict=False):
        keys.append(show_text(key, inner.knowing(infos[0])))
        values.append(show_text(item, inner.knowing(infos[1])))
    key_width = min(max(map(len, keys)), columns)
    value_width = min(max(map(len, values)), columns)
    if key_width > max(columns // 2, columns - value_width):
        key_width = max(-(-columns // 3), columns - value_width)
    for index, (key, item) in enumerate(zip(keys, values, strict=True), 1):
        if index == rows < count:
            return text + f"\n  {'⋮':<{key_width if context.limit else 1}} => ⋮"
        if context.limit:
            key, item = truncate(key, key_width).ljust(key_width), truncate(item, columns - key_width)
        text += f"\n  {key} => {item}"
    return text


def truncate(text, width):
    """Text cut to one line of at most `width` characters, with `…` where something is missing."""
    line = text.splitlines()[0] if "\n" in text or "\r" in text else text
    if len(line) <= width and line == text:
        return text
    return line[:width - 1] + "…"


def _show_set(value, context):
    if not value.items:
        return "Set()" if context.typeinfo is value.type else f"{type_name(value.type)}()"
    items = _ordered(value)
    return f"Set({array_text.show_sequence(items.__getitem__, len(items), value, context)})"


def _plain_set(value, context):
    if not value.items:
        return show_text(value, context)
    count = len(value.items)
    inner = context.inside(value)
    text = f"{type_name(value.type)} with {count} element{'s' * (count != 1)}:"
    rows = context.rows - 4 if context.limit else count + 1
    for index, item in enumerate(_ordered(value), 1):
        if index == rows < count:
            return text + "\n  ⋮ "
        shown = show_text(item, inner)
        text += "\n  " + (truncate(shown, max(4, context.columns - 2)) if context.limit else shown)
    return text


# --- structs, functions, types ------------------------------------------------------------------------------


def _show_struct(value, context):
    family = value.type.family
    text = overridden_text("show", context, value)
    if text is not None:
        return text
    shower = FAMILIES.get(family)
    if shower is not None:
        return shower(value, context)
    if array_text.is_array(value):
        return array_text.show(value, context)
    return default_text(value, context)


def default_text(value, context):
    """`Base.show_default`: the type and the fields."""
    inner = replace(context.inside(value), typeinfo=t.Any)
    if loop := circular(value, context):
        return loop
    fields = ", ".join("#undef" if item is UNDEFINED else show_text(item, inner)
                       for item in getattr(value, "fields", ()))
    return f"{type_name(typeof(value))}({fields})"


def _show_function(value, context):
    anonymous = value.name.startswith("#")
    return f"{type_name(value.type)}()" if anonymous and not context.compact else value.name


def _plain_function(value, context):
    if context.compact:
        return value.name
    count = len(value.methods.methods)
    return f"{value.name} (generic function with {count} method{'s' * (count != 1)})"


def _alias_note(type_):
    """What an alias such as `Vector{Int64}` stands for, as the REPL adds it."""
    body = unwrap(type_)
    family = getattr(body, "family", None)
    if family is not None and family.supertype is t.Function and family.name.startswith("typeof("):
        name = family.name.removeprefix("typeof(").removesuffix(")")
        return f" (singleton type of function {name}, subtype of Function)"
    is_array = family in (t.ArrayFamily, t.AbstractArrayFamily) and body.parameters[1] in (1, 2)
    if not is_array and type_ not in (t.BUILTIN_TYPES["ComplexF32"], t.BUILTIN_TYPES["ComplexF64"]):
        return ""
    parameters = ", ".join(map(parameter_name, body.parameters))
    free = isinstance(type_, UnionAll) and not type_.variable.name.startswith("#")
    where = f" where {bound_name(type_.variable)}" if free else ""
    return f" (alias for {family.name}{{{parameters}}}{where})"


def _show_generator(value, context):
    return "Base.Generator(…)"


def _plain_struct(value, context):
    plain = PLAIN_FAMILIES.get(value.type.family)
    if plain is not None:
        return plain(value, context)
    if array_text.is_array(value):
        text = overridden_text("show", context, value)
        return array_text.plain(value, context) if text is None else text
    return show_text(value, context)


SHOW = {
    bool: _show_bool, int: lambda value, context: str(value), float: _show_float, complex: _show_complex,
    DimNumber: lambda value, context: str(value.dim), Traced: _show_traced,
    Irrational: lambda value, context: value.name, str: show_string, Char: show_char, Symbol: show_symbol,
    type(None): lambda value, context: "nothing",
    Singleton: lambda value, context: "Colon()" if value.name == ":" else value.name,
    tuple: _show_tuple, NamedTuple: _show_named_tuple, Range: _show_range, Array: array_text.show,
    Dictionary: _show_dictionary, SetValue: _show_set, Struct: _show_struct, Function: _show_function,
    Module: lambda value, context: value.name, GeneratorValue: _show_generator,
}
FAMILIES = {PairFamily: _show_pair, unwrap(t.Complex).family: _show_complex_struct}
"""How structs of builtin families are shown: family -> function(value, context) -> text."""

PLAIN_FAMILIES = {}
"""How structs of builtin families print in the REPL where that differs."""

PLAIN = {
    str: plain_string, Char: plain_char, Irrational: _plain_irrational, Array: array_text.plain,
    Dictionary: _plain_dictionary, SetValue: _plain_set, Function: _plain_function, Struct: _plain_struct,
    Range: _show_range,
}
PRINT = {
    str: lambda value: value, Char: lambda value: chr(value.code), Symbol: lambda value: value.name,
    Function: lambda value: value.name,
    Traced: lambda value: print_value(host_number(value, "printing")),
}

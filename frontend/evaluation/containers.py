"""Collections: tuples, named tuples, array literals, generators, comprehensions."""

from functools import partial

from ...compiler.errors import WeberError
from .. import types as t
from ..base.arrays import undef
from ..base.registry import function
from ..calling import call
from ..parsing import syntax
from ..staging import Trace
from ..state import state
from ..type_lattice import instantiate
from ..values import GeneratorParts, GeneratorValue, NamedTuple, typeof
from .evaluator import (
    compiles,
    located,
    truth,
)
from .expressions import argument_list, keyword_arguments
from .scopes import target_names
from .steps import take_step


@compiles(syntax.Tuple)
def tuple_expression(compiler, node):
    if node.elements and all(isinstance(e, syntax.Assignment) for e in node.elements):
        for element in node.elements:
            if not isinstance(element.target, syntax.Identifier):
                raise WeberError("syntax error: invalid field name of a named tuple", element.location,
                                 kind="ParseError")
        return named_tuple(compiler, syntax.NamedTuple(
            [syntax.Keyword(e.target.name, e.value, location=e.location) for e in node.elements],
            location=node.location))
    values = argument_list(compiler, node.elements)
    return lambda frame: tuple(values(frame))


@compiles(syntax.NamedTuple)
def named_tuple(compiler, node):
    keywords = keyword_arguments(compiler, node.elements)
    if keywords is None:
        return lambda frame: NamedTuple((), ())
    names = [element.name for element in node.elements if isinstance(element, syntax.Keyword)]
    for element in node.elements:
        if isinstance(element, syntax.Keyword) and names.count(element.name) > 1:
            raise WeberError(
                f'syntax error: field name "{element.name}" repeated in named tuple',
                element.location,
                kind="ParseError",
            )

    def run(frame):
        items = keywords(frame)
        return NamedTuple(items, items.values())

    return run


def literal_call(compiler, node, name, nodes, prefix=()):
    """A collection literal as a call of the function Julia lowers it to."""
    callee = function(name)
    values = argument_list(compiler, nodes)
    location, user = node.location, compiler.user

    def run(frame):
        items = values(frame)
        if user:
            state.location = location
        try:
            return call(callee, [p(frame) if callable(p) else p for p in prefix] + items)
        except WeberError as error:
            raise located(error, location, user)  # noqa: B904

    return run


@compiles(syntax.Vector)
def vector(compiler, node):
    return literal_call(compiler, node, "vect", node.elements)


@compiles(syntax.Concatenation)
def concatenation(compiler, node):
    typed = [compiler.expression(node.element_type)] if node.element_type is not None else []
    name = "typed_" if typed else ""
    rows = node.items
    if not rows:  # `[;;]`
        element_type = typed[0] if typed else lambda frame: t.Any
        zeros = (0,) * node.dimension
        return lambda frame: call(
            instantiate(t.Array, (element_type(frame), len(zeros))), (undef, *zeros))
    if node.dimension == 1 and any(isinstance(r, syntax.Concatenation) and r.dimension == 2 for r in rows):
        lengths = tuple(len(r.items) if isinstance(r, syntax.Concatenation) else 1 for r in rows)
        flat = [i for r in rows for i in (r.items if isinstance(r, syntax.Concatenation) else [r])]
        if all(not isinstance(r, syntax.Concatenation) or r.dimension == 2 for r in rows):
            return literal_call(compiler, node, name + "hvcat", flat, [*typed, lengths])
    if node.dimension in (1, 2) and not (node.dimension == 2 and len(rows) == 1):
        return literal_call(compiler, node, name + ("vcat" if node.dimension == 1 else "hcat"), rows, typed)
    return literal_call(compiler, node, name + "hvncat", rows, [*typed, node.dimension])


@compiles(syntax.Generator)
def generator(compiler, node):
    prepare = generator_loops(compiler, node)
    return lambda frame: prepare(frame)[0]


@compiles(syntax.Comprehension)
def comprehension(compiler, node):
    prepare = generator_loops(compiler, node.generator)
    element_type = compiler.expression(node.element_type) if node.element_type is not None else None
    location, user = node.location, compiler.user

    def run(frame):
        from ..base.iteration import collect_values
        from ..batching.generators import collected

        if user:
            state.location = location
        try:
            values, example = prepare(frame)
            result = collected(values)
            if result is None:
                result = collect_values(values.iterate(), values.size)
            if element_type is None and result.element is t.Any and 0 in result.size:
                result = collect_values(iter(()), values.size, inferred_type(example))
            if element_type is not None:
                target = instantiate(t.Array, (element_type(frame), result.rank))
                result = call(function("convert"), (target, result))
        except WeberError as error:
            raise located(error, location, user)  # noqa: B904
        return result

    return run


def generator_loops(compiler, node):
    """`prepare(frame) -> (generator, example)`: the generator, with its size where known and its parts if it
    has one loop, and a function that gives the value for items like those of the iterables, or raises. The
    iterables of the first `for` are evaluated once, by `prepare`."""
    from ..base.iteration import element_type_of, iterate, size_of
    from .assignments import assign_target

    clauses, inner, layout = [], compiler, compiler.scope.layout
    start = layout.size
    for iterations, condition in node.clauses:
        iterables = [inner.expression(iteration.iterable) for iteration in iterations]
        loops = []
        for iteration in iterations:
            inner = inner.inner_scope(names=target_names(iteration.target))
            loops.append((inner.fresh(inner.scope), assign_target(inner, iteration.target)))
        clauses.append((iterables, loops, inner.expression(condition) if condition is not None else None))
    body = inner.inner_scope(node.body).expression(node.body)
    location, slots = node.location, slice(start, layout.size)

    def clause_values(frame, depth, iterables):
        """Runs the loops of one `for` clause, the first iterator fastest, then the clauses inside it."""
        _, loops, condition = clauses[depth]

        def level(k):
            if k < 0:
                if condition is None or truth(condition(frame), location):
                    if depth + 1 == len(clauses):
                        yield body(frame)
                    else:
                        yield from clause_values(frame, depth + 1, [i(frame) for i in clauses[depth + 1][0]])
                return
            renew, assign = loops[k]
            for item in iterate(iterables[k]):
                take_step()
                if renew is not None:
                    renew(frame)
                assign(frame, item)
                yield from level(k - 1)

        return level(len(loops) - 1)

    def prepare(frame):
        iterables = [iterable(frame) for iterable in clauses[0][0]]
        size = None
        if len(clauses) == 1 and clauses[0][2] is None:
            sizes = [size_of(iterable) for iterable in iterables]
            size = None if None in sizes else tuple(dim for one in sizes for dim in one)

        def example():
            for iterable, (renew, assign) in zip(iterables, clauses[0][1], strict=True):
                if renew is not None:
                    renew(frame)
                assign(frame, call(function("one"), (element_type_of(iterable),)))
            return body(frame)

        parts = parts_of(frame, iterables)
        nested = partial(nested_parts, frame, iterables, 0) if parts is None else None
        values = GeneratorValue(lambda: clause_values(frame, 0, iterables), size, parts, nested)
        return values, example if len(clauses) == 1 else no_example

    def whole(parts):
        """The values of inner loops."""
        from ..base.iteration import collect_values
        from ..batching.generators import collected, generator

        values = collected(generator(parts))
        if values is not None:
            return values

        def item(element):
            parts.assign(element)
            return parts.body()

        values = collect_values(map(item, iterate(parts.iterable)))
        return values if parts.loops == 1 else call(function("stack"), (values,))

    def parts_of(frame, iterables):
        """The parts of the last loop; of several loops its body gives the vector of those before it."""
        _, loops, condition = clauses[0]
        if len(clauses) != 1 or len(iterables) > 1 and condition is not None:
            return None
        renew, assign = loops[len(iterables) - 1]

        def assign_item(item):
            if renew is not None:
                renew(frame)
            assign(frame, item)

        def value():
            return body(frame) if len(iterables) == 1 else whole(parts_of(frame, iterables[:-1]))

        return GeneratorParts(iterables[-1], assign_item, value, None if condition is None else
                              lambda: condition(frame), frame, slots, len(iterables))

    def nested_parts(frame, iterables, level):
        """The parts of one of all loops, from the slowest to the fastest: `levels`. `iterables` are those of
        its clause."""
        from ..batching.generators import generator

        depth, position, (renew, assign), condition = levels[level]

        def assign_item(item):
            if renew is not None:
                renew(frame)
            assign(frame, item)

        def value():
            if level + 1 == len(levels):
                return body(frame)
            inside = iterables
            if levels[level + 1][0] != depth:
                inside = [iterable(frame) for iterable in clauses[depth + 1][0]]
            parts = nested_parts(frame, inside, level + 1)
            return call(function("collect"), (generator(parts, nested=level + 2 < len(levels)),))

        return GeneratorParts(iterables[position], assign_item, value, None if condition is None else
                              lambda: condition(frame), frame, slots)

    levels = [(depth, k, loops[k], condition if k == 0 else None)
              for depth, (_, loops, condition) in enumerate(clauses) for k in reversed(range(len(loops)))]
    return prepare


def no_example():
    raise WeberError("a generator over generators has no example")


def inferred_type(example):
    """The element type of a comprehension without elements: the type of its body for numbers like those that
    it would go over, where the body has one without any effect; else None."""
    with Trace() as trace:
        try:
            return typeof(example())
        except WeberError:
            return None
        finally:
            trace.rollback()

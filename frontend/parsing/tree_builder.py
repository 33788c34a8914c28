"""The tree from the reductions of the grammar: a method for each name after `->` in `grammar.lark`.

A method gets the children of its rule (tokens, nodes, and what other methods returned), with the offsets of
their span.
"""

from ..values import Char
from . import literals, syntax
from .signature_builder import (
    Section,
    bound,
    bounds,
    is_plain_assignment,
    is_spliced,
    keyword,
    parameters,
    refuse,
    split_arguments,
)
from .statement_builder import StatementBuilder, nodes
from .tokens import Token


class TreeBuilder(StatementBuilder):
    """Expressions; statements are inherited."""

    # --- atoms ----------------------------------------------------------------------------------------------

    def number(self, children, start, end):
        location = self.location(start, end)
        try:
            return syntax.Literal(literals.number(children[0].text), location=location)
        except OverflowError as error:
            refuse(str(error), location)

    def literal(self, children, start, end):
        return syntax.Literal(children[0].text == "true", location=self.location(start, end))

    def character(self, children, start, end):
        location = self.location(start, end)
        text = self.unescaped(children[0].text[1:-1], location)
        if len(text) != 1:
            refuse("a character literal holds one character", location)
        return syntax.Literal(Char(ord(text)), location=location)

    def unescaped(self, text, location):
        try:
            return literals.unescape(text)
        except ValueError as error:
            refuse(str(error), location)

    def name(self, children, start, end):
        return syntax.Identifier(children[0].text, location=self.location(start, end))

    def symbol(self, children, start, end):
        name = syntax.Identifier(children[0].text, location=self.location(start + 1, end))
        return syntax.Quote(name, location=self.location(start, end))

    def quoted(self, children, start, end):
        return syntax.Quote(children[1], location=self.location(start, end))

    def interpolation(self, children, start, end):
        sign, expression = children
        return syntax.Call(self.identifier(sign), [expression], location=self.location(start, end))

    def end_marker(self, children, start, end):
        return syntax.EndMarker(location=self.location(start, end))

    def begin_marker(self, children, start, end):
        return syntax.BeginMarker(location=self.location(start, end))

    # --- strings --------------------------------------------------------------------------------------------

    def text(self, children, start, end):
        return children[0].text

    def interpolated(self, children, start, end):
        return self.group_value(children[1], self.location(start, end))

    def string(self, children, start, end):
        opening, *parts, closing = children
        location = self.location(start, end)
        quotes = opening.text[-3:] if opening.text[-2:] in ('""', "``") else opening.text[-1]
        prefix = opening.text[:-len(quotes)]
        if len(quotes) == 3:
            parts = literals.dedent(parts)
        raw = bool(prefix)
        if quotes[0] == "`":
            prefix, raw = prefix + "`", True
        if prefix == "var":
            return syntax.Identifier(literals.unescape_raw("".join(parts), quotes[0]), location=location)
        resolved = []
        for part in parts:
            if part.__class__ is str:
                part = literals.unescape_raw(part, quotes[0]) if raw else self.unescaped(part, location)
            if part != "":
                resolved.append(part)
        return syntax.String(resolved, prefix, closing.text, location=location)

    # --- operators ------------------------------------------------------------------------------------------

    def operator_call(self, token, arguments, start, end):
        text = token.text
        dotted = text[0] == "." and text not in ("..", ".")
        function = self.identifier(token, text[1:] if dotted else text)
        return syntax.Call(function, arguments, [], dotted, True, location=self.location(start, end))

    def binary(self, children, start, end):
        left, token, right = children
        return self.operator_call(token, [left, right], start, end)

    def unary(self, children, start, end):
        token, operand = children
        return self.operator_call(token, [operand], start, end)

    def adjoint(self, children, start, end):
        operand, token = children
        return self.operator_call(token, [operand], start, end)

    def comparison(self, children, start, end):
        if len(children) == 3:
            return self.binary(children, start, end)
        operators = [self.identifier(token) for token in children[1::2]]
        return syntax.Comparison(children[::2], operators, location=self.location(start, end))

    def range(self, children, start, end):
        """`a:b` and `a:b:c` are one call; what follows nests to the left."""
        left, open_colon = children[0], False
        for token, right in zip(children[1::2], children[2::2]):
            if open_colon and token.text == ":":
                left.arguments.append(right)
                open_colon = False
            else:
                left = self.operator_call(token, [left, right], start, end)
                open_colon = token.text == ":"
        return left

    def range_splat(self, children, start, end):
        *children, dots = children
        return syntax.Splat(self.range(children, start, dots.start), location=self.location(start, end))

    def splat(self, children, start, end):
        return syntax.Splat(children[0], location=self.location(start, end))

    def both(self, children, start, end):
        left, token, right = children
        return syntax.And(left, right, token.text[0] == ".", location=self.location(start, end))

    def either(self, children, start, end):
        left, token, right = children
        return syntax.Or(left, right, token.text[0] == ".", location=self.location(start, end))

    # --- types ----------------------------------------------------------------------------------------------

    def declared(self, children, start, end):
        return syntax.TypeAssertion(children[0], children[2], location=self.location(start, end))

    def declared_anonymous(self, children, start, end):
        return syntax.TypeAssertion(None, children[1], location=self.location(start, end))

    def bound_above(self, children, start, end):
        token, limit = children
        upper, lower = (limit, None) if token.text == "<:" else (None, limit)
        return syntax.TypeBound("", upper, lower, location=self.location(start, end))

    def where(self, children, start, end):
        type, _, names = children
        return syntax.Where(type, bounds(names), location=self.location(start, end))

    def curly(self, children, start, end):
        type, *items = nodes(children)
        items = [item if isinstance(item, syntax.Identifier) else bound(item) or item for item in items]
        return syntax.Curly(type, items, location=self.location(start, end))

    def braces(self, children, start, end):
        return self.curly([None, *children], start, end)

    # --- calls and fields -----------------------------------------------------------------------------------

    def section(self, children, start, end):
        return Section(nodes(children), any(child.__class__ is Token for child in children))

    def sections(self, children, start, end):
        return children

    def more_sections(self, children, start, end):
        return [*children[0], children[2]]

    def call(self, children, start, end, dotted=False):
        function, _, sections, _ = children
        arguments, keywords = split_arguments(sections)
        node = syntax.Call(function, arguments, keywords, dotted, location=self.location(start, end))
        self.sections_of[node] = sections
        return node

    def dotted_call(self, children, start, end):
        return self.call(children, start, end, True)

    def call_with_block(self, children, start, end):
        call, token, names, body, _ = children
        place = self.location(token.start, token.end)
        place = self.spanning(place, names[-1].location) if names else place
        signature = parameters([Section(names, True)], place)
        function = syntax.Lambda(signature, body, location=self.location(token.start, end))
        location = self.location(start, end)
        if isinstance(call, syntax.MacroCall):
            return syntax.MacroCall(call.name, [*call.arguments, function], location=location)
        if not isinstance(call, syntax.Call) or call.infix:
            refuse("`do` follows a call", self.location(token.start, token.end))
        arguments = [function, *call.arguments]
        return syntax.Call(call.function, arguments, call.keywords, call.dotted, location=location)

    def field(self, children, start, end):
        object, _, name = children
        if name.__class__ is Token:
            name = name.text
        elif isinstance(name, syntax.Identifier):  # `object.var"name"`
            name = name.name
        return syntax.Field(object, name, location=self.location(start, end))

    def operator_field(self, children, start, end):
        return children[0].text

    def quoted_field(self, children, start, end):
        name = children[1]
        if isinstance(name, syntax.Identifier):
            return name.name
        return syntax.Quote(name, location=name.location)

    def index(self, children, start, end):
        collection, _, array, _ = children
        location = self.location(start, end)
        if not isinstance(array, syntax.Vector):
            array.element_type, array.location = collection, location
            return array
        arguments, keywords = split_arguments([Section(array.elements, False)])
        return syntax.Index(collection, arguments, keywords, location=location)

    def macro(self, children, start, end):
        return syntax.MacroCall(children[0].text, nodes(children), location=self.location(start, end))

    def macro_call(self, children, start, end):
        arguments = [item for section in children[2] for item in section.items]
        return syntax.MacroCall(children[0].text, arguments, location=self.location(start, end))

    def field_macro(self, children, start, end):
        object, token, *arguments = children
        return syntax.MacroCall(f"{self.path(object)}.{token.text}", nodes(arguments),
                                location=self.location(start, end))

    def field_macro_call(self, children, start, end):
        node = self.macro_call(children[1:], start, end)
        node.name = f"{self.path(children[0])}.{node.name}"
        return node

    def path(self, node):
        if isinstance(node, syntax.Identifier):
            return node.name
        if isinstance(node, syntax.Field) and isinstance(node.name, str):
            return f"{self.path(node.object)}.{node.name}"
        if is_spliced(node) and isinstance(node.arguments[0], syntax.Identifier):
            return "$" + node.arguments[0].name
        refuse("expected a module's name before the macro", node.location)

    # --- tuples and arrays ----------------------------------------------------------------------------------

    def open_tuple(self, children, start, end):
        return syntax.Tuple(nodes(children), location=self.location(start, end))

    def group(self, children, start, end):
        return self.group_value(children[1], self.location(start, end))

    def group_value(self, sections, location):
        """What parentheses are without a function before them: a value, a tuple, a named tuple or a block."""
        first, *rest = sections
        if rest and not first.items:
            items = [item for section in rest for item in section.items]
            return syntax.NamedTuple([keyword(item) or item for item in items], location=location)
        if rest:
            if any(section.comma for section in sections):
                refuse("`,` and `;` together belong to a call or to the parameters of a function", location)
            return syntax.Block([item for section in sections for item in section.items], location=location)
        if not first.comma and len(first.items) == 1 and not isinstance(first.items[0], syntax.Splat):
            return first.items[0]
        named = [is_plain_assignment(item) for item in first.items]
        if any(named):
            for item, assigned in zip(first.items, named):
                spliced = assigned and is_spliced(item.target)
                if not (assigned and keyword(item) or spliced or isinstance(item, syntax.Splat)):
                    refuse("expected `name = value` in a named tuple", item.location)
            return syntax.NamedTuple([keyword(item) or item for item in first.items], location=location)
        return syntax.Tuple(first.items, location=location)

    def clause(self, children, start, end):
        found = nodes(children)
        condition = None if isinstance(found[-1], syntax.Iteration) else found.pop()
        return found, condition

    def generator(self, children, start, end):
        body, *clauses = children
        return syntax.Generator(body, clauses, location=self.location(start, end))

    def collection(self, children, start, end):
        node = children[1]
        node.location = self.location(start, end)
        return node

    def elements(self, children, start, end):
        items = nodes(children)
        if len(items) == len(children) == 1 and isinstance(items[0], syntax.Generator):
            return syntax.Comprehension(items[0])
        return syntax.Vector(items)

    def row(self, children, start, end):
        return syntax.Concatenation(nodes(children), 2, row_major=True, location=self.location(start, end))

    def single_row(self, children, start, end):
        return children[0]

    def no_rows(self, children, start, end):
        """`[;;]`: an empty array, of as many dimensions as there are semicolons."""
        return syntax.Concatenation([], max(1, children[0].text), location=self.location(start, end))

    def rows(self, children, start, end):
        """Items between rows of semicolons; the longer the row, the looser it binds."""
        items, counts = children[::2], [max(1, token.text) for token in children[1::2]]
        trailing = counts.pop() if len(counts) == len(items) else 0
        node = self.concatenated(items, counts)
        highest = max(counts, default=0)
        single = len(items) == 1 and not isinstance(node, syntax.Concatenation)
        if single or trailing > max(highest, 2 if isinstance(items[0], syntax.Concatenation) else 1):
            node = syntax.Concatenation([node], trailing, location=self.location(start, end))
        return node

    def concatenated(self, items, counts):
        if not counts:
            return items[0]
        highest, parts, first = max(counts), [], 0
        for i, count in enumerate([*counts, highest]):
            if count == highest:
                parts.append(self.concatenated(items[first:i + 1], counts[first:i]))
                first = i + 1
        location = self.spanning(items[0].location, items[-1].location)
        return syntax.Concatenation(parts, highest, location=location)

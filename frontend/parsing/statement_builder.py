"""The nodes of statements and definitions: half of `tree_builder.py`."""

import re
from bisect import bisect_right

from ...compiler.errors import Location
from . import syntax
from .operators import OPERATOR
from .signature_builder import (
    Section,
    bounds,
    definition,
    is_calculation,
    is_operator,
    is_plain_assignment,
    is_signature,
    is_spliced,
    parameter,
    parameters,
    refuse,
)
from .tokens import NAME, Token

_PATH_PARTS = re.compile(rf"(?:^|\.):?\(?([@$]?{NAME}|{OPERATOR})").findall
_TARGETS = (
    syntax.Identifier, syntax.Field, syntax.Index, syntax.Tuple, syntax.NamedTuple, syntax.TypeAssertion,
    syntax.Curly, syntax.MacroCall, syntax.Splat,
)


def nodes(children):
    """The children that are not tokens."""
    return [child for child in children if child.__class__ is not Token]


class StatementBuilder:
    """Locations, statements and definitions."""

    def __init__(self, text, file):
        self.file = file
        self.lines = [0] + [match.end() for match in re.finditer("\n", text)]
        self.sections_of = {}  # Call → Sections: a call may turn out as the head of a definition

    def location(self, start, end):
        line, end_line = bisect_right(self.lines, start), bisect_right(self.lines, end)
        return Location(self.file, line, start - self.lines[line - 1] + 1,
                        end_line, end - self.lines[end_line - 1] + 1)

    def spanning(self, first, last):
        """From the beginning of one location to the end of another."""
        return Location(self.file, first.line, first.column, last.end_line, last.end_column)

    def identifier(self, token, name=None):
        return syntax.Identifier(name or token.text, location=self.location(token.start, token.end))

    def block(self, children, start, end):
        return syntax.Block(nodes(children), location=self.location(start, end))

    def documented(self, children, start, end):
        return syntax.Documented(children[0], children[2], location=self.location(start, end))

    def begin(self, children, start, end):
        block = children[1]
        block.location = self.location(start, end)
        return block

    def quote(self, children, start, end):
        return syntax.Quote(children[1], location=self.location(start, end))

    def assignment(self, children, start, end):
        target, token, value = children
        location = self.location(start, end)
        operator = token.text.lstrip(".")[:-1]
        dotted = token.text[0] == "."
        if operator == ":":
            refuse("`:=` is not an assignment of Julia", self.location(token.start, token.end))
        if token.text == "=" and is_signature(target):
            if is_calculation(target):
                refuse("this cannot be assigned to (`==` compares)", target.location)
            name, signature = definition(target, self.sections_of)
            return syntax.FunctionDefinition(name, signature, value, location=location)
        if not (dotted or isinstance(target, _TARGETS) or is_spliced(target)):
            refuse("this cannot be assigned to", target.location)
        return syntax.Assignment(target, value, operator, dotted, location=location)

    def declaration(self, children, start, end):
        token, statement = children
        statements = statement.elements if isinstance(statement, syntax.Tuple) else [statement]
        return syntax.Declaration(token.text, statements, location=self.location(start, end))

    def return_(self, children, start, end):
        return syntax.Return(children[1] if len(children) > 1 else None, location=self.location(start, end))

    def break_(self, children, start, end):
        return syntax.Break(location=self.location(start, end))

    def continue_(self, children, start, end):
        return syntax.Continue(location=self.location(start, end))

    def if_(self, children, start, end):
        condition, then, *otherwise = nodes(children)
        location = self.location(start, end)
        return syntax.If(condition, then, otherwise[0] if otherwise else None, location=location)

    ternary = if_

    def else_(self, children, start, end):
        return children[1]

    def for_(self, children, start, end):
        *iterations, body = nodes(children)
        return syntax.For(iterations, body, location=self.location(start, end))

    def iteration(self, children, start, end):
        outer = children[0].__class__ is Token
        target, _, iterable = children[outer:]
        return syntax.Iteration(target, iterable, outer, location=self.location(start, end))

    def while_(self, children, start, end):
        return syntax.While(children[1], children[2], location=self.location(start, end))

    def let(self, children, start, end):
        return syntax.Let(children[1], children[2], location=self.location(start, end))

    def listed(self, children, start, end):
        return nodes(children)

    def try_(self, children, start, end):
        node = syntax.Try(children[1], location=self.location(start, end))
        order = {"catch": "handler", "else": "otherwise", "finally": "final"}
        last = 0
        for token, variable, block in nodes(children[2:]):
            rank = list(order).index(token.text) + 1
            if rank <= last or rank == 2 and last != 1:
                refuse(f"unexpected `{token.text}` in `try`", self.location(token.start, token.end))
            last = rank
            setattr(node, order[token.text], block)
            node.variable = variable or node.variable
        if not last:
            refuse("`try` without `catch` or `finally`", node.location)
        return node

    def handler(self, children, start, end):
        variable = self.identifier(children[1]) if len(children) == 3 else None
        return children[0], variable, children[-1]

    # --- definitions ----------------------------------------------------------------------------------------

    def function(self, children, start, end):
        _, head, body, _ = children
        location = self.location(start, end)
        if not body.statements and isinstance(head, (syntax.Identifier, syntax.Field)):
            return syntax.FunctionDefinition(head, None, None, location=location)
        name, signature = definition(head, self.sections_of)
        return syntax.FunctionDefinition(name, signature, body, location=location)

    def macro_definition(self, children, start, end):
        _, head, body, _ = children
        name, signature = definition(head, self.sections_of)
        return syntax.MacroDefinition(name, signature, body, location=self.location(start, end))

    def anonymous(self, children, start, end):
        _, head, body, _ = children
        signature = definition(head, self.sections_of)[1]
        return syntax.Lambda(signature, body, location=self.location(start, end))

    def listed_parameters(self, children, start, end):
        """The parameters of a function without a name, as a call of nothing."""
        node = syntax.Call(None, [], location=self.location(start, end))
        self.sections_of[node] = children[1]
        return node

    def lambda_of(self, children, start, end):
        target, _, body = children
        signature = syntax.Signature([parameter(target)], location=target.location)
        return syntax.Lambda(signature, body, location=self.location(start, end))

    def lambda_with(self, children, start, end):
        opening, sections, closing, _, body = children
        items = sections[0].items
        if len(sections) == len(items) == 1 and not sections[0].comma and isinstance(items[0], syntax.Tuple):
            sections = [Section(items[0].elements, True)]  # `((a, b)) -> …`
        signature = parameters(sections, self.location(opening.start, closing.end))
        return syntax.Lambda(signature, body, location=self.location(start, end))

    def type_head(self, head):
        """Name, parameters and supertype that the head of a type's definition says."""
        supertype, whole = None, head
        if is_operator(head, "<:"):
            head, supertype = head.arguments
        names = []
        if isinstance(head, syntax.Curly):
            names, head = bounds(head.parameters), head.type
        if isinstance(head, syntax.Identifier):
            return head.name, names, supertype
        if isinstance(head, syntax.Call):  # `$name`, in a quoted expression
            return head, names, supertype
        refuse("expected the name of a type", whole.location)

    def struct(self, children, start, end):
        token, head, body, _ = children
        name, names, supertype = self.type_head(head)
        fields, constructors = [], []
        for statement in body.statements:
            if isinstance(statement, syntax.Documented):
                statement = statement.definition
            field = self.struct_field(statement)
            if field:
                fields.append(field)
            elif not isinstance(statement, syntax.String):
                constructors.append(statement)
        return syntax.Struct(name, names, supertype, fields, constructors, token.kind == "MUTABLE_STRUCT",
                             location=self.location(start, end))

    def struct_field(self, statement):
        node, default, type = statement, None, None
        constant = isinstance(node, syntax.Declaration) and node.kind == "const"
        if constant:
            (node,) = node.statements
        if is_plain_assignment(node):
            default, node = node.value, node.target
        if isinstance(node, syntax.TypeAssertion):
            type, node = node.type, node.expression
        if isinstance(node, syntax.Identifier):
            return syntax.FieldDeclaration(node.name, type, default, constant, location=statement.location)
        return None

    def abstract(self, children, start, end):
        return syntax.AbstractType(*self.type_head(children[1]), location=self.location(start, end))

    def primitive(self, children, start, end):
        name, _, supertype = self.type_head(children[1])
        return syntax.PrimitiveType(name, supertype, children[2], location=self.location(start, end))

    def module(self, children, start, end):
        keyword_token, name, body, _ = children
        bare = keyword_token.text == "baremodule"
        return syntax.ModuleDefinition(name.text, body, bare, location=self.location(start, end))

    def import_item(self, children, start, end):
        text = children[0].text
        rest = text.lstrip(".").lstrip()
        if rest:
            path = ["."] * text.index(rest) + _PATH_PARTS(rest)
        else:
            path = [text]  # the operator `..`
        alias = children[2].text if len(children) > 1 else None
        return syntax.ImportItem(path, alias, location=self.location(start, end))

    def import_(self, children, start, end):
        return syntax.Import(children[0].text, None, nodes(children), location=self.location(start, end))

    def import_from(self, children, start, end):
        module, *items = nodes(children)
        return syntax.Import(children[0].text, module, items, location=self.location(start, end))

    def export(self, children, start, end):
        names = [token.text for token in children[1:] if token.kind == "PATH"]
        return syntax.Export(children[0].text, names, location=self.location(start, end))

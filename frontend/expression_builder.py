"""The tree of expressions: what `tree_builder.py` has for statements, for everything that is a value."""

from . import literals, syntax
from .signature_builder import (
    Section,
    bound,
    is_plain_assignment,
    keyword,
    parameters,
    refuse,
    split_arguments,
)
from .tree_builder import StatementBuilder, nodes

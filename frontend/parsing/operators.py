"""Julia's operators by precedence: the terminal of the grammar that each belongs to.

Source: the operator table of the Julia manual ("Mathematical operations and elementary functions",
precedence).
"""

import re

_LEVELS = {
    "ASSIGN": "= += -= *= /= //= \\= ^= ÷= %= <<= >>= >>>= |= &= ⊻= :=",
    "TILDE": "~",
    "PAIR": "=>",
    "QUESTION": "?",
    "ARROW": "--> → ← ↔ ↦ ⇒ ⇐ ⇔ ⟶ ⟵ ⟷ ⟹ ⟸ ⟺ ⟼",
    "LAMBDA": "->",
    "OR": "||",
    "AND": "&&",
    "COMPARE": "> < >= ≥ <= ≤ == === ≡ != ≠ !== ≢ ∈ ∉ ∋ ∌ ⊆ ⊈ ⊂ ⊄ ⊊ ⊇ ⊉ ⊃ ⊅ ⊋ ∝ ∊ ∍ ∥ ∦ ∷ ∺ ∻ ∽ ∾ ≁ ≃ ≂ "
               "≄ ≅ ≆ ≇ ≈ "
               "≉ ≊ ≋ ≌ ≍ ≎ ≐ ≑ ≒ ≓ ≖ ≗ ≘ ≙ ≚ ≛ ≜ ≝ ≞ ≟ ≣ ≦ ≧ ≨ ≩ ≪ ≫ ≬ ≮ ≯ ≰ ≱ ≲ ≳ ≴ ≵ ≶ ≷ ≺ ≻ ≼ ≽ "
               "⊏ ⊐ ⊑ ⊒ ⊢ ⊣ "
               "⊩ ⊬ ⊮ ⊰ ⊱ ⊲ ⊳ ⊴ ⊵ ⟂ ⪯ ⪰ ⩽ ⩾ <: >:",
    "PIPE_LEFT": "<|",
    "PIPE_RIGHT": "|>",
    "COLON": ": .. …",
    "PLUS": "+ - ++ ⊕ ⊖ ⊞ ⊟ | ∪ ∨ ⊔ ± ∓ ∔ ∸ ≏ ⊎ ⊻ ⊽ ⋎ ⋓ ¦ ⟇ ⨥ ⨦ ⩏",
    "TIMES": "* / ÷ % & · ⋅ ∘ × \\ ∩ ∧ ⊗ ⊘ ⊙ ⊚ ⊛ ⊠ ⊡ ⊓ ∗ ∙ ∤ ⅋ ≀ ⊼ ⋄ ⋆ ⋇ ⋉ ⋊ ⋋ ⋌ ⋏ ⋒ ⌿ ▷ "
             "⟑ ⟕ ⟖ ⟗ ⦸ ⦼ ⦾ ⦿ ⧶ ⧷ ⨝ ⨟ ⨳",
    "RATIONAL": "//",
    "SHIFT": "<< >> >>>",
    "POWER": "^ ↑ ↓ ⇵ ⟰ ⟱ ⇈ ⇊",
    "UNARY": "! ¬ √ ∛ ∜",
    "DECLARE": "::",
    "SPLAT": "...",
    "DOLLAR": "$",
}

TERMINALS = {operator: terminal for terminal, operators in _LEVELS.items() for operator in operators.split()}
WORDS = {"in": "COMPARE", "isa": "COMPARE", "where": "WHERE"}
"""Infix operators that are words."""

UNARY = frozenset("+ - ! ~ ¬ √ ∛ ∜ ± ∓ ⋆".split())
"""What may stand before an operand."""

BOTH = frozenset("+ - ± ∓ ⋆ ~ : $ &".split())
"""Both prefix and infix: between the elements of an array, white space decides."""

_UNDOTTED = {"?", ":", ":=", "..", "…", "->", "-->", "::", "...", "$", "<:", ">:"}


def _alternatives(operators):
    """The longest wins; single signs are one class, which compiles fast."""
    several = sorted((operator for operator in operators if len(operator) > 1), key=len, reverse=True)
    single = "".join(re.escape(operator) for operator in sorted(operators) if len(operator) == 1)
    return "|".join([*map(re.escape, several), f"[{single}]"])


SUFFIX = "[²³¹ʰʲʳʷʸˡˢˣᴬ-ᵪ⁰ⁱ⁴-ⁿ₀-₎ₐ-ₜ′″‴‵‶‷⁗\u0300-\u036f]"
"""What may follow an operator's sign and makes another operator of the same precedence: `*ₛ`, `+′`."""
_PLAIN = _UNDOTTED | {"=", "&&", "||", "!", "¬", "√", "∛", "∜", *_LEVELS["ASSIGN"].split()}

_DOTTABLE = _alternatives(set(TERMINALS) - _UNDOTTED | {"<:", ">:"})
OPERATOR = (
    rf"\.\.\.|-->|\.?(?:{_alternatives(set(TERMINALS) - _PLAIN)}){SUFFIX}+"
    rf"|\.(?:{_DOTTABLE})|{_alternatives(TERMINALS)}"
)
"""An operator with its dot and its suffix; the longest wins."""


def terminal(operator):
    """The terminal of the grammar that an operator without its dot belongs to."""
    return TERMINALS.get(operator) or TERMINALS[re.sub(SUFFIX, "", operator)]

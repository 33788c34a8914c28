"""Specs of contractions: a letter for each axis of the operands and of the result."""

from .record import expect


def parse_spec(spec: str) -> tuple[str, str, str]:
    """The letters of the operands and of the result of a spec such as `nk,hk->nh`. Raises `TypeRuleError`."""
    operands, arrow, result = spec.replace(" ", "").partition("->")
    left, comma, right = operands.partition(",")
    letters = left + right + result
    expect(arrow and comma and (letters.isalpha() or not letters),
           f"contract: {spec!r} is not a spec such as 'nk,hk->nh'")
    for letters in (left, right, result):
        expect(len(set(letters)) == len(letters), f"contract: a letter repeats in {letters!r} of {spec!r}")
    for letter in left + right + result:
        count = (letter in left) + (letter in right) + (letter in result)
        expect(count >= 2, f"contract: {letter!r} stands alone in {spec!r}")
    return left, right, result

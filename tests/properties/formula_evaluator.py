"""A pocket calculator for formula texts: +, -, x, brackets, decimals and a/b; words are units. Knows nothing of the product."""

import re
from fractions import Fraction

_TOKEN = re.compile(r"\(|\)|\+|(?<![\w.])-(?=\s)|x(?=\s)|-?\d+(?:\.\d+)?(?:/\d+)?|[^\s()]+")


def evaluate(text: str) -> Fraction:
    """Compute the left side of a formula."""
    tokens = [t for t in _TOKEN.findall(text) if re.fullmatch(r"[()+x-]|-?\d+(\.\d+)?(/\d+)?", t)]
    value, rest = _sum(tokens)
    assert not rest, rest
    return value


def _sum(tokens: list[str]) -> tuple[Fraction, list[str]]:
    value, tokens = _product(tokens)
    while tokens and tokens[0] in "+-":
        sign = 1 if tokens[0] == "+" else -1
        other, tokens = _product(tokens[1:])
        value += sign * other
    return value, tokens


def _product(tokens: list[str]) -> tuple[Fraction, list[str]]:
    value, tokens = _factor(tokens)
    while tokens and tokens[0] == "x":
        other, tokens = _factor(tokens[1:])
        value *= other
    return value, tokens


def _factor(tokens: list[str]) -> tuple[Fraction, list[str]]:
    if tokens[0] == "(":
        value, tokens = _sum(tokens[1:])
        assert tokens[0] == ")"
        return value, tokens[1:]
    return Fraction(tokens[0]), tokens[1:]

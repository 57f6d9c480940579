"""The formula of a line: a text that a person can check with a pocket calculator, made only when it is asked for."""

from services.billing.rating.rating_types import Line
from shared import exact
from shared.exact import Exact


def formula(line: Line) -> str:
    """Write how a line comes about: `2800 kWh x 0.538 = 1506.4`."""
    value = exact.text(line.exact.num, line.exact.den)
    amount = exact.text(line.amount_fen, 100)
    left = _left(line)
    right = value if value == amount else f"{value} -> {amount}"
    return f"{left} = {right}" if left else right


def _left(line: Line) -> str:
    if line.kind in ("given", "rounding"):
        return ""
    if line.kind == "minimum":
        assert line.quantity is not None
        assert line.price is not None
        return (
            f"{_number(Exact(line.quantity, 1000))} {line.unit} x {_number(line.price)}"
            + "".join(f" x {_number(f)}" for f in line.factors)
            + (f" - {_sum(line.on)}" if line.on else "")
        )
    if line.on:
        rate = f" x {_number(line.price)}" if line.price is not None else ""
        return f"{_sum(line.on)}{rate}"
    parts = []
    if line.quantity is not None:
        parts.append(f"{_number(Exact(line.quantity, 1000))} {line.unit}")
    if line.price is not None:
        parts.append(_number(line.price))
    parts += [_number(f) for f in line.factors]
    return " x ".join(parts)


def _sum(values: tuple[Exact, ...]) -> str:
    return "(" + " + ".join(_number(v) for v in values) + ")"


def _number(value: Exact) -> str:
    text = exact.text(value.num, value.den)
    return f"({text})" if text.startswith("-") else text

"""Corrections of rated bills: re-rating a cycle and every later one, and reversal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from services.billing.rating.rating_types import JsonState, Line, RatedBill, Request
from shared.exact import Exact

Rate = Callable[[Sequence[Request]], Sequence[RatedBill]]


@dataclass(frozen=True, slots=True)
class Corrected:
    """One cycle of a correction: the bill as it was, as it is now, and the difference in fen."""

    index: int
    old: RatedBill
    new: RatedBill
    delta_fen: int


def rerate(
    cycles: Sequence[tuple[Request, RatedBill]], changed: Mapping[int, Request], rate: Rate
) -> tuple[list[Corrected], JsonState | None]:
    """Re-rate a traceable correction: its cycle and every later one, each on the state before it.

    `cycles` are requests and their bills in order of time, `changed` the corrected requests by index. The kWh go back
    into the cycle in which they were used: they count there in ladder, power factor, levies and losses. Answers every
    cycle whose bill or state is another one, and the rebuilt state; it stops early where the state meets the old
    one again. A cycle that cannot be re-rated ends the chain and is answered with its refusal.
    Source: 抄表差错: 能追溯的退补到原抄表周期.
    """
    out: list[Corrected] = []
    if not changed:
        return out, cycles[-1][1].state if cycles else None
    first, last = min(changed), max(changed)
    state = cycles[first][0].state
    for index in range(first, len(cycles)):
        request, old = cycles[index]
        if index > last and state == request.state:
            return out, cycles[-1][1].state
        new = rate([replace(changed.get(index, request), state=state)])[0]
        if new != old:
            out.append(Corrected(index, old, new, new.total_fen - old.total_fen))
        if new.refusal is not None:
            return out, state
        state = new.state
    return out, state


def reverse(bill: RatedBill) -> RatedBill:
    """Return the reversal of a bill: every line with its sign turned, so that both together are 0."""
    lines = tuple(_reversed(line) for line in bill.lines)
    tax = None if bill.tax_fen is None else -bill.tax_fen
    return replace(bill, lines=lines, total_fen=-bill.total_fen, tax_fen=tax)


def _reversed(line: Line) -> Line:
    on = tuple(Exact(-v.num, v.den) for v in line.on)
    is_cos_phi = line.kind == "power_factor"
    quantity = line.quantity if line.quantity is None or is_cos_phi else -line.quantity
    exact = Exact(-line.exact.num, line.exact.den)
    return replace(line, quantity=quantity, on=on, exact=exact, amount_fen=-line.amount_fen)

"""Two implementations for every bill: the bulk one rates, the reference recomputes, and a difference holds the bill.

bills, counts = second_opinion.rate(requests, book)   # bills as `rating.rate` gives them; those that differ carry a finding
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Final

from services.billing.rating.bulk import rate as bulk
from services.billing.rating.rating_types import Finding, Line, RatedBill, Request
from services.billing.rating.reference import engine as reference
from services.billing.rating.tariff.book import TariffBook
from services.billing.rating.tariff.codes import FINDINGS
from shared.exact import Exact

DIFFERS: Final = "bill_differs"

Bulk = Callable[[Sequence[Request], TariffBook], Sequence[RatedBill | None]]


@dataclass(frozen=True, slots=True)
class Counts:
    """How a batch was rated: `alone` were left to the reference by the bulk implementation, `differing` bills are held."""

    rated: int
    refused: int
    alone: int
    differing: int


Rater = Callable[[Sequence[Request], TariffBook], tuple[list[RatedBill], Counts]]


def rate(requests: Sequence[Request], book: TariffBook, by: Bulk = bulk.rate) -> tuple[list[RatedBill], Counts]:
    """Rate requests twice and say how many were left to the reference, refused, or held.

    One bill per request, in their order, never an exception for the batch. A bill that differs keeps the figures of the bulk
    implementation and is held by its finding; one that only one of the two refuses is answered by the reference and held too.
    """
    ours, theirs = by(requests, book), reference.rate(requests, book)
    out: list[RatedBill] = []
    differing = 0
    for mine, other, finding in zip(ours, theirs, _findings(ours, theirs), strict=True):
        bill = other if mine is None or mine.refusal is not None or other.refusal is not None else mine
        if finding is not None:
            differing += 1
            bill = replace(bill, findings=(*bill.findings, finding))
        out.append(bill)
    refused = sum(bill.refusal is not None for bill in out)
    return out, Counts(len(out) - refused, refused, sum(bill is None for bill in ours), differing)


def _findings(ours: Sequence[RatedBill | None], theirs: Sequence[RatedBill]) -> list[Finding | None]:
    out: list[Finding | None] = []
    for mine, other in zip(ours, theirs, strict=True):
        where = None if mine is None else difference(mine, other)
        out.append(None if where is None else Finding(DIFFERS, "hold", where, FINDINGS[DIFFERS]))
    return out


def difference(a: RatedBill, b: RatedBill) -> str | None:
    """Return a pointer to the first place in which two bills differ, None where they say the same.

    Exact values are compared by value, not by how the fraction is written. Two refusals are the same answer: no bill.
    """
    if a.refusal is not None or b.refusal is not None:
        return "/refusal" if (a.refusal is None) != (b.refusal is None) else None
    for index, (mine, other) in enumerate(zip_longest(a.lines, b.lines)):
        if mine is None or other is None or _plain(mine) != _plain(other):
            return f"/lines/{index}"
    for name in ("total_fen", "tax_fen", "currency", "tariffs", "findings", "quantities_wh", "state", "unpriced_wh"):
        if getattr(a, name) != getattr(b, name):
            return f"/{name}"
    return None


def _plain(line: Line) -> tuple[Any, ...]:
    return (
        *(line.charge, line.zh, line.kind, line.period, line.tier, line.quantity, line.unit, line.amount_fen),
        *(line.tariff, line.version, line.from_, line.to, _value(line.price), _value(line.exact)),
        *(_value(f) for f in line.factors),
        *(_value(a) for a in line.on if a.num),
    )


def _value(value: Exact | None) -> Exact | None:
    return None if value is None else value.reduced()

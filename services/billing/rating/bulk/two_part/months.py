"""The spans of a cycle over which capacity and contract demand do not change, and the months that they count as."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from services.billing.rating.bulk.forms import same_power
from services.billing.rating.bulk.segments import Piece, fact_at
from services.billing.rating.bulk.work import Work
from services.billing.rating.tariff.codes import Refused
from shared.exact import Exact


@dataclass(frozen=True, slots=True)
class Span:
    """Days of the cycle in which the capacity does not change; `fact` is an index; `months` is what they count as."""

    from_: date
    to: date
    fact: int
    months: Exact


def spans_of(work: Work, piece: Piece, month: str, last_part: str) -> list[Span]:
    """Return the spans that begin in a piece, weighed as the document says."""
    spans = work.plan.once(("spans", month, last_part), lambda: _cut(work, month, last_part))
    return [s for s in spans if piece.from_ <= s.from_ < piece.to]


def _cut(work: Work, month: str, last_part: str) -> list[Span]:
    """Cut where capacity or piece changes. Thirtieths: days ÷ 30, the last span the rest of the month where the document
    says so. Calendar days: days ÷ days of the whole regular cycle. An unbroken whole cycle is its months.
    """
    r = work.plan.request
    whole_from, whole_to = r.month or (r.from_, r.to)
    count = len(r.bill_months)
    pieces_at = {p.from_ for p in work.pieces}
    powers_at = {b.from_ for a, b in pairwise(r.facts) if not same_power(a, b)}
    inner = sorted(d for d in pieces_at | powers_at if r.from_ < d < r.to)
    if not inner and (whole_from, whole_to) == (r.from_, r.to):
        return [Span(r.from_, r.to, _fact(work, r.from_), Exact(count, 1))]
    out = []
    for from_, to in pairwise([r.from_, *inner, r.to]):
        days = (to - from_).days
        if month == "calendar_days":
            months = Exact(days * count, (whole_to - whole_from).days)
        elif last_part == "rest_of_month" and to == whole_to:
            months = Exact(30 * count - (from_ - whole_from).days, 30)
        else:
            months = Exact(days, 30)
        out.append(Span(from_, to, _fact(work, from_), months))
    return out


def _fact(work: Work, day: date) -> int:
    index = fact_at(work.plan.request.facts, day)
    if index is None:
        raise Refused("facts_gap", "/account", day.isoformat())
    return index

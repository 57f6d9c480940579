"""The parts of a cycle over which capacity and contract demand do not change, and the months that they count as."""

import itertools
from dataclasses import dataclass
from datetime import date

from services.billing.rating.rating_types import AccountSpan
from services.billing.rating.reference.frame import Frame, Segment, fact_at
from services.billing.rating.tariff.codes import Refused
from shared.exact import Exact


@dataclass(frozen=True, slots=True)
class MonthPart:
    """A span in which capacity and contract demand do not change, and how many months it counts as."""

    from_: date
    to: date
    fact: AccountSpan
    months: Exact


def month_parts(frame: Frame, segment: Segment, month: str, last_part: str) -> list[MonthPart]:
    """Return the parts of the cycle that begin in a segment."""
    return [part for part in _cut(frame, month, last_part) if segment.from_ <= part.from_ < segment.to]


def _cut(frame: Frame, month: str, last_part: str) -> list[MonthPart]:
    """Cut the cycle where capacity facts (or segments) change, and weigh its parts in months.

    Used days ÷ 30 (供电营业规则 1996) or ÷ calendar days (2024); by thirtieths the last part of the month can be the rest of it,
    so that the parts of a 31-day month still make one month. A cycle that is only a part of its regular month (opening, closing)
    pays only its days.
    """
    request = frame.request
    start, end = request.month or (request.from_, request.to)
    months = len(request.bill_months)
    cuts = [request.from_, *_capacity_changes(frame), request.to]
    spans = list(itertools.pairwise(cuts))
    if len(spans) == 1 and (request.from_, request.to) == (start, end):
        return [MonthPart(start, end, _fact_on(frame, start), Exact(months, 1))]
    parts: list[MonthPart] = []
    gone = (request.from_ - start).days
    for from_, to in spans:
        days = (to - from_).days
        if month == "calendar_days":
            weight = Exact(days * months, (end - start).days)
        elif to == end and last_part == "rest_of_month":
            weight = Exact(30 * months - gone, 30)
        else:
            weight = Exact(days, 30)
        gone += days
        parts.append(MonthPart(from_, to, _fact_on(frame, from_), weight))
    return parts


def _fact_on(frame: Frame, day: date) -> AccountSpan:
    """Return the account facts of a day, which must be there."""
    fact = fact_at(frame.request.facts, day)
    if fact is None:
        raise Refused("facts_gap", "/account", day.isoformat())
    return fact


def _capacity_changes(frame: Frame) -> list[date]:
    request = frame.request
    days = {s.from_ for s in frame.segments} | {f.from_ for f in request.facts}
    changes = []
    for day in sorted(d for d in days if request.from_ < d < request.to):
        before, after = _before(frame, day), _fact_on(frame, day)
        same = _capacity_facts(before) == _capacity_facts(after)
        if not same or any(s.from_ == day for s in frame.segments):
            changes.append(day)
    return changes


def _before(frame: Frame, day: date) -> AccountSpan:
    earlier = [f for f in frame.request.facts if f.from_ < day]
    if not earlier:
        raise Refused("facts_gap", "/account", day.isoformat())
    return earlier[-1]


def _capacity_facts(fact: AccountSpan) -> tuple[object, ...]:
    return (fact.capacity_va, fact.contract_demand_w, fact.equipment)

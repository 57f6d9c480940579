"""What a form alone decides of a ladder: its year, its limits, and the free kWh allowed so far."""

from datetime import date, timedelta

from services.billing.rating.bulk.forms import Plan
from services.billing.rating.bulk.months import of_supplied
from services.billing.rating.bulk.segments import Piece, fact_at
from services.billing.rating.rating_types import AccountSpan, Request
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Free, Ladder


def year_of(request: Request, piece: Piece, ladder: Ladder) -> int:
    """Return the ladder year of a piece: the calendar year of its first day."""
    days = {"read_day": request.read_day, "bill_month": request.bill_months[-1]}
    day = days.get(ladder.belongs_to, piece.from_)
    return day.year - (day.month < ladder.year_starts)


def is_outside(request: Request, ladder: Ladder) -> bool:
    """Return whether the cycle lies in months outside the ladder (heating); partly is refused."""
    outside = [m.month in ladder.outside_months for m in request.bill_months]
    if any(outside) and not all(outside):
        raise Refused("outside_months_mixed", "/cycle/bill_months")
    return all(outside)


def limits(plan: Plan, piece: Piece, ladder: Ladder, period: str) -> tuple[int, ...]:
    """Return the upper limits in Wh of all tiers but the last."""
    if ladder.span == "year":
        return _of_year(plan, piece, ladder, period)
    r = plan.request
    fact = r.facts[piece.fact]
    rows = [_row(ladder, period, m.month) for m in r.bill_months]
    days = (r.to - r.from_).days
    if ladder.span == "cycle":
        found = tuple(of_supplied(r, x * r.cycles) for x in rows[0])
    elif ladder.span == "day":
        found = tuple(x * days for x in rows[0])
    elif ladder.proration == "per_month":
        found = tuple(of_supplied(r, sum(tier)) for tier in zip(*rows, strict=True))
    else:
        of = {"days/30": 30, "days/365": 365}[ladder.proration]
        found = tuple(x * days // of for x in rows[0])
    if ladder.times_households:
        found = tuple(x * fact.households for x in found)
    extra = ladder.household.wh_per_month * len(rows) if ladder.household and _is_large(ladder, fact) else 0
    return _wider(found, ladder, of_supplied(r, extra))


def _row(ladder: Ladder, period: str, month: int) -> tuple[int, ...]:
    return ladder.limits_by_period[period] if period else ladder.limits[month - 1]


def _is_large(ladder: Ladder, fact: AccountSpan) -> bool:
    return ladder.household is not None and fact.people >= ladder.household.from_people


def _wider(found: tuple[int, ...], ladder: Ladder, extra: int) -> tuple[int, ...]:
    if ladder.household is None or not extra:
        return found
    return tuple(x + extra * (tier if ladder.household.widens == "all_tiers" else 1) for tier, x in enumerate(found, 1))


def opened(request: Request) -> date:
    """Return the day on which the account was opened."""
    return request.opened or request.facts[0].from_


def _of_year(plan: Plan, piece: Piece, ladder: Ladder, period: str) -> tuple[int, ...]:
    """Return the limits of twelve months, each with a twelfth of the limits that hold for it.

    A month before the opening gives nothing where the document counts part years by month; what has begun keeps the
    limits and the household of its time, what is still to come has those of the last day that is known.
    """
    r = plan.request
    known = min(r.to, piece.to) - timedelta(days=1)
    year = year_of(r, piece, ladder)
    sums = [0] * (ladder.tiers - 1)
    large_months = 0
    for n in range(12):
        month, after = _first_of(year, ladder.year_starts + n), _first_of(year, ladder.year_starts + n + 1)
        if after <= opened(r) and ladder.part_year != "whole_year":
            continue
        own = ladder if month > known else _ladder_of(plan, piece, ladder, month)
        if own is None:
            continue
        facts = _facts_in(r, min(month, known), min(after, known + timedelta(days=1)))
        homes = max((f.households for f in facts), default=1) if ladder.times_households else 1
        sums = [s + limit * homes for s, limit in zip(sums, _row(own, period, month.month), strict=True)]
        large_months += any(_is_large(ladder, f) for f in facts)
    extra = ladder.household.wh_per_month * large_months if ladder.household else 0
    return _wider(tuple(s // 12 for s in sums), ladder, extra)


def _first_of(year: int, month: int) -> date:
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def _facts_in(r: Request, start: date, end: date) -> list[AccountSpan]:
    return [f for f in r.facts if f.from_ < end and (f.to is None or f.to > start)]


def _ladder_of(plan: Plan, piece: Piece, ladder: Ladder, month: date) -> Ladder | None:
    """Return the ladder that held on the first day of a month; None for months that a restart left behind."""
    tariff = piece.tariff
    if tariff.on_change_ladder == "restart" and tariff.from_ is not None and month < tariff.from_.replace(day=1):
        return None
    if tariff.on_change_limits == "new_limits_for_the_whole_year":
        return ladder
    r = plan.request
    first = fact_at(r.facts, month) or 0  # the month of the opening begins before the first fact
    wanted = r.facts[first].tariff or r.tariff
    version = plan.book.version_on(wanted, month)
    found = version.ladders.get(ladder.name) if version else None
    if found is None or found.span != "year" or found.tiers != ladder.tiers:
        return ladder
    return found


def free_allowance(plan: Plan, piece: Piece, ladder: Ladder, rule: Free) -> tuple[int, int]:
    """Return the Wh that are free up to this cycle, and the year that they belong to (0: this cycle alone)."""
    r = plan.request
    last = r.bill_months[-1]
    if rule.rest == "lost":
        return of_supplied(r, _free_wh(r.facts[piece.fact], rule) * len(r.bill_months)), 0
    year = year_of(r, piece, ladder) if ladder.span == "year" else last.year
    start = max(date(year, ladder.year_starts, 1), opened(r).replace(day=1))
    months = (last.year - start.year) * 12 + last.month - start.month + 1
    return rule.wh_per_month * months, year


def _free_wh(fact: AccountSpan, rule: Free) -> int:
    """Return the free Wh a month of all accounts of a form: such a figure is part of the form."""
    own = fact.values.get(rule.fact)
    if own is None:
        return rule.wh_per_month
    if own.num < 0 or own.num * 1000 % own.den:
        raise Refused("fact_wrong", f"/account/values/{rule.fact}")
    return own.num * 1000 // own.den

"""Ladders (阶梯电价): how many kWh of a cycle fall into which tier, and what each tier has used after it."""

from datetime import date, timedelta
from typing import Any

from services.billing.rating.rating_types import AccountSpan
from services.billing.rating.reference import cycle
from services.billing.rating.reference.frame import Frame, Segment, applies, fact_at
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Free, Ladder


def walk(frame: Frame, segment: Segment, ladder: Ladder, wh: int) -> None:
    """Put the counted Wh of a segment into tiers (`segment.tiers`) and carry the state on.

    Months outside the ladder (heating) and free kWh before the ladder are not counted in it.
    """
    free = _free(frame, segment, ladder, wh)
    if free:
        segment.free_wh[ladder.name] = free
        if ladder.free is not None and ladder.free.how == "before_ladder":
            wh -= free
    if ladder.outside_months and _outside(frame, ladder):
        segment.tiers[ladder.name] = [wh] + [0] * (ladder.tiers - 1)
        return
    if ladder.limits_by_period:
        _walk_periods(frame, segment, ladder)
        return
    limits = frame.limits[ladder.name] = _limits(frame, segment, ladder, None)
    used = _used(frame, segment, ladder, None)
    taken = whole(limits, used, wh) if ladder.whole_quantity else fill(limits, used, wh)
    segment.tiers[ladder.name] = taken
    _keep(frame, segment, ladder, [u + t for u, t in zip(used, taken, strict=True)], None)


def _walk_periods(frame: Frame, segment: Segment, ladder: Ladder) -> None:
    registers = segment.tariff.registers(ladder.counts)
    # all of them before the first is kept: a restart must be seen by each period
    before = {p.name: _used(frame, segment, ladder, p.name) for p in segment.tariff.periods}
    for period, register in zip(segment.tariff.periods, registers, strict=True):
        limits = frame.limits[f"{ladder.name}/{period.name}"] = _limits(frame, segment, ladder, period.name)
        used = before[period.name]
        if register not in segment.q:
            raise Refused("register_missing", f"/usage/{register}")
        taken = fill(limits, used, segment.q[register])
        segment.tiers[f"{ladder.name}/{period.name}"] = taken
        _keep(frame, segment, ladder, [u + t for u, t in zip(used, taken, strict=True)], period.name)


def fill(limits: tuple[int, ...], used: list[int], wh: int) -> list[int]:
    """Put Wh into the tiers that still have room, lowest first; the last tier is open.

    The room of a tier is its width less what it has used: quota that came later opens room in tier 1 again, and kWh already
    billed keep their tier. Negative Wh are taken back from the highest tier that has used anything; what goes below
    stays as a negative use of tier 1.
    """
    taken = [0] * len(used)
    if wh < 0:
        for tier in range(len(used) - 1, 0, -1):
            back = min(max(used[tier], 0), -wh)
            taken[tier] = -back
            wh += back
        taken[0] = wh
        return taken
    below = 0
    for tier, limit in enumerate(limits):
        room = limit - below - used[tier]
        below = limit
        if room > 0:
            take = room if room < wh else wh
            taken[tier] = take
            wh -= take
            if wh == 0:
                return taken
    taken[-1] = wh
    return taken


def whole(limits: tuple[int, ...], used: list[int], wh: int) -> list[int]:
    """Put all Wh into the one tier that the whole quantity reaches."""
    total = sum(used) + wh
    tier = next((i for i, limit in enumerate(limits) if total <= limit), len(limits))
    taken = [0] * len(used)
    taken[tier] = wh
    return taken


def ladder_year(ladder: Ladder, frame: Frame, segment: Segment) -> int:
    """Return the ladder year (the calendar year of its first day) by the document's rule."""
    if ladder.belongs_to == "read_day":
        day = frame.request.read_day
    elif ladder.belongs_to == "bill_month":
        day = frame.request.bill_months[-1]
    else:
        day = segment.from_
    return day.year if day.month >= ladder.year_starts else day.year - 1


def _used(frame: Frame, segment: Segment, ladder: Ladder, period: str | None) -> list[int]:
    if ladder.span != "year":
        key = ladder.name if period is None else f"{ladder.name}/{period}"
        return frame.cycle_used.get(key) or [0] * ladder.tiers
    entry: Any = frame.ladders.get(ladder.name)
    pointer = f"/state/ladders/{ladder.name}"
    if entry is None:
        raise Refused("ladder_state_missing", pointer)
    if not isinstance(entry, dict) or not isinstance(entry.get("year"), int) or "used_wh" not in entry:
        raise Refused("ladder_state_wrong", pointer, "year and used_wh were expected")
    year = ladder_year(ladder, frame, segment)
    if entry["year"] > year:
        raise Refused("ladder_state_wrong", f"{pointer}/year", f"{entry['year']} is after {year}")
    fresh = entry["year"] < year
    if segment.tariff.on_change_ladder == "restart" and entry.get("version", "") not in ("", _version(segment)):
        fresh = True
    if fresh:
        return [0] * ladder.tiers
    used = entry["used_wh"]
    if period is not None:
        used = used.get(period, ()) if isinstance(used, dict) else ()
    if isinstance(used, dict) or len(used) not in (ladder.tiers, ladder.tiers - 1):
        raise Refused("ladder_state_wrong", f"{pointer}/used_wh", f"{ladder.tiers} tiers were expected")
    return list(used) if len(used) == ladder.tiers else [*used, 0]


def _version(segment: Segment) -> str:
    return f"{segment.tariff.id}@{segment.tariff.version}"


def _keep(frame: Frame, segment: Segment, ladder: Ladder, used: list[int], period: str | None) -> None:
    if ladder.span != "year":
        frame.cycle_used[ladder.name if period is None else f"{ladder.name}/{period}"] = used
        return
    year = ladder_year(ladder, frame, segment)
    new: dict[str, Any] = {"year": year, "used_wh": used}
    if period is not None:
        before = frame.ladders[ladder.name]
        new["used_wh"] = dict(before["used_wh"]) if before["year"] == year else {}
        new["used_wh"] |= {p.name: [0] * ladder.tiers for p in segment.tariff.periods if p.name not in new["used_wh"]}
        new["used_wh"][period] = used
    if segment.tariff.on_change_ladder == "restart":
        new["version"] = _version(segment)
    frame.ladders[ladder.name] = new


def _outside(frame: Frame, ladder: Ladder) -> bool:
    inside = {m.month in ladder.outside_months for m in frame.request.bill_months}
    if len(inside) > 1:
        raise Refused("outside_months_mixed", "/cycle/bill_months")
    return inside.pop()


# --- limits


def _limits(frame: Frame, segment: Segment, ladder: Ladder, period: str | None) -> tuple[int, ...]:
    if ladder.span == "year":
        return _year_limits(frame, segment, ladder, period)
    request, fact = frame.request, segment.fact
    months = request.bill_months
    rows = [ladder.limits_by_period[period] if period else ladder.limits[m.month - 1] for m in months]
    days, supplied = cycle.days(request), cycle.supplied_days(request)
    if ladder.span == "cycle":
        limits = tuple(limit * request.cycles * days // supplied for limit in rows[0])
    elif ladder.span == "day":
        limits = tuple(limit * days for limit in rows[0])
    elif ladder.proration == "per_month":
        limits = tuple(sum(tier) * days // supplied for tier in zip(*rows, strict=True))
    else:
        limits = tuple(limit * days // int(ladder.proration[5:]) for limit in rows[0])
    if ladder.times_households:
        limits = tuple(limit * fact.households for limit in limits)
    if ladder.household is not None and fact.people >= ladder.household.from_people:
        limits = _widen(limits, ladder, ladder.household.wh_per_month * len(months) * days // supplied)
    return limits


def _widen(limits: tuple[int, ...], ladder: Ladder, extra: int) -> tuple[int, ...]:
    if extra and ladder.household is not None:
        each = ladder.household.widens == "all_tiers"
        return tuple(limit + extra * (i + 1 if each else 1) for i, limit in enumerate(limits))
    return limits


def opening(frame: Frame) -> date:
    """Return the first day of the account."""
    return frame.request.opened or frame.request.facts[0].from_


def _year_limits(frame: Frame, segment: Segment, ladder: Ladder, period: str | None) -> tuple[int, ...]:
    """Return the limits of the year as they are known at the end of the cycle, in twelfths by month.

    A month before the opening has no quota (part_year), a month in which the household was large on any day adds its kWh,
    a month that has passed keeps the limits of its version (by_months_of_each_version), a month to come has those of today.
    """
    first = date(ladder_year(ladder, frame, segment), ladder.year_starts, 1)
    known = min(frame.request.to, segment.to) - timedelta(days=1)
    opened = opening(frame)
    facts = frame.request.facts
    only = facts[0]
    if len(facts) == 1 and opened <= first and only.from_ <= first and _holds_all_year(frame, segment, first):
        row = ladder.limits_by_period[period] if period else ladder.limits[0]
        if ladder.times_households:
            row = tuple(limit * only.households for limit in row)
        large = ladder.household is not None and only.people >= ladder.household.from_people
        return _widen(row, ladder, 12 * ladder.household.wh_per_month if large and ladder.household else 0)
    twelfths = [0] * (ladder.tiers - 1)
    extra = 0
    for index in range(12):
        month, after = _month(first, index), _month(first, index + 1)
        if ladder.part_year != "whole_year" and after <= opened:
            continue
        version = ladder if month > known else _ladder_then(frame, segment, ladder, month)
        if version is None:
            continue
        row = version.limits_by_period[period] if period else version.limits[0]
        inside = _facts_of(facts, month, after, known)
        homes = max((f.households for f in inside), default=1) if ladder.times_households else 1
        for tier, limit in enumerate(row):
            twelfths[tier] += limit * homes
        household = ladder.household
        if household is not None and any(f.people >= household.from_people for f in inside):
            extra += household.wh_per_month
    return _widen(tuple(t // 12 for t in twelfths), ladder, extra)


def _holds_all_year(frame: Frame, segment: Segment, first: date) -> bool:
    tariff = segment.tariff
    return tariff.from_ is not None and tariff.from_ <= first and frame.request.facts[0].tariff is None


def _month(first: date, index: int) -> date:
    months = first.month - 1 + index
    return date(first.year + months // 12, months % 12 + 1, 1)


def _facts_of(facts: tuple[AccountSpan, ...], month: date, after: date, known: date) -> list[AccountSpan]:
    """Return the facts of a month; of a month to come, the fact of the last known day."""
    if month > known:
        month, after = known, known + timedelta(days=1)
    return [f for f in facts if f.from_ < after and f.from_ <= known and (f.to is None or f.to > month)]


def _ladder_then(frame: Frame, segment: Segment, ladder: Ladder, month: date) -> Ladder | None:
    """Return the ladder of the version that held on the first day of a begun month; None where a restart left it behind."""
    tariff = segment.tariff
    if tariff.on_change_ladder == "restart" and tariff.from_ is not None and month < tariff.from_.replace(day=1):
        return None
    if tariff.on_change_limits == "new_limits_for_the_whole_year":
        return ladder
    facts = frame.request.facts
    fact = fact_at(facts, month) or facts[0]  # the month of the opening begins before the first fact
    tariff_id = fact.tariff or frame.request.tariff
    then = frame.book.version_on(tariff_id, month)
    same = then.ladders.get(ladder.name) if then else None
    return same if same is not None and same.span == "year" and same.tiers == ladder.tiers else ladder


# --- free kWh


def _free(frame: Frame, segment: Segment, ladder: Ladder, wh: int) -> int:
    rule = ladder.free
    if rule is None or wh <= 0 or not applies(rule.applies, segment.fact):
        return 0
    months = frame.request.bill_months
    if rule.rest == "lost":
        key, year, used = f"{ladder.name}/free", 0, sum(frame.cycle_used.get(f"{ladder.name}/free", ()))
        allowed = (
            _a_month(segment, rule) * len(months) * cycle.days(frame.request) // cycle.supplied_days(frame.request)
        )
        free = min(wh, max(0, allowed - used))
        frame.cycle_used[key] = [used + free]
        return free
    year = ladder_year(ladder, frame, segment) if ladder.span == "year" else months[-1].year
    first = max(date(year, ladder.year_starts, 1), opening(frame).replace(day=1))
    passed = (months[-1].year - first.year) * 12 + months[-1].month - first.month + 1
    entry = frame.free_used.get(ladder.name)
    if entry is None:
        raise Refused("ladder_state_missing", f"/state/free/{ladder.name}")
    used = entry["used_wh"] if entry["year"] == year else 0
    free = min(wh, max(0, rule.wh_per_month * passed - used))
    frame.free_used[ladder.name] = {"year": year, "used_wh": used + free}
    return free


def _a_month(segment: Segment, rule: Free) -> int:
    """Return the free Wh a month: those of the account itself, or those that the document has for everybody."""
    own = segment.fact.values.get(rule.fact)
    if own is None:
        return rule.wh_per_month
    wh, rest = divmod(own.num * 1000, own.den)
    if rest or wh < 0:
        raise Refused("fact_wrong", f"/account/values/{rule.fact}")
    return wh

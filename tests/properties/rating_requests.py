"""Hypothesis strategies that draw requests at the edges of a drawn tariff.

    request = draw(requests_for(drawn))  # usage at limits ± 1 Wh, zero, negative; days of 23 and 25 hours; facts that change

Almost every request can be rated; the few that cannot are refused with a code, which must agree too.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from services.billing.rating import rating
from shared.exact import Exact
from tests.properties.rating_strategies import Drawn


def _next_month(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, min(day.day, 28))


@st.composite
def edge_wh(draw: st.DrawFn, tariff: rating.Tariff, state: dict[str, Any] | None) -> int:
    """Usage that ends at a limit ± 1 Wh, zero, negative, small, usual or large."""
    marks = [0, 1, 999, 250_000, 3_600_000]
    for name, ladder in tariff.ladders.items():
        rows = ladder.limits or tuple(ladder.limits_by_period.values())
        used = (state or {}).get("ladders", {}).get(name, {}).get("used_wh", [])
        done = sum(used) if isinstance(used, list) else 0
        marks += [limit - done for limit in rows[0]] + [rows[0][0] * 2]
    how = draw(st.sampled_from(["edge", "edge", "any", "negative", "large"]))
    if how == "edge":
        return max(0, draw(st.sampled_from(marks)) + draw(st.sampled_from([-1, 0, 1])))
    if how == "negative":
        return -draw(st.integers(1, 900_000))
    return draw(st.integers(0, 10**10 if how == "large" else 2_000_000))


@st.composite
def states(draw: st.DrawFn, tariff: rating.Tariff, year: int) -> dict[str, Any]:
    state = rating.opening_state(tariff, year)
    for name, ladder in tariff.ladders.items():
        entry = state["ladders"].get(name)
        if entry is None:
            continue
        if isinstance(entry["used_wh"], dict):
            entry["used_wh"] = {p: [draw(st.integers(0, 10**6)) for _ in range(ladder.tiers)] for p in entry["used_wh"]}
        elif draw(st.booleans()):
            entry["used_wh"] = [draw(st.sampled_from([0, limit - 1, limit])) for limit in ladder.limits[0]] + [
                draw(st.integers(0, 10**6))
            ]
    if any(getattr(c, "ratchet_months", 0) for c in tariff.charges):
        state["demand_w"] = {"demand": {"2024-12": draw(st.integers(0, 10**6))}}
    return state


@st.composite
def facts_for(draw: st.DrawFn, from_: date, to: date) -> tuple[rating.AccountSpan, ...]:
    opened = draw(st.sampled_from([date(2020, 1, 1), date(2024, 8, 15), from_]))
    days = (to - from_).days
    cuts = sorted({from_ + timedelta(days=d) for d in draw(st.lists(st.integers(1, days - 1), max_size=2))})
    starts = [opened, *cuts]
    return tuple(draw(_fact(a, b)) for a, b in zip(starts, [*cuts, None], strict=True))


@st.composite
def _fact(draw: st.DrawFn, from_: date, to: date | None) -> rating.AccountSpan:
    unit = rating.Equipment("T2", 250_000, draw(st.sampled_from(["running", "hot_standby", "suspended"])))
    equipment = (rating.Equipment("T1", draw(st.sampled_from([315_000, 630_000]))), unit) if draw(st.booleans()) else ()
    return rating.AccountSpan(
        from_=from_,
        to=to,
        class_=draw(st.sampled_from(["residential", "low_income"])),
        people=draw(st.sampled_from([3, 4, 5, 6])),
        households=draw(st.sampled_from([1, 1, 3])),
        capacity_va=draw(st.sampled_from([400_000, 800_000])),
        contract_demand_w=draw(st.sampled_from([200_000, 300_000])),
        equipment=equipment,
        values={
            "iron": Exact(draw(st.integers(0, 99_999)), 100),
            "share": Exact(draw(st.integers(0, 1000)), 1000),
            **draw(st.sampled_from([{}, {"free": Exact(10, 1)}, {"free": Exact(125, 10)}])),
            **draw(st.sampled_from([{}, {"standard": Exact(85, 100)}, {"standard": Exact(9, 10)}])),
        },
        exempt=draw(st.sampled_from([(), (), ("fund",), ("other",)])),
    )


@st.composite
def requests_for(draw: st.DrawFn, drawn: Drawn, curves: bool = True) -> rating.Request:
    """A request for a drawn book. With `curves` some bring a curve of `import` instead of registers."""
    tariff = drawn.versions[-1]
    start = draw(st.dates(date(2024, 11, 1), date(2025, 10, 28)))
    start = start.replace(day=min(start.day, 28)) if draw(st.booleans()) else start.replace(day=1)
    months = draw(st.sampled_from([1, 1, 2]))
    to = _next_month(start, months) + timedelta(days=draw(st.sampled_from([0, 0, 3])))
    first = start.replace(day=1)
    year = (to if to.month >= 7 or not _july(tariff) else date(to.year - 1, 1, 1)).year - draw(
        st.sampled_from([0, 0, 0, 1])
    )
    state = draw(states(tariff, year))
    facts = draw(facts_for(start, to))
    cut = {date(2025, 1, 1), date(2025, 3, 17), date(2025, 7, 1)} | {f.from_ for f in facts}
    borders = sorted(d for d in cut if start < d < to) if draw(st.booleans()) else []
    parts = []
    for a, b in zip([start, *borders], [*borders, to], strict=True):
        parts.append(draw(_part(tariff, state, a, b, curves)))
    return rating.Request(
        contract="drawn",
        tariff=drawn.tariff,
        from_=start,
        to=to,
        read_day=to,
        bill_months=tuple(_next_month(first, m) for m in range(months)),
        facts=facts,
        usage=tuple(parts),
        state=state,
        amounts={"given": Exact(draw(st.integers(-(10**6), 10**6)), 100)},
        cycles=draw(st.sampled_from([1, months])),
        **draw(st.sampled_from(_of_cycle(start, to))),
    )


def _of_cycle(start: date, to: date) -> list[dict[str, tuple[date, date]]]:
    """What the days can be: a whole cycle (mostly), the last part of one, one of several bills of it."""
    begin, end = start - timedelta(days=9), to + timedelta(days=4)
    last, middle = {"month": (begin, to)}, {"month": (begin, end), "supplied": (begin, end)}
    return [{}, {}, {}, {}, last, middle, middle | {"supplied": (start, end)}]


def _july(tariff: rating.Tariff) -> bool:
    return any(ladder.year_starts == 7 for ladder in tariff.ladders.values())


@st.composite
def _part(
    draw: st.DrawFn, tariff: rating.Tariff, state: dict[str, Any], from_: date, to: date, curves: bool
) -> rating.UsagePart:
    other = {
        "export": draw(st.integers(0, 500_000)),
        "sub.meter": draw(st.integers(0, 300_000)),
        "demand": draw(st.integers(0, 500_000)),
        "reactive.import": draw(st.integers(0, 2_000_000)),
        "reactive.export": draw(st.integers(-100_000, 100_000)),
    }
    if curves and draw(st.integers(0, 7)) == 0:
        return rating.UsagePart(from_, to, other, (draw(curve("import", from_, to, tariff.time_zone)),))
    total = draw(edge_wh(tariff, state))
    if not tariff.periods:
        return rating.UsagePart(from_, to, {**other, "import": total})
    registers = tariff.registers("import")
    shares = [draw(st.integers(0, 10)) for _ in registers]
    weight = sum(shares) or 1
    wh = {r: total * s // weight for r, s in zip(registers, shares, strict=True)}
    wh[registers[-1]] += total - sum(wh.values())
    gives_total = {"import": total + draw(st.sampled_from([0, 0, 1, 90_001]))} if draw(st.booleans()) else {}
    if gives_total and draw(st.integers(0, 9)) == 0:
        del wh[registers[0]]  # a meter without this register
    return rating.UsagePart(from_, to, {**other, **wh, **gives_total})


@st.composite
def curve(draw: st.DrawFn, quantity: str, from_: date, to: date, zone: str) -> rating.Curve:
    """A curve over whole local days: those of 23 and 25 hours have as many slots as they last."""
    tz = ZoneInfo(zone)
    start, end = (datetime(d.year, d.month, d.day, tzinfo=tz).astimezone(UTC) for d in (from_, to))
    minutes = draw(st.sampled_from([15, 30, 60]))
    count = int((end - start).total_seconds()) // (minutes * 60)
    pattern = draw(st.lists(st.integers(0, 3_000), min_size=1, max_size=24))
    return rating.Curve(quantity, start, minutes, tuple(pattern[i % len(pattern)] for i in range(count)))

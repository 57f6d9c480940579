"""Tested meters and adjustments, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Row, func, select

from services.billing.adjustments import tables
from services.billing.adjustments.domain import Adjustment, Billed, Test
from services.billing.bills.store import lines, spans
from services.billing.bills.store.spans import Span
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.events.disputes import MeterTested

METER_TEST, ADJUSTMENT = tables.METER_TEST, tables.ADJUSTMENT
_BILLED = tuple(each.name for each in fields(Billed) if each.name != "lines")
_TEST = tuple(each.name for each in fields(Test))
OPEN, WAITING, ASKED, WITHIN, SETTLED = "open", "waiting", "asked", "within_limits", "settled"
"""Of a test: not looked at yet, days of its span are not billed, a second person decides, nothing changes, it is adjusted."""
REJECTED = "rejected"
"""Of a test: a second person has refused what is adjusted for it; another test of it is asked for anew."""
OF_CASE = "of_case"
"""Of a test: a case has adjusted for days of its span, beside which nothing is issued."""
_UNDECIDED = (OPEN, WAITING, ASKED)


async def hear(tx: Tx, tests: Sequence[MeterTested]) -> None:
    """Keep the newest version of what tests showed."""
    given: dict[str, Sequence[Any]] = {_column(name): [getattr(each, name) for each in tests] for name in _TEST}
    given |= {"received_at": [tx.now] * len(tests), "state": [OPEN] * len(tests), "waits_for": [None] * len(tests)}
    await bulk.upsert_newer(tx, METER_TEST, given, key=("dispute_no",))


def _column(name: str) -> str:
    return "from" if name == "from_" else name


async def numbers(view: View) -> list[str]:
    """Return the disputes whose meters were tested, in order."""
    number = METER_TEST.c.dispute_no
    return [row.dispute_no for row in await view.all(select(number).order_by(number))]


async def lock_between(tx: Tx, first: str, last: str) -> list[Test]:
    """Return the tests of disputes from one number to another, locked to the end of the unit of work."""
    number = METER_TEST.c.dispute_no
    mine = select(METER_TEST).where(number >= first, number <= last).order_by(number)
    return [_test(row) for row in await tx.all(mine.with_for_update())]


def _test(row: Row[Any]) -> Test:
    stored = dict(row._mapping)
    return Test(**{name: stored[_column(name)] for name in _TEST})


async def billed(view: View, tests: Sequence[Test]) -> dict[str, list[Billed]]:
    """Return by dispute the issued bills in force of the point of its meter that share a day with the span."""
    wanted = [Span(each.dispute_no, each.service_point_no, each.from_, each.to) for each in tests]
    found: dict[str, list[Billed]] = {}
    for row in await spans.issued(view, wanted):
        values = {name: row._mapping[name] for name in _BILLED}
        found.setdefault(row.name, []).append(Billed(**values, lines=lines.stored(row.lines)))
    return found


async def issued(view: View, dispute_nos: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """Return by dispute all adjustments that were issued for it, in their order."""
    order_by = (ADJUSTMENT.c.dispute_no, ADJUSTMENT.c.account_no, ADJUSTMENT.c.number)
    found: dict[str, list[Row[Any]]] = {}
    for row in await bulk.select_in(view, ADJUSTMENT, {"dispute_no": dispute_nos}, order_by=order_by):
        found.setdefault(row.dispute_no, []).append(row)
    return found


async def of_cases(view: View, account_nos: Sequence[str]) -> list[Row[Any]]:
    """Return what stands of adjustments of cases of accounts."""
    rows = await bulk.select_in(view, ADJUSTMENT, {"account_no": account_nos}, where=ADJUSTMENT.c.case_no.is_not(None))
    return not_taken_back(rows)


async def locked(tx: Tx, dispute_no: str) -> list[Row[Any]]:
    """Return the adjustments of a dispute, or of a case, as they are once nobody else takes one of them back."""
    mine = ADJUSTMENT.c.dispute_no == dispute_no
    order = ADJUSTMENT.c.adjustment_id
    await tx.all(select(order).where(mine).order_by(order).with_for_update())
    return (await issued(tx, [dispute_no])).get(dispute_no, [])


def standing(rows: Sequence[Row[Any]]) -> dict[str, tuple[str, Adjustment]]:
    """Return by account the adjustment that stands, with its id: of those issued the one that none takes back."""
    return {row.account_no: (row.adjustment_id, adjustment(row)) for row in not_taken_back(rows)}


def not_taken_back(rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return those of adjustments that take none back, and are taken back by none."""
    taken_back = {row.reverses for row in rows}
    return [row for row in rows if row.reverses is None and row.adjustment_id not in taken_back]


def adjustment(row: Row[Any]) -> Adjustment:
    """Return an adjustment from its row."""
    return Adjustment(
        account_no=row.account_no,
        org_unit=row.org_unit,
        energy_wh=row.energy_wh,
        total_fen=row.total_fen,
        components=components(row.components),
        working=orjson.loads(row.working),
    )


def components(text: str) -> tuple[tuple[str, int], ...]:
    """Return the components of an adjustment from their text."""
    return tuple((name, fen) for name, fen in orjson.loads(text))


async def of_account(view: View, account_no: str) -> Sequence[Row[Any]]:
    """Return all adjustments of an account, in the order of their days."""
    a = ADJUSTMENT.c
    statement = select(ADJUSTMENT).where(a.account_no == account_no).order_by(a.issued_on, a.dispute_no, a.number)
    return await view.all(statement)


async def by_id(view: View, adjustment_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Return adjustments by their ids."""
    return await bulk.select_in(view, ADJUSTMENT, {"adjustment_id": adjustment_ids})


async def issued_between(view: View, since: date, until: date) -> list[str]:
    """Return the adjustments of days, both included."""
    a = ADJUSTMENT.c
    of_months = a.cycle.in_(sorted({f"{since:%Y-%m}", f"{until:%Y-%m}"}))
    rows = await view.all(select(a.adjustment_id).where(of_months, a.issued_on.between(since, until)))
    return [row.adjustment_id for row in rows]


async def by_number(view: View, dispute_nos: Sequence[str]) -> dict[str, Test]:
    """Return the tests of disputes as they are by now."""
    rows = await bulk.select_in(view, METER_TEST, {"dispute_no": dispute_nos})
    return {row.dispute_no: _test(row) for row in rows}


async def insert(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write adjustments that are issued; two of a number cannot be."""
    if rows:
        await bulk.insert_rows(tx, ADJUSTMENT, {name: [row[name] for row in rows] for name in rows[0]})


async def change(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what adjustments that are there are posted as elsewhere."""
    if rows:
        columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in rows[0]}
        await bulk.update_from(tx, ADJUSTMENT, columns, key=("adjustment_id",))


async def tests_at(tx: Tx, points: Sequence[str]) -> list[Test]:
    """Return the tests of meters at some points, locked to the end of the unit of work."""
    given = {"service_point_no": points}
    order = (METER_TEST.c.dispute_no,)
    return [_test(row) for row in await bulk.select_in(tx, METER_TEST, given, order_by=order, for_update=True)]


async def undecided_at(view: View, points: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the tests of meters at points of which it is open what is adjusted, in the order of their disputes."""
    t = METER_TEST.c
    given, is_open = {"service_point_no": points}, t.state.in_(_UNDECIDED)
    return await bulk.select_in(view, METER_TEST, given, where=is_open, order_by=(t.dispute_no,))


async def note(tx: Tx, states: Mapping[str, tuple[str, date | None]]) -> None:
    """Note what became of tests, and from which day on their bills are waited for."""
    given: dict[str, list[Any]] = {
        "dispute_no": list(states),
        "state": [state for state, _ in states.values()],
        "waits_for": [day for _, day in states.values()],
    }
    await bulk.update_from(tx, METER_TEST, given, key=("dispute_no",))


async def tests(
    view: View, *, visible: Condition, after: Condition, limit: int, state: str | None
) -> Sequence[Row[Any]]:
    """Return a page of tested meters, in the order of their disputes."""
    t = METER_TEST.c
    where = [visible(t.org_unit), after(t.dispute_no)] + ([t.state == state] if state else [])
    return await view.all(select(METER_TEST).where(*where).order_by(t.dispute_no).limit(limit))


async def page(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    account_no: str | None,
    dispute_no: str | None,
    case_no: str | None,
) -> Sequence[Row[Any]]:
    """Return a page of adjustments, in the order in which they were issued."""
    a = ADJUSTMENT.c
    where = [visible(a.org_unit), after(a.adjustment_id)]
    where += [a.account_no == account_no] if account_no else []
    where += [a.dispute_no == dispute_no] if dispute_no else []
    where += [a.case_no == case_no] if case_no else []
    return await view.all(select(ADJUSTMENT).where(*where).order_by(a.adjustment_id).limit(limit))


async def row(view: View, adjustment_id: str) -> Row[Any] | None:
    """Return an adjustment."""
    return await view.first(select(ADJUSTMENT).where(ADJUSTMENT.c.adjustment_id == adjustment_id))


async def totals(view: View, cycle: str) -> tuple[int, int]:
    """Count and sum the adjustments of a cycle."""
    a = ADJUSTMENT.c
    found = await view.first(
        select(func.count().label("n"), func.coalesce(func.sum(a.total_fen), 0).label("fen")).where(a.cycle == cycle)
    )
    assert found is not None
    return int(found.n), int(found.fen)


async def waiting(view: View) -> int:
    """Count the tests whose span is not billed yet, or a case adjusts for, or that nobody has decided on."""
    t = METER_TEST.c
    return int(await view.scalar(select(func.count()).where(t.state.in_((*_UNDECIDED, OF_CASE)))) or 0)

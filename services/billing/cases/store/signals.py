"""Signals and the cases that they open, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select, update

from services.billing.cases import tables
from services.billing.cases.domain import signals as domain
from services.billing.cases.domain.cases import FINDING
from services.billing.cases.domain.signals import KEY, Known, Signal, Where
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

SIGNAL, POINT, CASE, STEP = tables.CASE_SIGNAL, tables.CASE_POINT, tables.CASE_FILE, tables.CASE_STEP
_NAMES = tuple(each.name for each in fields(Signal))


async def insert(tx: Tx, signals: Sequence[Signal]) -> set[str]:
    """Write the signals that are new, waiting, and return their ids."""
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each in signals] for name in _NAMES}
    columns |= {"state": [domain.WAITING] * len(signals), "received_at": [tx.now] * len(signals)}
    rows = await bulk.insert_ignore(tx, SIGNAL, columns, key=KEY, returning=("signal_id",))
    return {row.signal_id for row in rows}


async def by_key(view: View, keys: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], Signal]:
    """Return signals by what makes them the same."""
    given = {name: [key[index] for key in keys] for index, name in enumerate(KEY)}
    found = [_signal(row) for row in await bulk.select_in(view, SIGNAL, given)]
    return {each.key: each for each in found}


async def lock(tx: Tx, wheres: Sequence[Where]) -> None:
    """Lock the cases of kinds at points, in one order for all: none opens a second one beside another."""
    ordered = sorted(set(wheres))
    columns = {"service_point_no": [point for point, _ in ordered], "kind": [kind for _, kind in ordered]}
    await bulk.insert_ignore(tx, POINT, columns, key=("service_point_no", "kind"))
    await bulk.lock(tx, POINT, columns)


async def waiting_at(view: View, points: Sequence[str]) -> list[Signal]:
    """Return the signals that wait for their points, the earliest first."""
    rows = await bulk.select_in(
        view,
        SIGNAL,
        {"service_point_no": points},
        where=SIGNAL.c.state == domain.WAITING,
        order_by=(SIGNAL.c.seen_on, SIGNAL.c.signal_id),
    )
    return [_signal(row) for row in rows]


async def cases_at(view: View, wheres: Sequence[Where]) -> dict[Where, list[Known]]:
    """Return the cases of kinds at points."""
    c = CASE.c
    given = {"service_point_no": [point for point, _ in wheres], "kind": [kind for _, kind in wheres]}
    columns = (c.service_point_no, c.kind, c.case_no, c.number, c.first_signal_on, c.ended_on, c.reopened_on)
    found: dict[Where, list[Known]] = {}
    for row in await bulk.select_in(view, CASE, given, columns=columns):
        case = Known(
            case_no=row.case_no,
            number=row.number,
            first_signal_on=row.first_signal_on,
            ended_on=row.ended_on,
            reopened=row.reopened_on is not None,
        )
        found.setdefault((row.service_point_no, row.kind), []).append(case)
    return found


async def settle(tx: Tx, became: Mapping[str, tuple[str, str | None, str]]) -> None:
    """Note by signal what became of it: its state, its case and the org unit of its point."""
    columns: dict[str, list[Any]] = {
        "signal_id": list(became),
        "state": [state for state, _, _ in became.values()],
        "case_no": [case_no for _, case_no, _ in became.values()],
        "org_unit": [unit for _, _, unit in became.values()],
    }
    await bulk.update_from(tx, SIGNAL, columns, key=("signal_id",))


async def late_count(view: View) -> int:
    """Count the signals that came after their case had ended, and nobody has reopened it."""
    return int(await view.scalar(select(func.count()).where(SIGNAL.c.state == domain.LATE)) or 0)


async def join_late(tx: Tx, case_no: str) -> None:
    """Let the late signals of a case be of it: it is looked into again."""
    c = SIGNAL.c
    late = update(SIGNAL).where(c.case_no == case_no, c.state == domain.LATE)
    await tx.execute(late.values(state=domain.JOINED))


async def open_cases(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write cases that signals open."""
    if rows:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        await bulk.insert_rows(tx, CASE, {**columns, "opened_at": [tx.now] * len(rows)})


async def begin_earlier(tx: Tx, days: Mapping[str, date]) -> None:
    """Let cases begin with an earlier signal."""
    columns: dict[str, list[Any]] = {"case_no": list(days), "first_signal_on": list(days.values())}
    await bulk.update_from(tx, CASE, columns, key=("case_no",))


async def put_steps(tx: Tx, rows: Sequence[tuple[str, str, date, date | None]]) -> None:
    """Write the steps (case, step, since, due day) of cases that are new."""
    names = ("case_no", "step", "since", "due_on")
    columns: dict[str, list[Any]] = {name: [row[index] for row in rows] for index, name in enumerate(names)}
    await bulk.insert_rows(tx, STEP, columns)


async def move_steps(tx: Tx, rows: Sequence[tuple[str, str, date, date | None]]) -> None:
    """Write since when steps are due by which day, of those that are there."""
    names = ("case_no", "step", "since", "due_on")
    columns: dict[str, list[Any]] = {name: [row[index] for row in rows] for index, name in enumerate(names)}
    await bulk.update_from(tx, STEP, columns, key=("case_no", "step"), partial=True)


async def page(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    state: str | None,
    kind: str | None,
    service_point_no: str | None,
) -> Sequence[Row[Any]]:
    """Return signals in the order of their ids."""
    c = SIGNAL.c
    where = [visible(c.org_unit), after(c.signal_id)]
    where += [column == value for column, value in ((c.kind, kind), (c.service_point_no, service_point_no)) if value]
    where += [c.state == (tables.WAITING if state == domain.WAITING else state)] if state else []
    return await view.all(select(SIGNAL).where(*where).order_by(c.signal_id).limit(limit))


async def of_case(view: View, case_no: str, limit: int) -> Sequence[Row[Any]]:
    """Return the signals of a case, the earliest first."""
    c = SIGNAL.c
    return await view.all(select(SIGNAL).where(c.case_no == case_no).order_by(c.seen_on, c.signal_id).limit(limit))


async def findings_of(view: View, case_no: str) -> Sequence[Row[Any]]:
    """Return the signals of a case that are findings, of bills or of use."""
    c = SIGNAL.c
    found = select(SIGNAL).where(c.case_no == case_no, c.source == FINDING, c.reference.is_not(None))
    return await view.all(found.order_by(c.signal_id))


async def waiting_oldest(view: View) -> Any:
    """Return since when the oldest signal waits for its point."""
    return await view.scalar(select(func.min(SIGNAL.c.received_at)).where(SIGNAL.c.state == tables.WAITING))


def _signal(row: Row[Any]) -> Signal:
    return Signal(**{name: row._mapping[name] for name in _NAMES})

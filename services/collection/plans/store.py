"""Plans, in and out: every function is one statement."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, select

from services.collection.plans import tables
from services.collection.plans.domain import AGREED, COMPLETED, PROPOSED, Instalment
from shared.dated import Period
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

PLAN, INSTALMENT, COVERED = tables.PLAN, tables.INSTALMENT, tables.COVERED


async def add(tx: Tx, plan: Mapping[str, Any], instalments: Sequence[Instalment], covered: Mapping[str, int]) -> None:
    """Insert a plan with its instalments and what it covers (three statements)."""
    plan_no = plan["plan_no"]
    await bulk.insert_rows(tx, PLAN, {name: [value] for name, value in plan.items()})
    parts: dict[str, Sequence[Any]] = {
        "plan_no": [plan_no] * len(instalments),
        "number": range(1, len(instalments) + 1),
        "due_on": [each.due_on for each in instalments],
        "amount_fen": [each.amount_fen for each in instalments],
    }
    await bulk.insert_rows(tx, INSTALMENT, {name: list(values) for name, values in parts.items()})
    of: dict[str, Sequence[Any]] = {
        "plan_no": [plan_no] * len(covered),
        "receivable_id": list(covered),
        "amount_fen": list(covered.values()),
    }
    await bulk.insert_rows(tx, COVERED, of)


async def write(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what has changed of plans; their accounts are locked."""
    names = ("plan_no", "version", "state", "agreed_on", "agreed_by", "ended_on", "hold_no")
    await bulk.update_from(tx, PLAN, {name: [row[name] for row in rows] for name in names}, key=("plan_no",))


async def under_way(view: View, receivable_ids: Sequence[str]) -> set[str]:
    """Return which of these receivables a plan covers that is proposed or agreed (two statements)."""
    rows = await bulk.select_in(view, COVERED, {"receivable_id": receivable_ids})
    plans = await by_number(view, sorted({row.plan_no for row in rows}))
    return {row.receivable_id for row in rows if plans[row.plan_no].state in (PROPOSED, AGREED)}


async def by_number(view: View, plan_nos: Sequence[str]) -> dict[str, Row[Any]]:
    """Return plans by number."""
    return {row.plan_no: row for row in await bulk.select_in(view, PLAN, {"plan_no": plan_nos})}


async def agreed(view: View, *, first: str = "", last: str | None = None) -> Sequence[Row[Any]]:
    """Return the plans that are agreed, in the order of their numbers."""
    p = PLAN.c
    where = [p.state == AGREED, p.plan_no >= first]
    where += [] if last is None else [p.plan_no <= last]
    return await view.all(select(PLAN).where(*where).order_by(p.plan_no))


async def instalments(view: View, plan_nos: Sequence[str]) -> dict[str, list[Instalment]]:
    """Return the instalments of plans, in order."""
    found: dict[str, list[Instalment]] = defaultdict(list)
    order = (INSTALMENT.c.plan_no, INSTALMENT.c.number)
    for row in await bulk.select_in(view, INSTALMENT, {"plan_no": plan_nos}, order_by=order):
        found[row.plan_no].append(Instalment(row.due_on, row.amount_fen))
    return found


async def covered(view: View, plan_nos: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return what plans cover: receivables, each with what was owed of it."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in await bulk.select_in(view, COVERED, {"plan_no": plan_nos}, order_by=(COVERED.c.receivable_id,)):
        found[row.plan_no][row.receivable_id] = row.amount_fen
    return found


async def page(
    view: View, *, visible: Condition, after: Condition, limit: int, account_no: str | None, state: str | None
) -> Sequence[Row[Any]]:
    """List plans by number."""
    p = PLAN.c
    where = [visible(p.org_unit), after(p.plan_no)]
    where += [p.account_no == account_no] if account_no else []
    where += [p.state == state] if state else []
    return await view.all(select(PLAN).where(*where).order_by(p.plan_no).limit(limit))


async def held_periods(view: View, receivable_ids: Sequence[str]) -> dict[str, list[Period]]:
    """Return in which days [agreed, ended) a plan held each of these receivables, in order; without end where it still does.

    One that was completed held them on its last day too: the last instalment came on it, or before.

    One that a plan never held is not in it. Two statements, whatever the number.
    """
    rows = await bulk.select_in(view, COVERED, {"receivable_id": receivable_ids})
    plans = await by_number(view, sorted({row.plan_no for row in rows}))
    found: dict[str, list[Period]] = defaultdict(list)
    for row in rows:
        plan = plans[row.plan_no]
        ended_on = plan.ended_on
        if plan.state == COMPLETED:
            ended_on += timedelta(days=1)
        if plan.agreed_on is not None and ended_on != plan.agreed_on:
            found[row.receivable_id].append(Period(plan.agreed_on, ended_on))
    return {no: sorted(periods, key=_begin) for no, periods in found.items()}


def _begin(period: Period) -> date:
    return period.from_

"""What is overdue, and what was reminded of."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, or_, select

from services.collection.dunning import tables
from services.collection.ledger.domain.documents import CHARGE, Receivable
from services.collection.ledger.store import receivables
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.events.billing import ChargeHoldChanged
from shared.events.disputes import DisputeChanged

REMINDER, HOLD, CHARGE_HOLD = tables.REMINDER, tables.DISPUTE_HOLD, tables.CHARGE_HOLD


async def accounts_overdue(
    view: View, *, due_until: date, stage: int, on: date, first: str = "", last: str | None = None
) -> list[str]:
    """Return the accounts, in order, with an open receivable due by then, without a reminder of this stage and not held."""
    return await receivables.accounts_overdue(
        view, due_until=due_until, where=_to_remind_of(stage, on), first=first, last=last
    )


async def overdue(view: View, account_nos: Sequence[str], *, due_until: date, stage: int, on: date) -> list[Receivable]:
    """Return the open receivables of these accounts, due by then, without a reminder of this stage and not held, in order."""
    return await receivables.overdue(view, account_nos, due_until=due_until, where=_to_remind_of(stage, on))


async def add(
    tx: Tx, rows: Sequence[Receivable], made: Mapping[str, str], *, stage: int, business_date: date
) -> set[str]:
    """Insert reminders; return the receivables that had none of this stage."""
    count = len(rows)
    columns: dict[str, Sequence[Any]] = {
        "reminder_id": [made[row.receivable_id] for row in rows],
        "receivable_id": [row.receivable_id for row in rows],
        "stage": [stage] * count,
        "account_no": [row.account_no for row in rows],
        "org_unit": [row.org_unit for row in rows],
        "outstanding_fen": [row.outstanding_fen for row in rows],
        "business_date": [business_date] * count,
        "recorded_at": [tx.now] * count,
    }
    new = await bulk.insert_ignore(tx, REMINDER, columns, key=("receivable_id", "stage"))
    return {row.receivable_id for row in new}


def _to_remind_of(stage: int, on: date) -> ColumnElement[bool]:
    reminded = exists().where(REMINDER.c.receivable_id == receivables.receivable_id(), REMINDER.c.stage == stage)
    point, cycle = receivables.point_and_cycle()
    kind, document_id = receivables.document()
    # what a case charges is of the month of its issue, and of no usage that is in doubt
    held = and_(
        kind != CHARGE,
        exists().where(HOLD.c.service_point_no == point, HOLD.c.cycle == cycle, HOLD.c.held_until >= on),
    )
    disputed = exists().where(kind == CHARGE, CHARGE_HOLD.c.charge_no == document_id, CHARGE_HOLD.c.held_until >= on)
    return and_(~reminded, ~held, ~disputed)


def was_disputed() -> ColumnElement[bool]:
    """Return the condition, for `receivables`, that a receivable is or was in doubt: held of dunning on whatever day."""
    point, cycle = receivables.point_and_cycle()
    kind, document_id = receivables.document()
    return or_(
        and_(kind != CHARGE, exists().where(HOLD.c.service_point_no == point, HOLD.c.cycle == cycle)),
        and_(kind == CHARGE, exists().where(CHARGE_HOLD.c.charge_no == document_id)),
    )


async def put_charge_holds(tx: Tx, facts: Sequence[ChargeHoldChanged]) -> None:
    """Keep the newest state of disputed charges."""
    names = ("charge_no", "version", "account_no", "service_point_no", "org_unit", "held_until")
    columns: dict[str, Sequence[Any]] = {name: [getattr(fact, name) for fact in facts] for name in names}
    await bulk.upsert_newer(tx, CHARGE_HOLD, columns, key=("charge_no",))


async def charge_holds(
    view: View, *, visible: Condition, after: Condition, limit: int, account_no: str | None, held_on: date | None
) -> Sequence[Row[Any]]:
    """Return the charges that are or were held, in the order of their numbers."""
    c = CHARGE_HOLD.c
    where = [visible(c.org_unit), after(c.charge_no)]
    where += [c.account_no == account_no] if account_no else []
    where += [c.held_until >= held_on] if held_on else []
    return await view.all(select(CHARGE_HOLD).where(*where).order_by(c.charge_no).limit(limit))


async def put_holds(tx: Tx, facts: Sequence[DisputeChanged]) -> None:
    """Keep the newest state of disputes, a row for each of their cycles."""
    rows = [(fact, cycle) for fact in facts for cycle in fact.cycles]
    columns: dict[str, Sequence[Any]] = {
        name: [getattr(fact, name) for fact, _ in rows]
        for name in (
            "dispute_no",
            "version",
            "service_point_no",
            "org_unit",
            "state",
            "opened_on",
            "changed_on",
            "held_until",
        )
    }
    columns["cycle"] = [cycle for _, cycle in rows]
    await bulk.upsert_newer(tx, HOLD, columns, key=("dispute_no", "cycle"))


async def held_spans(view: View, service_point_nos: Sequence[str]) -> dict[tuple[str, str], list[tuple[date, date]]]:
    """Return the first and the last day on which disputes hold what is billed, by service point and cycle.

    One that has ended held it up to the day of its end; of one that had ended before that was kept nothing is known.
    """
    rows = await bulk.select_in(view, HOLD, {"service_point_no": service_point_nos})
    found: dict[tuple[str, str], list[tuple[date, date]]] = defaultdict(list)
    for row in rows:
        last = row.held_until or row.changed_on
        if last is not None:
            found[row.service_point_no, row.cycle].append((row.opened_on, last))
    return found


async def held_points(view: View, service_point_nos: Sequence[str], on: date) -> set[str]:
    """Return the service points of which a dispute holds something on a day."""
    keys = {"service_point_no": service_point_nos}
    rows = await bulk.select_in(view, HOLD, keys, columns=(HOLD.c.service_point_no,), where=HOLD.c.held_until >= on)
    return {row.service_point_no for row in rows}


async def holds(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    service_point_no: str | None,
    held_on: date | None,
    lapsed_on: date | None,
) -> Sequence[Row[Any]]:
    """Return the cycles that are or were held, in the order of their disputes."""
    c = HOLD.c
    where = [visible(c.org_unit), after(c.dispute_no, c.cycle)]
    where += [c.service_point_no == service_point_no] if service_point_no else []
    where += [c.held_until >= held_on] if held_on else []
    where += [c.held_until < lapsed_on] if lapsed_on else []
    return await view.all(select(HOLD).where(*where).order_by(c.dispute_no, c.cycle).limit(limit))


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, account_no: str | None
) -> Sequence[Row[Any]]:
    """Return reminders, in the order of their ids."""
    where = [visible(REMINDER.c.org_unit), after(REMINDER.c.reminder_id)]
    where += [REMINDER.c.account_no == account_no] if account_no else []
    return await view.all(select(REMINDER).where(*where).order_by(REMINDER.c.reminder_id).limit(limit))

"""What disputes of usages and charges hold of dunning."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, or_, select

from services.collection.dunning import tables
from services.collection.ledger.domain.documents import CHARGE
from services.collection.ledger.store import receivables
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.events.billing import ChargeHoldChanged
from shared.events.disputes import DisputeChanged

HOLD, CHARGE_HOLD = tables.DISPUTE_HOLD, tables.CHARGE_HOLD


def in_doubt(on: date) -> ColumnElement[bool]:
    """Return the condition, for `receivables`, that the usage or the charge behind a receivable is held as in doubt on a day."""
    point, cycle = receivables.point_and_cycle()
    kind, document_id = receivables.document()
    # what a case charges is of the month of its issue, and of no usage that is in doubt
    held = and_(
        kind != CHARGE,
        exists().where(HOLD.c.service_point_no == point, HOLD.c.cycle == cycle, HOLD.c.held_until >= on),
    )
    return or_(
        held, exists().where(kind == CHARGE, CHARGE_HOLD.c.charge_no == document_id, CHARGE_HOLD.c.held_until >= on)
    )


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

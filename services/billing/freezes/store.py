"""Freezes, in and out; whoever issues looks at them under a lock that who freezes waits for."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Date, Row, and_, exists, false, or_, select, true, update

from services.billing.business_day import store as business_day
from services.billing.freezes.domain import BILL, CONTRACT, ROUTE, RULE, Freeze, Standing
from services.billing.freezes.tables import IS_NOT_LIFTED, RELEASE_FREEZE
from shared.db import bulk, columns, locks, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View

_ISSUING: Final = 0x6672657A  # a number of our own: one freezes, or many issue
STANDING_MAX: Final = 1000
"""Freezes that stand at once: all are looked at whenever bills go out."""


async def alone(tx: Tx) -> None:
    """Wait until nobody issues, and let nobody issue before the unit of work ends."""
    await locks.advisory(tx, _ISSUING)


async def while_issuing(tx: Tx) -> Standing:
    """Return the freezes that stand, to who issues: no other comes before the unit of work ends."""
    await locks.advisory(tx, _ISSUING, alone=False)
    return await standing(tx)


async def standing(view: View) -> Standing:
    """Return the freezes that stand on the latest business date."""
    rows = await view.all(select(RELEASE_FREEZE).where(_stands()).order_by(RELEASE_FREEZE.c.freeze_id))
    names = Freeze.__dataclass_fields__
    return Standing([Freeze(**{name: row._mapping[name] for name in names}) for row in rows])


def keeps(view: View, found: Standing, bill: Any) -> ColumnElement[bool]:
    """Return the condition that freezes keep a bill, with these columns, from going out: of one size, however many stand."""
    of = {kind: [each for each in found.freezes if each.kind == kind] for kind in (BILL, CONTRACT, ROUTE, RULE)}
    rules = sorted({each.subject for each in of[RULE]})  # of codes that rules have: a few dozen
    conditions = [bill.findings.contains(f'"code":"{code}"', autoescape=True) for code in rules]
    if of[BILL]:
        conditions.append(_on_days_of(view, of[BILL], bill))
    if of[CONTRACT]:
        conditions.append(bill.contract_no.in_([each.subject for each in of[CONTRACT]]))
    if of[ROUTE]:
        conditions.append(bill.route_no.in_([each.subject for each in of[ROUTE]]))
    return or_(false(), *conditions)


def _on_days_of(view: View, freezes: Sequence[Freeze], bill: Any) -> ColumnElement[bool]:
    contract_nos = [each.contract_no for each in freezes]
    days = {name: (Date(), [getattr(each, name) for each in freezes]) for name in ("period_from", "period_to")}
    frozen = travel.relation(view, "frozen", {"contract_no": (columns.No, contract_nos), **days}).c
    of_days = and_(
        frozen.contract_no == bill.contract_no,
        frozen.period_from < bill.period_to,
        frozen.period_to > bill.period_from,
    )
    return and_(bill.contract_no.in_(contract_nos), exists().where(of_days))


async def insert(tx: Tx, values: dict[str, Any]) -> None:
    """Write a freeze."""
    await bulk.insert_rows(tx, RELEASE_FREEZE, {name: [value] for name, value in values.items()})


async def get(view: View, freeze_id: str) -> Row[Any] | None:
    """Return a freeze, with whether it `stands`."""
    f = RELEASE_FREEZE.c
    return await view.first(select(*f, _stands().label("stands")).where(f.freeze_id == freeze_id))


async def lift(tx: Tx, freeze_id: str, *, actor: str, reason: str) -> bool:
    """Lift a freeze; False where somebody has."""
    f = RELEASE_FREEZE.c
    changed = await tx.execute(
        update(RELEASE_FREEZE)
        .where(f.freeze_id == freeze_id, f.lifted_at.is_(None))
        .values(lifted_by=actor, lifted_at=tx.now, lift_reason=reason)
    )
    return changed == 1


async def page(
    view: View, *, visible: Condition, after: Condition, limit: int, kind: str | None, stands: bool | None
) -> Sequence[Row[Any]]:
    """List freezes in the order of their making, with whether each `stands`."""
    f, now = RELEASE_FREEZE.c, _stands()
    wanted = [visible(f.org_unit), after(f.freeze_id), true() if kind is None else f.kind == kind]
    if stands is not None:
        wanted.append(now if stands else ~now)
    return await view.all(select(*f, now.label("stands")).where(*wanted).order_by(f.freeze_id).limit(limit))


def _stands() -> ColumnElement[bool]:
    until: ColumnElement[date] = RELEASE_FREEZE.c.until
    return and_(IS_NOT_LIFTED, or_(until.is_(None), ~business_day.is_over(until)))

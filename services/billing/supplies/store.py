"""Supply that was cut and restored, in and out: every function is one statement."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, and_, case, func, literal, select

from services.billing.supplies.domain import CUT, Cuts, Switch, cuts_of
from services.billing.supplies.tables import SUPPLY_SWITCH
from shared.db import bulk
from shared.db.engine import Tx, View
from shared.events.supply import SupplySwitched

_SWITCH = tuple(Switch.__dataclass_fields__)


async def insert(tx: Tx, facts: Sequence[SupplySwitched], zone: ZoneInfo) -> set[str]:
    """Keep what reading told, and return the points of which something is new."""
    first = {fact.order_no: fact for fact in reversed(facts)}
    given: dict[str, list[Any]] = {
        "order_no": list(first),
        "service_point_no": [fact.service_point_no for fact in first.values()],
        "org_unit": [fact.org_unit for fact in first.values()],
        "action": [fact.action for fact in first.values()],
        "switched_at": [fact.switched_at for fact in first.values()],
        "switched_on": [fact.switched_at.astimezone(zone).date() for fact in first.values()],
    }
    rows = await bulk.insert_ignore(
        tx, SUPPLY_SWITCH, given, key=("order_no",), returning=("order_no", "service_point_no")
    )
    return {row.service_point_no for row in rows}


async def cuts(view: View, service_point_nos: Sequence[str]) -> dict[str, Cuts]:
    """Return the days on which points were cut, by point; nothing of those that never were."""
    rows = await bulk.select_in(view, SUPPLY_SWITCH, {"service_point_no": service_point_nos})
    found: dict[str, list[Switch]] = {}
    for row in rows:
        switch = Switch(**{name: row._mapping[name] for name in _SWITCH})
        found.setdefault(row.service_point_no, []).append(switch)
    return {point: cuts_of(switches) for point, switches in found.items()}


async def count(view: View, first: date, end: date) -> int:
    """Return how many points were cut or restored on the days of [first, end), each time counted."""
    c = SUPPLY_SWITCH.c
    within = and_(c.switched_on >= first, c.switched_on < end)
    return int(await view.scalar(select(func.count()).select_from(SUPPLY_SWITCH).where(within)) or 0)


async def documents(view: View, first: date, end: date, *, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return what was told of the days of [first, end), behind the number of an order, as reading is compared with."""
    c = SUPPLY_SWITCH.c
    return await view.all(
        select(
            c.order_no.label("id"),
            c.service_point_no.label("subject"),
            case((c.action == CUT, 1), else_=0).label("amount"),
            literal(True).label("stands"),
        )
        .where(c.switched_on >= first, c.switched_on < end, c.order_no > after)
        .order_by(c.order_no)
        .limit(limit)
    )

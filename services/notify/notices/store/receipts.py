"""Receipts as gateways send them: they wait for what they are about, and are kept once they are used."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import FromClause, Row, and_, func, select

from services.notify.notices.domain.receipts import Receipt, way_of
from services.notify.notices.domain.states import SENDING
from services.notify.notices.tables import NOTICE, NOTICE_WAY, RECEIPT
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

WAITING, USED, REFUSED = "waiting", "used", "refused"
_KEY = ("gateway", "message_id", "reference", "result")


async def keep(tx: Tx, given: Sequence[Receipt]) -> None:
    """Keep receipts until they are used; one that came before changes nothing."""
    first = {(each.gateway, each.message_id, each.reference, each.result): each for each in reversed(given)}
    columns: dict[str, list[Any]] = {name: [key[place] for key in first] for place, name in enumerate(_KEY)}
    about = [way_of(each.message_id) for each in first.values()]
    columns |= {
        "code": [each.code for each in first.values()],
        "notice_id": [notice_id for notice_id, _ in about],
        "way": [way for _, way in about],
        "received_at": [tx.now] * len(first),
        "state": [WAITING] * len(first),
    }
    await bulk.insert_ignore(tx, RECEIPT, columns, key=_KEY)


async def usable(tx: Tx, limit: int) -> list[tuple[Row[Any], str, int]]:
    """Lock the waiting receipts whose notice is known and not in flight; return each with its notice and way (two statements)."""
    r, n, w = RECEIPT.c, NOTICE.c, NOTICE_WAY.c
    landed = and_(n.notice_id == r.notice_id, n.way >= r.way, r.way >= 0, n.state != SENDING)
    by_id = select(RECEIPT, r.notice_id.label("about"), r.way.label("about_way")).join(NOTICE, landed)
    known = and_(w.gateway == r.gateway, w.reference == r.reference, w.reference != "", r.notice_id == "")
    by_reference = (
        select(RECEIPT, w.notice_id.label("about"), w.way.label("about_way"))
        .join(NOTICE_WAY, known)
        .join(NOTICE, and_(n.notice_id == w.notice_id, n.state != SENDING))
        .order_by(w.at.desc())
    )
    found: dict[tuple[Any, ...], tuple[Row[Any], str, int]] = {}
    for statement in (by_id, by_reference):
        wanted = statement.where(r.state == WAITING).limit(limit).with_for_update(of=RECEIPT, skip_locked=True)
        for row in await tx.all(wanted):
            found.setdefault(tuple(getattr(row, name) for name in _KEY), (row, row.about, row.about_way))
    return list(found.values())


def receipts_table() -> FromClause:
    """Return the receipts, for a statement that asks which are of a message that is no notice."""
    return RECEIPT


async def close(tx: Tx, *, used: Sequence[Row[Any]], refused: Sequence[Row[Any]]) -> None:
    """Say that receipts were used, or refused."""
    rows = [*used, *refused]
    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in _KEY}
    states = [USED] * len(used) + [REFUSED] * len(refused)
    await bulk.update_from(tx, RECEIPT, columns | {"state": states}, key=_KEY)


async def page(view: View, *, state: str | None, after: Condition, limit: int) -> Sequence[Row[Any]]:
    """Return receipts in the order in which they came."""
    r = RECEIPT.c
    where = [r.state == state] if state else []
    order = r.received_at, *(r[name] for name in _KEY)
    return await view.all(select(RECEIPT).where(after(*order), *where).order_by(*order).limit(limit))


def key_of(row: Row[Any]) -> tuple[Any, ...]:
    """Return by what receipts are listed."""
    return row.received_at, *(getattr(row, name) for name in _KEY)


async def gauges(view: View) -> Mapping[str, float]:
    """Return how many receipts wait for a message that nobody knows."""
    waiting = select(func.count()).select_from(RECEIPT).where(RECEIPT.c.state == WAITING)
    return {"receipts_waiting": float(await view.scalar(waiting))}

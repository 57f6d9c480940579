"""Settlements, in and out: every function is one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select

from services.collection.ledger.domain.documents import BILL
from services.collection.ledger.store import accounts, receivables
from services.collection.settlements.domain import SETTLED, WAITING
from services.collection.settlements.tables import SETTLEMENT
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.events.closings import FinalBillIssued

_TOLD = ("closing_no", "account_no", "service_point_no", "org_unit", "ended_on", "billed_on", "bill_id")
_CHANGED = ("state", "waits_for", "settled_on", "paid_out_fen", "kept_fen", "decided_by")


async def add(tx: Tx, facts: Sequence[FinalBillIssued]) -> None:
    """Note what is to be settled; what is known stays as it is."""
    count = len(facts)
    columns: dict[str, Sequence[Any]] = {name: [getattr(fact, name) for fact in facts] for name in _TOLD}
    columns |= {
        "approved_by": [fact.approved_by for fact in facts],
        "state": [WAITING] * count,
        "waits_for": [""] * count,
        "paid_out_fen": [0] * count,
        "kept_fen": [0] * count,
    }
    await bulk.insert_ignore(tx, SETTLEMENT, columns, key=("closing_no",))


async def open_numbers(view: View) -> list[str]:
    """List the numbers of what is not settled."""
    s = SETTLEMENT.c
    rows = await view.all(select(s.closing_no).where(s.state != SETTLED).order_by(s.closing_no))
    return [row.closing_no for row in rows]


async def between(view: View, first: str, last: str) -> Sequence[Row[Any]]:
    """Return what is not settled, from the first to the last number."""
    s = SETTLEMENT.c
    where = (s.state != SETTLED, s.closing_no >= first, s.closing_no <= last)
    return await view.all(select(SETTLEMENT).where(*where).order_by(s.closing_no))


async def locked(tx: Tx, closing_nos: Sequence[str]) -> list[Row[Any]]:
    """Lock settlements in the order of their numbers, and return them."""
    order = (SETTLEMENT.c.closing_no,)
    keys = {"closing_no": closing_nos}
    return list(await bulk.select_in(tx, SETTLEMENT, keys, order_by=order, for_update=True))


async def write(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Write what has changed of locked settlements."""
    columns = {name: [row[name] for row in rows] for name in ("closing_no", *_CHANGED)}
    await bulk.update_from(tx, SETTLEMENT, columns, key=("closing_no",))


async def money(view: View, account_nos: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return by account its prepaid balance and what it owes. The accounts are locked."""
    return await accounts.money(view, account_nos)


async def posted(view: View, bill_ids: Sequence[str]) -> set[str]:
    """Return which bills are posted."""
    return await receivables.posted_documents(view, BILL, bill_ids)


async def page(
    view: View, *, visible: Condition, after: Condition, limit: int, state: str | None
) -> Sequence[Row[Any]]:
    """List settlements by number."""
    s = SETTLEMENT.c
    where = [visible(s.org_unit), after(s.closing_no)]
    where += [] if state is None else [s.state == state]
    return await view.all(select(SETTLEMENT).where(*where).order_by(s.closing_no).limit(limit))


async def waiting(view: View) -> int:
    """Count what is not settled."""
    return int(await view.scalar(select(func.count()).where(SETTLEMENT.c.state != SETTLED)) or 0)


async def is_open(view: View, account_no: str) -> bool:
    """Return whether a settlement of an account is not over."""
    s = SETTLEMENT.c
    return bool(await view.scalar(select(func.count()).where(s.account_no == account_no, s.state != SETTLED)))

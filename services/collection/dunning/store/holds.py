"""What people hold of dunning, and all that holds a debt on a day."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, or_, select

from services.collection.dunning import tables
from services.collection.dunning.store import doubts
from services.collection.ledger.store import receivables
from services.collection.prepaid import store as prepaid
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

HELD, OF = tables.HELD, tables.HELD_RECEIVABLE


def standing(on: date) -> ColumnElement[bool]:
    """Return the condition that a hold stands on a day."""
    h = HELD.c
    return and_(h.held_from <= on, h.held_until >= on, or_(h.ended_on.is_(None), h.ended_on > on))


def held(on: date) -> ColumnElement[bool]:
    """Return the condition, for `receivables`, that one is held on a day: by a person, in doubt, or of who is prepaid."""
    receivable_id, account_no = receivables.receivable_id(), receivables.account_no()
    of_it = exists().where(OF.c.account_no == HELD.c.account_no, OF.c.hold_no == HELD.c.hold_no)
    of_it = of_it.where(OF.c.receivable_id == receivable_id).correlate(HELD, receivable_id.table)
    by_person = exists().where(HELD.c.account_no == account_no, standing(on), or_(HELD.c.holds_all, of_it))
    return or_(by_person, doubts.in_doubt(on), prepaid.is_prepaid(account_no))


async def wholly(view: View, account_nos: Sequence[str], on: date) -> set[str]:
    """Return the accounts of which a person holds all on a day."""
    where = and_(standing(on), HELD.c.holds_all)
    rows = await bulk.select_in(view, HELD, {"account_no": account_nos}, columns=[HELD.c.account_no], where=where)
    return {row.account_no for row in rows}


async def of_account(view: View, account_no: str) -> Sequence[Row[Any]]:
    """Return the holds of an account, in their order."""
    return await view.all(select(HELD).where(HELD.c.account_no == account_no).order_by(HELD.c.hold_no))


async def add(tx: Tx, row: dict[str, Any], receivable_ids: Sequence[str]) -> None:
    """Insert a hold, with the receivables that it is about (none: about all)."""
    await bulk.insert_rows(tx, HELD, {name: [value] for name, value in row.items()})
    count = len(receivable_ids)
    of: dict[str, Sequence[Any]] = {
        "account_no": [row["account_no"]] * count,
        "hold_no": [row["hold_no"]] * count,
        "receivable_id": receivable_ids,
    }
    await bulk.insert_rows(tx, OF, of)


async def end(tx: Tx, keys: Sequence[tuple[str, int]], *, on: date, actor: str) -> None:
    """Let holds (account, number) end before a day."""
    columns: dict[str, Sequence[Any]] = {
        "account_no": [account_no for account_no, _ in keys],
        "hold_no": [hold_no for _, hold_no in keys],
        "ended_on": [on] * len(keys),
        "ended_by": [actor] * len(keys),
    }
    await bulk.update_from(tx, HELD, columns, key=("account_no", "hold_no"))


async def about(view: View, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], list[str]]:
    """Return the receivables that holds (account, number) are about, where they are not about all."""
    found: dict[tuple[str, int], list[str]] = {key: [] for key in keys}
    if keys:
        given: dict[str, Sequence[Any]] = {
            "account_no": [account_no for account_no, _ in keys],
            "hold_no": [hold_no for _, hold_no in keys],
        }
        for row in await bulk.select_in(view, OF, given, order_by=(OF.c.receivable_id,)):
            found[row.account_no, row.hold_no].append(row.receivable_id)
    return found


async def page(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    account_no: str | None,
    reason: str | None,
    held_on: date | None,
    lapsed_on: date | None,
) -> Sequence[Row[Any]]:
    """Return holds by account and number; `lapsed_on`: those that nobody ended, and whose last day was before that day."""
    h = HELD.c
    where = [visible(h.org_unit), after(h.account_no, h.hold_no)]
    where += [h.account_no == account_no] if account_no else []
    where += [h.reason == reason] if reason else []
    where += [standing(held_on)] if held_on else []
    where += [and_(h.held_until < lapsed_on, h.ended_on.is_(None))] if lapsed_on else []
    return await view.all(select(HELD).where(*where).order_by(h.account_no, h.hold_no).limit(limit))

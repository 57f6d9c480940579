"""Codes as they are asked for, sent and answered. Who asks or answers holds the lock of the party."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, union_all, update

from services.notify.codes.domain import CODE_LIFE, OPEN
from services.notify.codes.tables import POINT_CODE
from services.notify.notices.store import receipts
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

C, RECEIPT = POINT_CODE.c, receipts.receipts_table()
_GONE: dict[str, Any] = {"code_sealed": "", "code_hash": "", "due_at": None}


async def asks(view: View, party_no: str, point_no: str, day: date) -> int:
    """Return how many codes were asked for a contact point on a day."""
    mine = and_(C.party_no == party_no, C.point_no == point_no, C.asked_on == day)
    return int(await view.scalar(select(func.count()).select_from(POINT_CODE).where(mine)) or 0)


async def replace_open(tx: Tx, party_no: str, point_no: str) -> None:
    """Say of the open code of a contact point that another one was asked for."""
    mine = and_(C.party_no == party_no, C.point_no == point_no, C.state.in_(CODE_LIFE.sources("asked again")))
    await tx.execute(update(POINT_CODE).where(mine).values(state=CODE_LIFE.target("asked again"), **_GONE))


async def insert(tx: Tx, row: dict[str, Any]) -> None:
    """Store a code."""
    await bulk.insert_rows(tx, POINT_CODE, {name: [value] for name, value in row.items()})


async def open_code(view: View, party_no: str, point_no: str) -> Row[Any] | None:
    """Return the code of a contact point that may be answered: there is at most one."""
    return await view.first(select(POINT_CODE).where(C.party_no == party_no, C.point_no == point_no, C.state.in_(OPEN)))


async def code(view: View, code_id: str) -> Row[Any]:
    """Return a code that there is."""
    row = await view.first(select(POINT_CODE).where(C.code_id == code_id))
    assert row is not None
    return row


async def end(tx: Tx, row: Row[Any], event: str, *, code: str = "", wrong: int | None = None) -> None:
    """End a code: neither it nor its hash is kept."""
    state = CODE_LIFE.move(row.state, event)
    values = {"state": state, "code": code, "wrong": row.wrong if wrong is None else wrong, **_GONE}
    await tx.execute(update(POINT_CODE).where(C.code_id == row.code_id).values(**values))


async def count_wrong(tx: Tx, row: Row[Any]) -> None:
    """Count a wrong answer."""
    await tx.execute(update(POINT_CODE).where(C.code_id == row.code_id).values(wrong=row.wrong + 1))


def _of_receipt() -> ColumnElement[bool]:
    r = RECEIPT.c
    by_reference = and_(r.notice_id == "", r.reference == C.reference, C.reference != "")
    return and_(r.gateway == C.gateway, r.state == receipts.WAITING, or_(r.notice_id == C.code_id, by_reference))


async def has_work(view: View, now: datetime) -> bool:
    """Return whether a code is due, or a receipt waits that is of one."""
    due = select(C.code_id).where(C.due_at <= now)
    heard = select(C.code_id).join(RECEIPT, _of_receipt())
    return await view.first(union_all(due, heard).limit(1)) is not None


async def claim(tx: Tx, *, count: int, lease_until: datetime) -> Sequence[Row[Any]]:
    """Take the codes that are due for sending, as they were; those whose time is over come to nothing (three statements)."""
    over = and_(C.due_at.is_not(None), C.expires_at <= tx.now)
    await tx.execute(
        update(POINT_CODE).where(over).values(state=CODE_LIFE.target("came to nothing"), code="expired", **_GONE)
    )
    rows = await tx.all(
        select(POINT_CODE).where(C.due_at <= tx.now).order_by(C.due_at).limit(count).with_for_update(skip_locked=True)
    )
    await bulk.update_from(
        tx,
        POINT_CODE,
        {
            "code_id": [row.code_id for row in rows],
            "state": [CODE_LIFE.move(row.state, "taken") for row in rows],
            "sends": [row.sends + 1 for row in rows],
            "due_at": [lease_until] * len(rows),
        },
        key=("code_id",),
    )
    return rows


async def finish(tx: Tx, row: Row[Any], event: str, *, code: str, reference: str, due_at: datetime | None) -> None:
    """Store what became of a sending of a code (as it was when it was taken), unless something has ended it meanwhile."""
    mine = and_(C.code_id == row.code_id, C.sends == row.sends + 1, C.state == CODE_LIFE.target("taken"))
    values: dict[str, Any] = {"state": CODE_LIFE.target(event), "code": code, "reference": reference, "due_at": due_at}
    if due_at is None:
        values["code_sealed"] = ""
    if CODE_LIFE.target(event) not in OPEN:
        values["code_hash"] = ""
    await tx.execute(update(POINT_CODE).where(mine).values(**values))


async def reported(tx: Tx, limit: int) -> list[tuple[Row[Any], Row[Any]]]:
    """Lock and return receipts that are of codes, each with its code."""
    waiting = await tx.all(
        select(RECEIPT, C.code_id)
        .join(POINT_CODE, _of_receipt())
        .limit(limit)
        .with_for_update(of=RECEIPT, skip_locked=True)
    )
    ids = sorted({row.code_id for row in waiting})
    codes = await bulk.select_in(tx, POINT_CODE, {"code_id": ids}, order_by=(C.code_id,), for_update=True)
    by_id = {row.code_id: row for row in codes}
    return [(row, by_id[row.code_id]) for row in waiting]


async def page(view: View, party_no: str, point_no: str, *, after: Condition, limit: int) -> Sequence[Row[Any]]:
    """Return the codes of a contact point in the order in which they were asked for."""
    mine = and_(C.party_no == party_no, C.point_no == point_no)
    return await view.all(select(POINT_CODE).where(mine, after(C.code_id)).order_by(C.code_id).limit(limit))

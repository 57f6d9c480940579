"""Call tasks and calls as rows. A task is a notice that is `sent` on a channel of the gateway `calls`."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, and_, insert, or_, select

from services.notify.calls.tables import CALL, CALL_TASK
from services.notify.notices.domain.states import SENT
from services.notify.notices.store.notices import notices_table
from services.notify.parties.store.parties import parties_table
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View


async def page(
    view: View,
    channels: Collection[str],
    *,
    party_no: str | None,
    teller: str | None,
    due_by: datetime | None,
    visible: Condition,
    after: Condition,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return open tasks by notice, each with who has it; `due_by`: without those that wait for a later try."""
    n, t = notices_table().c, CALL_TASK.c
    task = and_(t.notice_id == n.notice_id, t.way == n.way)
    wanted = [] if due_by is None else [or_(t.next_at.is_(None), t.next_at <= due_by)]
    wanted += [] if party_no is None else [n.party_no == party_no]
    wanted += [] if teller is None else [parties_table().c.teller == teller]
    statement = (
        select(
            *(n[name] for name in ("notice_id", "account_no", "org_unit", "party_no", "template", "cause_id", "day")),
            n.due_at.label("tell_by"),
            parties_table().c.teller,
            t.caller,
            t.taken_at,
            t.tries,
            t.next_at,
        )
        .select_from(
            notices_table().join(parties_table(), parties_table().c.party_no == n.party_no).outerjoin(CALL_TASK, task)
        )
        .where(n.state == SENT, n.channel.in_(sorted(channels)), visible(n.org_unit), after(n.notice_id), *wanted)
        .order_by(n.notice_id)
        .limit(limit)
    )
    return await view.all(statement)


async def task(tx: Tx, notice_id: str, way: int) -> Row[Any] | None:
    """Return what is known of a task; the caller holds the lock of its notice."""
    t = CALL_TASK.c
    return await tx.first(select(CALL_TASK).where(t.notice_id == notice_id, t.way == way))


async def keep(tx: Tx, notice_id: str, way: int, known: Row[Any] | None, **values: Any) -> None:
    """Store who has a task and when it is tried again, over what is `known` of it; the caller holds the lock of its notice."""
    columns: dict[str, list[Any]] = {
        "notice_id": [notice_id],
        "way": [way],
        **{name: [value] for name, value in values.items()},
    }
    if known is None:
        await bulk.insert_rows(tx, CALL_TASK, columns)
    else:
        await bulk.update_from(tx, CALL_TASK, columns, key=("notice_id", "way"))


async def add(
    tx: Tx, notice_id: str, way: int, number: int, *, caller: str, outcome: str, promised_on: date | None
) -> None:
    """Store a call."""
    values = {"caller": caller, "outcome": outcome, "promised_on": promised_on, "at": tx.now}
    await tx.execute(insert(CALL).values(notice_id=notice_id, way=way, number=number, **values))


async def calls(view: View, notice_id: str) -> Sequence[Row[Any]]:
    """Return the calls about a notice, in order."""
    return await view.all(select(CALL).where(CALL.c.notice_id == notice_id).order_by(CALL.c.way, CALL.c.number))

"""Letters as rows. What waits for a batch is a notice that is `sent` on a channel of the gateway `letters`, and in no batch."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, or_, select, update

from services.notify.letters import domain
from services.notify.letters.domain import Printed, Told
from services.notify.letters.tables import LETTER, LETTER_BATCH
from services.notify.notices.domain.states import SENT
from services.notify.notices.store.notices import notices_table
from services.notify.vault import Vault
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

LISTED = ("notice_id", "account_no", "org_unit", "party_no", "template", "cause_id", "day", "queued_at")


def _waiting(channels: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    n, mine = notices_table().c, LETTER.c
    printed = select(mine.notice_id).where(mine.notice_id == n.notice_id, mine.way == n.way).exists()
    return n.state == SENT, n.channel.in_(sorted(channels)), ~printed


async def waiting_page(
    view: View, channels: Collection[str], *, visible: Condition, after: Condition, limit: int
) -> Sequence[Row[Any]]:
    """Return the notices that wait to be printed, those that were queued first before the others, without what they say."""
    n = notices_table().c
    order = n.queued_at, n.account_no, n.notice_id
    where = *_waiting(channels), visible(n.org_unit), after(*order)
    return await view.all(select(*(n[name] for name in LISTED)).where(*where).order_by(*order).limit(limit))


async def waiting(tx: Tx, channels: Collection[str], *, org_unit: str, limit: int) -> Sequence[Row[Any]]:
    """Lock and return notices of an org unit that wait to be printed, those that were queued first."""
    n = notices_table()
    below = or_(n.c.org_unit == org_unit, n.c.org_unit.startswith(org_unit + "/", autoescape=True))
    return await tx.all(
        select(n)
        .where(*_waiting(channels), below)
        .order_by(n.c.queued_at, n.c.account_no, n.c.notice_id)
        .limit(limit)
        .with_for_update(of=n, skip_locked=True)
    )


async def add(tx: Tx, batch: dict[str, Any], rows: Sequence[Row[Any]], printed: Sequence[Printed]) -> None:
    """Store a batch with its letters."""
    await tx.execute(insert(LETTER_BATCH).values(made_at=tx.now, letters=len(printed), **batch))
    count = len(printed)
    columns: dict[str, list[Any]] = {
        "notice_id": [row.notice_id for row in rows],
        "way": [row.way for row in rows],
        "batch_no": [batch["batch_no"]] * count,
        "place": [each.place for each in printed],
        "address_since": [each.address_since for each in printed],
        "content_hash": [each.content_hash for each in printed],
        "told_on": [None] * count,
    }
    await bulk.insert_rows(
        tx, LETTER, columns | {name: [""] * count for name in ("outcome", "register_no", "reason", "told_by")}
    )


async def batch(view: View, batch_no: str, *, visible: Condition) -> Row[Any] | None:
    """Return a batch."""
    b = LETTER_BATCH.c
    return await view.first(select(LETTER_BATCH).where(b.batch_no == batch_no, visible(b.org_unit)))


async def batch_for_update(tx: Tx, batch_no: str) -> Row[Any] | None:
    """Lock and return a batch."""
    return await tx.first(select(LETTER_BATCH).where(LETTER_BATCH.c.batch_no == batch_no).with_for_update())


async def set_batch(tx: Tx, batch_no: str, **values: Any) -> None:
    """Store what became of a batch; the caller holds its lock."""
    await tx.execute(update(LETTER_BATCH).where(LETTER_BATCH.c.batch_no == batch_no).values(**values))


async def give_back(tx: Tx, batch_no: str) -> None:
    """Take the letters of a batch out of it: they wait again."""
    await tx.execute(delete(LETTER).where(LETTER.c.batch_no == batch_no))


async def page(
    view: View, *, state: str | None, visible: Condition, after: Condition, limit: int
) -> Sequence[Row[Any]]:
    """Return batches, the ones made first before the others."""
    b = LETTER_BATCH.c
    order = b.made_at, b.batch_no
    wanted = [] if state is None else [b.state == state]
    where = visible(b.org_unit), after(*order), *wanted
    return await view.all(select(LETTER_BATCH).where(*where).order_by(*order).limit(limit))


async def letters(view: View, batch_no: str, *, for_update: bool = False) -> Sequence[Row[Any]]:
    """Return the letters of a batch with their notices, in order; `still`: whether the notice is still on the way of the letter.

    `for_update` locks the notices.
    """
    n, mine = notices_table(), LETTER.c
    own = (mine.place, mine.content_hash.label("printed_hash"), mine.address_since, mine.outcome, mine.told_on)
    still = and_(n.c.state == SENT, n.c.way == mine.way).label("still")
    statement = (
        select(n, *own, mine.way.label("letter_way"), mine.register_no, mine.reason, mine.told_by, still)
        .select_from(LETTER.join(n, n.c.notice_id == mine.notice_id))
        .where(mine.batch_no == batch_no)
        .order_by(mine.place)
    )
    return await view.all(statement.with_for_update(of=n) if for_update else statement)


async def posted(view: View, notice_ids: Sequence[str]) -> set[tuple[str, int]]:
    """Return which of some notices are letters that the post has, each with its way."""
    mine, b = LETTER.c, LETTER_BATCH.c
    rows = await bulk.select_in(
        view, LETTER, {"notice_id": notice_ids}, columns=(mine.notice_id, mine.way, mine.batch_no)
    )
    batches = await bulk.select_in(
        view, LETTER_BATCH, {"batch_no": sorted({row.batch_no for row in rows})}, where=b.state == domain.POSTED
    )
    nos = {row.batch_no for row in batches}
    return {(row.notice_id, row.way) for row in rows if row.batch_no in nos}


async def tell(tx: Tx, told: Sequence[tuple[Row[Any], Told]], actor: str) -> None:
    """Store what became of letters; the caller holds the lock of their batch."""
    await bulk.update_from(
        tx,
        LETTER,
        {
            "notice_id": [row.notice_id for row, _ in told],
            "way": [row.letter_way for row, _ in told],
            "outcome": [each.outcome for _, each in told],
            "told_on": [each.on for _, each in told],
            "register_no": [each.register_no for _, each in told],
            "reason": [each.reason for _, each in told],
            "told_by": [actor] * len(told),
        },
        key=("notice_id", "way"),
    )


async def open_batches(view: View) -> Sequence[Row[Any]]:
    """Return the posted batches with letters of which nothing was heard, and when they were posted."""
    b, mine = LETTER_BATCH.c, LETTER.c
    is_open = select(mine.batch_no).where(mine.batch_no == b.batch_no, mine.outcome == "").exists()
    statement = select(b.batch_no, b.posted_on).where(b.state == domain.POSTED, is_open)
    return await view.all(statement.order_by(b.posted_on, b.batch_no))


async def sealed_otherwise(tx: Tx, vault: Vault, limit: int) -> int:
    """Seal the marks of up to `limit` batches anew that another key has sealed, and return how many."""
    b = LETTER_BATCH.c
    rows = await tx.all(
        select(b.batch_no, b.mark_sealed)
        .where(~b.mark_sealed.startswith(f"{vault.key.number}.", autoescape=True))
        .order_by(b.batch_no)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    marks = [vault.seal(vault.open(row.mark_sealed)) for row in rows]
    columns = {"batch_no": [row.batch_no for row in rows], "mark_sealed": marks}
    await bulk.update_from(tx, LETTER_BATCH, columns, key=("batch_no",))
    return len(rows)

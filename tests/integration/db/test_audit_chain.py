"""The chain over the audit rows: everything that is tampered with is found, and nothing else, on both databases."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, delete, event, func, insert, select, update

from shared.db import audit, audit_chain, migrations, platform
from shared.db.audit import AuditEntry
from shared.db.audit_chain import Head
from shared.db.engine import Database, Tx
from shared.db.sealing import Sealer
from shared.settings import SERVICES
from tests.kits import tiny

ENTRY = platform.TABLES.audit_entry
PENDING = platform.TABLES.audit_pending
SEAL = platform.TABLES.audit_seal
SERVICE = "billing"
ROWS = 24
SEED = 20261129
TAMPERS = 1000


def entry(number: int) -> AuditEntry:
    return AuditEntry(
        action=f"change-{number % 5}",
        entity_kind="note",
        entity_id=f"n-{number % 7}",
        actor=f"staff-{number % 3}",
        reason="" if number % 2 else f'改"{number}',
        before_version=None if number % 4 == 0 else number,
        after_version=number + 1,
    )


async def write(database: Database, *numbers: int) -> None:
    async with database.begin() as tx:
        tx.audit([entry(number) for number in numbers])


async def verified(database: Database, **options: Any) -> audit_chain.Verified:
    async with database.view() as view:
        return await audit_chain.verify(view, SERVICE, **options)


@pytest.fixture
async def sealed(database: Database) -> Database:
    """A chain over rows of several commands."""
    for first in range(0, ROWS, 4):
        await write(database, *range(first, first + 4))
        if first % 3 == 0:
            await Sealer(SERVICE, database).drain()
    await Sealer(SERVICE, database).drain()
    return database


class Undo(Exception):
    """What was tampered with is put back."""


@contextlib.asynccontextmanager
async def undone(database: Database) -> AsyncIterator[Tx]:
    with contextlib.suppress(Undo):
        async with database.begin() as tx:
            yield tx
            raise Undo


# What an intruder does. Each takes the unit of work, the dice and the numbers of rows, and leaves the chain changed.
Tamper = Callable[[Tx, random.Random, int], Awaitable[None]]


def other_text(dice: random.Random, old: Any) -> str:
    text = "" if old is None else str(old)
    return dice.choice([text + dice.choice("x \u0430 0"), text[:-1] if text else "y", text.swapcase() + "~"])


async def row_of(tx: Tx, dice: random.Random, count: int) -> Any:
    seq = dice.randint(1, count)
    return await tx.first(
        select(SEAL.c.seq, SEAL.c.hash, SEAL.c.sealed_at, *ENTRY.c)
        .join(ENTRY, ENTRY.c.id == SEAL.c.entry_id)
        .where(SEAL.c.seq == seq)
    )


async def change_a_column(tx: Tx, dice: random.Random, count: int) -> None:
    row = await row_of(tx, dice, count)
    name = dice.choice([column.name for column in ENTRY.c])
    old = getattr(row, name)
    if name == "id":
        new: Any = 10_000 + dice.randint(1, 1000)
    elif name == "at":
        new = old.replace(microsecond=(old.microsecond + dice.randint(1, 999_999)) % 1_000_000)
    elif name.endswith("_version"):
        new = dice.choice([value for value in (None, (old or 0) + 1, 0, -5) if value != old])
    else:
        new = other_text(dice, old)
    await tx.execute(update(ENTRY).where(ENTRY.c.id == row.id).values({name: new}))


async def change_a_seal(tx: Tx, dice: random.Random, count: int) -> None:
    row = await row_of(tx, dice, count)
    new: dict[str, Any] = dice.choice(
        [
            {"hash": dice.randbytes(32).hex()},
            {"sealed_at": row.sealed_at.replace(microsecond=(row.sealed_at.microsecond + 1) % 1_000_000)},
            {"seq": dice.choice([-1, 0, count + 1, count + 7])},
            {"entry_id": 20_000},
        ]
    )
    await tx.execute(update(SEAL).where(SEAL.c.seq == row.seq).values(new))


async def delete_a_row(tx: Tx, dice: random.Random, count: int) -> None:
    row = await row_of(tx, dice, count)
    await tx.execute(delete(ENTRY).where(ENTRY.c.id == row.id))


async def delete_a_row_with_its_seal(tx: Tx, dice: random.Random, count: int) -> None:
    row = await row_of(tx, dice, count)
    await tx.execute(delete(SEAL).where(SEAL.c.seq == row.seq))
    await tx.execute(delete(ENTRY).where(ENTRY.c.id == row.id))
    if dice.random() < 0.5:  # and closes the gap
        for later in range(row.seq + 1, count + 1):
            await tx.execute(update(SEAL).where(SEAL.c.seq == later).values(seq=later - 1))


async def delete_a_seal(tx: Tx, dice: random.Random, count: int) -> None:
    await tx.execute(delete(SEAL).where(SEAL.c.seq == dice.randint(1, count)))


async def copy_of_a_row(tx: Tx, dice: random.Random, count: int) -> int:
    row = await row_of(tx, dice, count)
    values = {column.name: getattr(row, column.name) for column in ENTRY.c} | {"id": 30_000, "reason": "put in"}
    await tx.execute(insert(ENTRY).values(values))
    return 30_000


async def put_a_row_in(tx: Tx, dice: random.Random, count: int) -> None:
    await copy_of_a_row(tx, dice, count)


async def put_a_row_in_with_a_seal(tx: Tx, dice: random.Random, count: int) -> None:
    entry_id = await copy_of_a_row(tx, dice, count)
    seq = dice.choice([0, -3, count + 1, count + 2])
    await tx.execute(insert(SEAL).values(seq=seq, entry_id=entry_id, sealed_at=tx.now, hash=dice.randbytes(32).hex()))


async def swap_two_rows(tx: Tx, dice: random.Random, count: int) -> None:
    one, other = dice.sample(range(1, count + 1), 2)
    ids = {row.seq: row.entry_id for row in await tx.all(select(SEAL.c.seq, SEAL.c.entry_id))}
    if dice.random() < 0.5:  # the rows
        for old, new in ((ids[one], -1), (ids[other], ids[one]), (-1, ids[other])):
            await tx.execute(update(ENTRY).where(ENTRY.c.id == old).values(id=new))
    else:  # their places in the chain
        for old, new in ((one, -1), (other, one), (-1, other)):
            await tx.execute(update(SEAL).where(SEAL.c.seq == old).values(seq=new))


async def cut_the_end_off(tx: Tx, dice: random.Random, count: int) -> None:
    first = dice.randint(1, count)
    cut = select(SEAL.c.entry_id).where(SEAL.c.seq >= first)
    await tx.execute(delete(ENTRY).where(ENTRY.c.id.in_(cut)))
    await tx.execute(delete(SEAL).where(SEAL.c.seq >= first))


async def change_a_row_and_seal_all_anew(tx: Tx, dice: random.Random, count: int) -> None:
    """An intruder who has this code: everything is right in itself from the changed row on."""
    row = await row_of(tx, dice, count)
    await tx.execute(update(ENTRY).where(ENTRY.c.id == row.id).values(actor="somebody else"))
    again = select(SEAL.c.entry_id, SEAL.c.sealed_at).where(SEAL.c.seq >= row.seq)
    await tx.execute(insert(PENDING).from_select(["id", "at"], again))
    await tx.execute(delete(SEAL).where(SEAL.c.seq >= row.seq))
    await audit_chain.seal(tx, SERVICE)


async def take_out_what_waits(tx: Tx, dice: random.Random, count: int) -> None:
    await audit.append(tx, [entry(n) for n in range(dice.randint(1, 3))])
    last = await tx.scalar(select(func.max(ENTRY.c.id)))
    await tx.execute(delete(ENTRY).where(ENTRY.c.id == last))


KINDS: tuple[Tamper, ...] = (
    change_a_column,
    change_a_column,
    change_a_column,
    change_a_seal,
    delete_a_row,
    delete_a_row_with_its_seal,
    delete_a_seal,
    put_a_row_in,
    put_a_row_in_with_a_seal,
    swap_two_rows,
    cut_the_end_off,
    change_a_row_and_seal_all_anew,
    take_out_what_waits,
)


async def test_of_a_thousand_tampers_all_are_found_and_nothing_else(
    sealed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_chain, "PAGE", 5)  # the chain is longer than a page, and than a part
    monkeypatch.setattr(audit_chain, "PAGES", 2)
    dice = random.Random(f"{SEED} {sealed.dialect}")
    untouched = await verified(sealed)
    assert (untouched.faults, untouched.waiting, untouched.head.seq) == ([], 0, ROWS)
    kept = [untouched.head]
    missed = []
    for number in range(TAMPERS // 2):  # and as many others on the other database
        tamper = KINDS[number % len(KINDS)]
        async with undone(sealed) as tx:
            await tamper(tx, dice, ROWS)
            found = await audit_chain.verify(tx, SERVICE, kept=kept)
        if not found.faults:
            missed.append(f"{number}: {tamper.__name__}")
        if number % 20 == 0:
            assert await verified(sealed, kept=kept) == untouched
    assert missed == []


async def test_without_a_kept_head_only_who_cuts_off_or_rewrites_all_stays_unseen(sealed: Database) -> None:
    """Why the head is told every day: this is what the chain alone cannot know."""
    for tamper in (cut_the_end_off, change_a_row_and_seal_all_anew):
        async with undone(sealed) as tx:
            await tamper(tx, random.Random(SEED), ROWS)
            found = await audit_chain.verify(tx, SERVICE)
        assert found.faults == []


async def test_a_seal_is_over_every_column_of_the_row() -> None:
    assert {*audit_chain.SEALED, audit_chain.CONTENT} == {column.name for column in ENTRY.c}


async def test_what_is_written_while_one_verifies_is_no_fault(sealed: Database) -> None:
    head = (await verified(sealed)).head
    await write(sealed, 1, 2)
    found = await verified(sealed, kept=[head])
    assert (found.faults, found.waiting, found.head.seq) == ([], 2, ROWS)
    await Sealer(SERVICE, sealed).drain()
    found = await verified(sealed, kept=[head])
    assert (found.faults, found.waiting, found.head.seq) == ([], 0, ROWS + 2)


async def test_only_what_came_after_a_kept_head_is_looked_at(sealed: Database) -> None:
    head = (await verified(sealed)).head
    await write(sealed, 1)
    await Sealer(SERVICE, sealed).drain()
    since = await verified(sealed, since=head)
    assert (since.faults, since.head.seq) == ([], ROWS + 1)
    [fault] = (await verified(sealed, since=Head(head.seq - 1, "0" * 64))).faults[:1]
    assert (fault.code, fault.seq) == ("audit.changed", ROWS)


async def test_entries_before_a_kept_head_can_be_moved_away(sealed: Database) -> None:
    head = (await verified(sealed)).head
    await write(sealed, 1)
    await Sealer(SERVICE, sealed).drain()
    async with sealed.begin() as tx:
        await tx.execute(delete(ENTRY).where(ENTRY.c.id < head.seq))
        await tx.execute(delete(SEAL).where(SEAL.c.seq < head.seq))
    found = await verified(sealed, since=head)
    assert (found.faults, found.head.seq) == ([], ROWS + 1)


async def test_the_chain_of_another_service_is_not_taken_for_this_one(sealed: Database) -> None:
    async with sealed.view() as view:
        found = await audit_chain.verify(view, "notify")
    assert [(fault.code, fault.seq) for fault in found.faults] == [("audit.changed", 1)]


async def test_what_a_fault_is_and_where_is_said(sealed: Database) -> None:
    async with sealed.begin() as tx:
        await tx.execute(update(ENTRY).where(ENTRY.c.id == 5).values(actor="x"))
        await tx.execute(delete(ENTRY).where(ENTRY.c.id == 9))
    found = await verified(sealed, kept=[Head(ROWS + 1, "0" * 64)])
    assert [(f.code, f.entry_id or f.seq) for f in found.faults] == [
        ("audit.changed", 5),
        ("audit.entry_missing", 9),
        ("audit.cut_off", ROWS + 1),
    ]


@pytest.mark.parametrize("service", SERVICES)
async def test_entries_of_before_the_chain_wait_for_their_seals(database_url: str, service: str) -> None:
    def upgrade(connection: Connection) -> None:
        config = migrations.config(service, connection)
        scripts = ScriptDirectory.from_config(config)
        [chain] = [one for one in scripts.walk_revisions() if one.path.endswith("_audit_chain.py")]
        command.upgrade(config, str(chain.down_revision))

    database = Database(database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(upgrade)
    async with database.begin() as tx:
        blank = {"entity_kind": "k", "entity_id": "e", "reason": "", "correlation_id": ""}
        for actor in ("s-1", "s-2"):
            await tx.execute(insert(ENTRY).values(at=tx.now, actor=actor, action="put", **blank))
    await migrations.upgrade(database_url, service)
    await write(database, 1)
    await Sealer(SERVICE, database).drain()
    found = await verified(database)
    assert (found.faults, found.head.seq) == ([], 3)
    await database.close()


async def test_two_processes_seal_each_row_once(database: Database) -> None:
    for number in range(30):
        await write(database, number)
    await asyncio.gather(*(Sealer(SERVICE, database).drain() for _ in range(3)))
    found = await verified(database)
    assert (found.faults, found.head.seq, found.waiting) == ([], 30, 0)


async def test_a_row_that_is_committed_late_gets_a_later_place(postgres_database: str) -> None:
    database = await tiny.create(postgres_database)
    async with database.begin() as slow:
        await audit.append(slow, [entry(1)])  # its id is drawn, its commit comes last
        await write(database, 2)
        await Sealer(SERVICE, database).drain()
    await write(database, 3)
    await Sealer(SERVICE, database).drain()
    found = await verified(database)
    async with database.view() as view:
        order = [row.entry_id for row in await view.all(select(SEAL.c.entry_id).order_by(SEAL.c.seq))]
    assert (found.faults, order) == ([], [2, 1, 3])
    await database.close()


async def test_what_is_rolled_back_leaves_no_gap(database: Database) -> None:
    async with undone(database) as tx:
        await audit.append(tx, [entry(1)])
    await write(database, 2)
    await Sealer(SERVICE, database).drain()
    found = await verified(database)
    assert (found.faults, found.head.seq) == ([], 1)


async def test_sealing_takes_as_many_statements_for_many_rows_as_for_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def statements() -> int:
        seen: list[str] = []

        def note(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            seen.append(statement)

        event.listen(database.engine.sync_engine, "before_cursor_execute", note)
        async with database.begin() as tx:
            await audit_chain.seal(tx, SERVICE)
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)
        return len(seen)

    await write(database, 1)
    one = await statements()
    await write(database, *range(500))
    assert await statements() == one
    monkeypatch.setattr(audit_chain, "BATCH", 7)  # and what does not fit into a batch goes into the next
    await write(database, *range(20))
    assert await Sealer(SERVICE, database).drain() == 20


async def test_pointers_to_sealed_rows_do_not_stop_the_sealing(sealed: Database) -> None:
    async with sealed.begin() as tx:
        await tx.execute(insert(PENDING).values(id=3, at=tx.now))
    await write(sealed, 1)
    await Sealer(SERVICE, sealed).drain()
    found = await verified(sealed)
    assert (found.faults, found.waiting, found.head.seq) == ([], 0, ROWS + 1)


async def test_rows_that_were_taken_out_before_they_were_sealed_do_not_stop_the_sealing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_chain, "BATCH", 2)
    await write(database, 1, 2, 3, 4)
    async with database.begin() as tx:
        await tx.execute(delete(ENTRY).where(ENTRY.c.id <= 2))
    await Sealer(SERVICE, database).drain()
    found = await verified(database)
    assert [(fault.code, fault.entry_id) for fault in found.faults] == [
        ("audit.entry_missing", 1),
        ("audit.entry_missing", 2),
    ]
    assert found.head.seq == 2


async def test_the_head_is_told_once_a_day_and_after_a_start(
    sealed: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    sealer = Sealer(SERVICE, sealed)
    for _ in range(3):
        await sealer.tell()
    [told] = [record for record in caplog.records if record.message == "audit.head"]
    head = (await verified(sealed)).head
    assert (vars(told)["seq"], vars(told)["hash"]) == (head.seq, head.hash)

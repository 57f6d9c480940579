"""The job that looks at the audit chain every night: part by part, in bounded units of work, and what it finds is shown."""

from datetime import date, timedelta

import pytest
from sqlalchemy import delete, event, select, update

from shared.db import audit_chain, jobs, platform, verifying
from shared.db.audit import AuditEntry
from shared.db.audit_chain import Head
from shared.db.engine import Database, Tx
from shared.db.jobs import Job, JobResult
from shared.db.sealing import Sealer

ENTRY = platform.TABLES.audit_entry
SEAL = platform.TABLES.audit_seal
SERVICE = "billing"
ROWS = 20
TONIGHT = date(2026, 2, 1)


@pytest.fixture
async def sealed(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A chain that is longer than three parts."""
    monkeypatch.setattr(audit_chain, "PAGE", 3)
    monkeypatch.setattr(audit_chain, "PAGES", 2)
    await write(database, ROWS)
    return database


async def write(database: Database, count: int) -> None:
    async with database.begin() as tx:
        tx.audit([AuditEntry(action="put", entity_kind="note", entity_id="n", actor="s")] * count)
    await Sealer(SERVICE, database).drain()


async def night(database: Database, *, since: Head | None = None, later: int = 0) -> JobResult:
    return await jobs.run(database, verifying.job(SERVICE, since), TONIGHT + timedelta(days=later))


async def faults(database: Database) -> int:
    async with database.view() as view:
        return await verifying.faults(view)


async def change(database: Database, seq: int, actor: str = "x") -> None:
    async with database.begin() as tx:
        changed = select(SEAL.c.entry_id).where(SEAL.c.seq == seq)
        await tx.execute(update(ENTRY).where(ENTRY.c.id.in_(changed)).values(actor=actor))


async def test_every_night_the_whole_chain_is_looked_at(sealed: Database) -> None:
    for later in range(2):
        result = await night(sealed, later=later)
        assert (result.chunks_done, result.counts) == (5, {"sealed": ROWS, "faults": 0})
    await write(sealed, 5)
    assert (await night(sealed, later=2)).counts == {"sealed": ROWS + 5, "faults": 0}
    assert await faults(sealed) == 0


async def test_a_service_without_an_entry_has_a_chain_that_is_whole(database: Database) -> None:
    assert (await night(database)).counts == {"sealed": 0, "faults": 0}


@pytest.mark.parametrize("seq", [1, 6, 7, ROWS])
async def test_what_was_changed_is_counted_and_told_until_a_night_finds_nothing(
    sealed: Database, seq: int, caplog: pytest.LogCaptureFixture
) -> None:
    await night(sealed)
    await change(sealed, seq)
    assert (await night(sealed, later=1)).counts["faults"] == 1
    [line] = [record for record in caplog.records if record.getMessage() == "audit.broken"]
    assert vars(line)["faults"] == 1
    assert vars(line)["first"].startswith(f"audit.changed seq={seq} entry=")
    assert await faults(sealed) == 1
    await change(sealed, seq, "s")
    await night(sealed, later=2)
    assert await faults(sealed) == 0


async def test_seals_and_entries_that_are_not_there_or_that_nobody_wrote_are_found_in_every_part(
    sealed: Database,
) -> None:
    async with sealed.begin() as tx:
        first = await tx.first(select(ENTRY).limit(1))
        assert first is not None
        await tx.execute(delete(SEAL).where(SEAL.c.seq == 6))  # the last of a part, and so an entry without a seal
        await tx.execute(delete(ENTRY).where(ENTRY.c.id.in_(select(SEAL.c.entry_id).where(SEAL.c.seq == 14))))
        await tx.execute(ENTRY.insert().values({**first._mapping, "id": 10**12}))
    result = await night(sealed)
    # the missing seal, the one behind it that does not fit, the entry of it, the missing entry, the one that was put in
    assert result.counts["faults"] == await faults(sealed) == 5


async def test_a_fault_stays_shown_while_the_next_night_is_under_way(sealed: Database) -> None:
    await change(sealed, ROWS)
    await night(sealed)
    job = verifying.job(SERVICE, None)

    async def ends(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        if "after" in chunk:
            raise ZeroDivisionError
        return await job.work(tx, business_date, chunk)

    with pytest.raises(ZeroDivisionError):
        await jobs.run(sealed, Job(job.name, job.chunks, ends), TONIGHT + timedelta(days=1))
    assert await faults(sealed) == 1


async def test_from_a_kept_head_on_what_was_before_is_not_looked_at_but_the_head_itself_is(sealed: Database) -> None:
    async with sealed.view() as view:
        head = await audit_chain.head(view, SERVICE)
    await change(sealed, 2)
    await write(sealed, 7)
    assert (await night(sealed, since=head)).counts == {"sealed": 7, "faults": 0}
    another = Head(head.seq, "0" * 64)
    assert (await night(sealed, since=another, later=1)).counts[
        "faults"
    ] == 2  # it is another, and what follows does not fit
    cut_off = Head(head.seq + 8, head.hash)
    assert (await night(sealed, since=cut_off, later=2)).counts["faults"] == 1


async def test_a_part_takes_as_many_statements_and_rows_whatever_the_length_of_the_chain(sealed: Database) -> None:
    async def longest_unit(later: int) -> tuple[int, int]:
        statements = [0]
        listeners = {
            "before_cursor_execute": lambda *_: statements.append(statements.pop() + 1),
            "commit": lambda *_: statements.append(0),
            "rollback": lambda *_: statements.append(0),
        }
        for name, listener in listeners.items():
            event.listen(sealed.engine.sync_engine, name, listener)
        result = await night(sealed, later=later)
        for name, listener in listeners.items():
            event.remove(sealed.engine.sync_engine, name, listener)
        return max(statements), result.counts["sealed"] // (result.chunks_done - 2)

    short = await longest_unit(0)
    await write(sealed, 10 * ROWS)
    assert await longest_unit(1) == short

"""What the audit keeps of objects before and after a command, read by the platform, on both databases."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import delete, update

from shared.db import audit, audit_chain, bulk, contents, platform
from shared.db.audit import AuditEntry
from shared.db.contents import BYTES_MAX, NONE, NoReader, of_tables
from shared.db.engine import Database
from shared.db.sealing import Sealer
from tests.kits import tiny

CONTENT = platform.TABLES.audit_content
SERVICE = "billing"


@pytest.fixture
def kept(database: Database) -> Database:
    database.contents = {"counter": of_tables({tiny.COUNTER: "key", tiny.ENTRY: "key"}), "look": NONE}
    return database


async def count(database: Database, *keys: str, entries: int = 0, kind: str = "counter") -> None:
    """Count each key up, and add so many entries to it."""
    async with database.begin() as tx:
        await tiny.count_up(tx, keys)
        added = [key for key in keys for _ in range(entries)]
        await bulk.insert_rows(tx, tiny.ENTRY, {"key": added, "n": [0] * len(added), "kind": ["x" * 16] * len(added)})
        tx.audit([AuditEntry(action="count", entity_kind=kind, entity_id=key, actor="s-1") for key in keys])


async def shown(database: Database, key: str, kind: str = "counter") -> list[tuple[Any, Any]]:
    async with database.view() as view:
        rows = await audit.list_page(view, entity_kind=kind, entity_id=key, after_id=0, limit=100)
    reader = database.contents[kind]
    return [(contents.shown(row["before"], reader), contents.shown(row["after"], reader)) for row in rows]


def rows(n: int, key: str = "a") -> Mapping[str, Any]:
    return {"counter": [{"key": key, "n": n}]}


async def test_an_entry_has_the_rows_that_its_command_changed_before_and_after(kept: Database) -> None:
    await count(kept, "a", entries=1)
    await count(kept, "a", "b")
    first, second = await shown(kept, "a")
    assert first[0] is None
    assert (first[1]["counter"], len(first[1]["entry"])) == ([{"key": "a", "n": 1}], 1)
    assert second == (rows(1), rows(2))  # the entry has stayed as it was
    assert await shown(kept, "b") == [(None, rows(1, "b"))]


async def test_what_changes_nothing_or_is_a_record_itself_has_no_content(kept: Database) -> None:
    async with kept.begin() as tx:
        tx.audit([AuditEntry(action="look", entity_kind="counter", entity_id="nobody", actor="s-1")])
    await count(kept, "a", kind="look")
    assert await shown(kept, "nobody") == [(None, None)]
    assert await shown(kept, "a", "look") == [(None, None)]


async def test_entries_without_content_take_no_connection_but_their_own(kept: Database) -> None:
    async with kept.committed(), kept.committed():  # all of those beside units of work are held
        await asyncio.wait_for(count(kept, "a", kind="look"), timeout=10)
        assert await shown(kept, "a", "look") == [(None, None)]


async def test_an_object_of_which_nobody_says_how_it_is_read_is_not_changed(kept: Database) -> None:
    with pytest.raises(NoReader):
        await count(kept, "a", kind="stranger")
    await count(kept, "a")
    assert await shown(kept, "a") == [(None, rows(1))]


async def test_two_entries_of_one_object_in_one_command_both_have_what_it_changed(kept: Database) -> None:
    async with kept.begin() as tx:
        await tiny.count_up(tx, ["a"])
        tx.audit([AuditEntry(action=name, entity_kind="counter", entity_id="a", actor="s-1") for name in ("x", "y")])
    assert await shown(kept, "a") == [(None, rows(1))] * 2


async def test_what_is_too_long_is_kept_by_its_hash(kept: Database) -> None:
    await count(kept, "a", entries=BYTES_MAX // 40)
    ((before, after),) = await shown(kept, "a")
    assert (before, sorted(after)) == (None, ["sha256", "too_long"])


async def test_many_commands_at_once_do_not_wait_for_each_other_for_ever(kept: Database) -> None:
    await asyncio.gather(*(count(kept, f"k{n}") for n in range(40)))
    assert await shown(kept, "k39") == [(None, rows(1, "k39"))]


@pytest.mark.parametrize("tamper", ["changed", "taken out"])
async def test_a_content_that_is_changed_or_taken_out_is_found(kept: Database, tamper: str) -> None:
    await count(kept, "a")
    await count(kept, "a")
    await Sealer(SERVICE, kept).drain()
    async with kept.view() as view:
        assert (await audit_chain.verify(view, SERVICE)).faults == []
    async with kept.begin() as tx:
        second = CONTENT.c.before.is_not(None)
        if tamper == "changed":
            await tx.execute(update(CONTENT).where(second).values(before="{}"))
        else:
            await tx.execute(delete(CONTENT).where(second))
    async with kept.view() as view:
        found = await audit_chain.verify(view, SERVICE)
    assert [str(fault) for fault in found.faults] == ["audit.content_changed seq=2 entry=2"]

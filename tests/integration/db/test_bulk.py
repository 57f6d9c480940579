"""Set-based statements on both databases: what goes in comes out, whatever it holds."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, Text, select

from shared.db import bulk, columns, travel
from shared.db.engine import Database

METADATA = MetaData()
THING = Table(
    "thing",
    METADATA,
    Column("no", String(64), primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("words", Text),
    Column("at", columns.Instant),
)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXTS: dict[str, Sequence[str | None]] = {
    "plain": ["a", "b", "c"],
    "none among them": ["a", None, "c"],
    "nothing but none": [None, None],
    "one none": [None],
    "empty": ["", "", "x", ""],
    "one empty": [""],
    "separators": ["a\x1fb", "c"],
    "the mark of none": ["\x1e", "c"],
    "the mark of none and none": ["\x1e", None],
    "only separators": ["\x1f", "\x1e\x1f"],
    "quotes, braces and backslashes": ['{a,"b"}', "NULL", "\\N", "'; --", "\\x41"],
    "lines and Chinese": ["一户一表\n第二行", "\t", "电费 ¥1.00"],
    "all the same": ["z"] * 5,
}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    async with opened.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    yield opened
    await opened.close()


async def stored(database: Database) -> list[tuple[str, int, str | None]]:
    async with database.view() as view:
        rows = await view.all(select(THING.c.no, THING.c.part, THING.c.words).order_by(THING.c.no, THING.c.part))
    return [tuple(row) for row in rows]


def things(
    texts: Sequence[str | None], no: str = "n", *, at: Sequence[datetime | None] = ()
) -> dict[str, Sequence[object]]:
    count = len(texts)
    return {
        "no": [no] * count,
        "part": list(range(count)),
        "words": texts,
        "at": at or [NOON] * count,
    }


@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
async def test_texts_come_out_as_they_went_in(database: Database, texts: Sequence[str | None]) -> None:
    async with database.begin() as tx:
        await bulk.insert_rows(tx, THING, things(texts, no="as it is"))
        await bulk.insert_rows(tx, THING, things(travel.same(texts), no="at once"))
    assert [words for _, _, words in await stored(database)] == [*texts, *texts]


@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
async def test_rows_are_found_and_changed_by_texts_of_any_content(
    database: Database, texts: Sequence[str | None]
) -> None:
    keys = sorted({text for text in texts if text})
    async with database.begin() as tx:
        count = await bulk.claim(tx, THING, {"no": keys, "part": [1] * len(keys)}, key=("no", "part")) if keys else 0
        assert count == len(keys)
        assert {row.no for row in await bulk.select_in(tx, THING, {"no": keys})} == set(keys)
        pairs = {"no": keys, "part": [1] * len(keys)}
        assert {row.no for row in await bulk.select_in(tx, THING, pairs)} == set(keys)
        await bulk.update_from(tx, THING, pairs | {"words": keys}, key=("no", "part"))
    assert await stored(database) == [(key, 1, key) for key in keys]


async def test_a_claim_that_meets_known_rows_writes_the_others_and_the_unit_of_work_goes_on(database: Database) -> None:
    async with database.begin() as tx:
        assert await bulk.claim(tx, THING, things(["old", "old"]), key=("no", "part")) == 2
    async with database.begin() as tx:
        assert await bulk.claim(tx, THING, things(["new"] * 4), key=("no", "part")) == 2
        await bulk.insert_rows(tx, THING, things(["later"], no="other"))
    assert await stored(database) == [
        ("n", 0, "old"),
        ("n", 1, "old"),
        ("n", 2, "new"),
        ("n", 3, "new"),
        ("other", 0, "later"),
    ]


async def test_a_column_of_one_value_travels_once_and_others_as_they_are() -> None:
    assert isinstance(travel.same([NOON, NOON]), travel.Same)
    assert travel.same([1, 2]) == [1, 2]
    assert travel.same([]) == []


async def test_instants_that_are_none_in_places_come_out_as_they_went_in(database: Database) -> None:
    at = [NOON, None, NOON]
    async with database.begin() as tx:
        await bulk.insert_rows(tx, THING, things(["a", "b", "c"], at=at))
        rows = await bulk.select_in(tx, THING, {"no": ["n"]}, order_by=(THING.c.part,))
    assert [row.at for row in rows] == at


async def test_rows_are_deleted_by_one_key_column_or_by_tuples_and_others_stay(database: Database) -> None:
    async with database.begin() as tx:
        for no in ("gone", "kept"):
            await bulk.insert_rows(tx, THING, things(["a", "b", "c"], no=no))
        assert await bulk.delete_in(tx, THING, {"no": ["gone", "gone", "never there"]}) == []
        assert await bulk.delete_in(tx, THING, {"no": ["kept", "kept", "gone"], "part": [1, 1, 2]}) == []
        assert await bulk.delete_in(tx, THING, {"no": []}) == []
    assert await stored(database) == [("kept", 0, "a"), ("kept", 2, "c")]


async def test_a_delete_keeps_to_its_condition_and_tells_what_it_deleted(database: Database) -> None:
    async with database.begin() as tx:
        await bulk.insert_rows(tx, THING, things(["a", "b", "a"]))
        deleted = await bulk.delete_in(
            tx, THING, {"no": ["n"]}, where=THING.c.words == "a", returning=("part", "words")
        )
    assert sorted(map(tuple, deleted)) == [(0, "a"), (2, "a")]
    assert await stored(database) == [("n", 1, "b")]

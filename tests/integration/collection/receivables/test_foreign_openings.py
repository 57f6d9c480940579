"""An opening receivable that came before its account is checked again when that is known: whose word it was decides then."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.kits import collection as collection_kit
from tests.kits.collection import OPENING, Kit, account

LATER = OPENING | {"account_no": "later", "amount_fen": 99_999_999}
FOREIGN, OWN, ALL = ("zj/ningbo",), ("zj/hangzhou",), ("*",)


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    async with collection_kit.started_with_a_closed_month(tmp_path) as made:
        made.two_people({"receivable.opening": []})  # one person posts them
        yield made


async def put(kit: Kit, units: Sequence[str], item: dict[str, Any] = LATER) -> str:
    client = kit.client("clerk", "collection:write", org_units=units)
    answer = await client.put("/v1/opening-receivables", json={"items": [item]})
    outcome: dict[str, str] = answer.json()["outcomes"][0]
    return outcome["status"]


async def refused(kit: Kit, units: Sequence[str]) -> list[str]:
    """Return the documents that were refused, as a bureau sees them listed."""
    client = kit.client("reader", "collection:read", org_units=units)
    answer = await client.get("/v1/findings?code=receivable.other_org_unit")
    return [item["entity_id"] for item in answer.json()["items"]]


async def test_one_of_another_bureau_is_refused_when_its_account_opens_and_both_bureaus_see_it(kit: Kit) -> None:
    assert await put(kit, FOREIGN) == "waiting"

    await kit.give(account("later"))

    assert await kit.money("later") == (0, 0)
    assert await refused(kit, FOREIGN) == await refused(kit, OWN) == ["OLD-1"]
    assert await refused(kit, ("bj",)) == []
    assert await put(kit, FOREIGN) == "refused"
    assert await put(kit, OWN) == "done"
    assert await kit.money("later") == (99_999_999, 0)


@pytest.mark.parametrize("units", [OWN, ("zj",), ALL, ("bj", "zj/hangzhou")])
async def test_one_of_who_speaks_for_the_account_is_posted(kit: Kit, units: Sequence[str]) -> None:
    assert await put(kit, units) == "waiting"
    await kit.give(account("later"))
    assert await kit.money("later") == (99_999_999, 0)
    assert await refused(kit, ALL) == []


@pytest.mark.parametrize("order", [(OWN, FOREIGN), (FOREIGN, OWN)])
async def test_what_a_bureau_and_a_foreign_one_bring_alike_is_the_word_of_both(
    kit: Kit, order: Sequence[Sequence[str]]
) -> None:
    assert [await put(kit, units) for units in order] == ["waiting", "waiting"]
    await kit.give(account("later"))
    assert await kit.money("later") == (99_999_999, 0)


async def test_who_speaks_for_nobody_brings_nothing(kit: Kit) -> None:
    assert await put(kit, ()) == "waiting"
    await kit.give(account("later"))
    assert await kit.money("later") == (0, 0)
    assert await refused(kit, OWN) == ["OLD-1"]

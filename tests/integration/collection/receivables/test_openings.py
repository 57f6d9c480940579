"""Opening receivables, item by item, and what is refused of them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.collection.ledger import tables
from tests.kits import collection as collection_kit
from tests.kits.collection import OPENING, Kit, account, put_openings


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    async with collection_kit.started_with_a_closed_month(tmp_path) as made:
        yield made


async def test_opening_receivables_are_owed_against_the_opening_account(kit: Kit) -> None:
    answer = await put_openings(kit, OPENING, OPENING | {"document_no": "OLD-2", "account_no": "later"})

    assert [one["status"] for one in answer.json()["outcomes"]] == ["done", "waiting"]
    assert await kit.money() == (1_100, 0)
    opening = [row["amount_fen"] for row in await kit.rows(tables.ENTRY) if row["ledger_account"] == "4001.01"]
    assert opening == [-100]
    again = await put_openings(kit, OPENING, OPENING | {"document_no": "OLD-2", "account_no": "later"})
    assert [one["status"] for one in again.json()["outcomes"]] == ["already_done", "waiting"]

    await kit.give(account("later"))
    assert await kit.money("later") == (100, 0)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"posted_on": "2026-01-31"}, "refused", "ledger.month_closed"),
        ({"posted_on": "2026-04-16"}, "refused", "receivable.dated_in_future"),
        ({"amount_fen": 99}, "conflicting_duplicate", "receivable.conflicting_duplicate"),
    ],
)
async def test_a_wrong_opening_item_is_answered_by_itself(
    kit: Kit, change: dict[str, Any], status: str, code: str
) -> None:
    if status == "conflicting_duplicate":
        await put_openings(kit, OPENING)
    before = await kit.money()

    answer = await put_openings(kit, OPENING | change)

    outcome = answer.json()["outcomes"][0]
    assert (outcome["status"], outcome["code"]) == (status, code)
    assert await kit.money() == before


async def test_a_document_that_is_given_twice_is_refused_both_times(kit: Kit) -> None:
    answer = await put_openings(kit, OPENING, OPENING | {"document_no": "OLD-2"}, OPENING | {"amount_fen": 99})

    outcomes = answer.json()["outcomes"]
    assert [one["status"] for one in outcomes] == ["refused", "done", "refused"]
    assert {one["code"] for one in outcomes if "code" in one} == {"request.repeated_in_batch"}
    assert await kit.money() == (1_100, 0)


async def test_a_batch_above_the_limit_is_refused(kit: Kit) -> None:
    answer = await put_openings(kit, *(OPENING | {"document_no": f"OLD-{i}"} for i in range(501)))
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


@pytest.mark.parametrize("amount_fen", [0, -5])
async def test_an_opening_receivable_is_above_zero(kit: Kit, amount_fen: int) -> None:
    answer = await put_openings(kit, OPENING | {"amount_fen": amount_fen})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")

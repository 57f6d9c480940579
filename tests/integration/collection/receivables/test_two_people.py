"""Large opening receivables are posted by two people; on both databases."""

import asyncio
from typing import Any

from services.collection.ledger.tables import RECEIVABLE
from tests.kits.approvals import decided
from tests.kits.collection import OPENING, Kit, account, put_openings

LARGE = OPENING | {"document_no": "OLD-9", "amount_fen": 500_000}


async def outcomes(kit: Kit, *items: dict[str, Any]) -> list[tuple[str, str | None]]:
    answer = await put_openings(kit, *items)
    assert answer.status_code == 200, answer.text
    return [(each["status"], each.get("code")) for each in answer.json()["outcomes"]]


async def asked(kit: Kit) -> list[dict[str, Any]]:
    page = await kit.second.get("/v1/approvals?kind=receivable.opening&state=pending")
    return sorted(page.json()["items"], key=lambda each: str(each["subject_id"]))


async def test_a_large_opening_receivable_is_posted_by_two_people_and_a_small_one_by_one(kit: Kit) -> None:
    small = OPENING | {"amount_fen": 499_999}

    assert await outcomes(kit, small, LARGE) == [("done", None), ("awaiting_approval", None)]

    assert await outcomes(kit, small, LARGE) == [("already_done", None), ("awaiting_approval", None)]
    other = LARGE | {"amount_fen": 600_000}
    assert await outcomes(kit, other) == [("refused", "approval.asked_already")]
    assert await kit.money() == (499_999, 0)
    (waits,) = await asked(kit)
    assert (waits["subject_id"], waits["org_unit"], waits["content"]["debt"]["total_fen"]) == (
        "OLD-9",
        "zj/hangzhou",
        500_000,
    )
    ningbo = kit.client("n", "collection:write", "approvals:decide", org_units=["zj/ningbo"])
    assert await decided(ningbo, [waits]) == ["approval.unknown"]
    assert await decided(kit.clerk, [waits]) == ["approval.own_request"]

    assert await decided(kit.second, [waits]) == ["done"]

    assert await kit.money() == (999_999, 0)
    assert await decided(kit.second, [waits]) == ["approval.not_pending"]
    assert await outcomes(kit, LARGE, other) == [("refused", "request.repeated_in_batch")] * 2
    assert await outcomes(kit, LARGE) == [("already_done", None)]
    assert await outcomes(kit, other) == [("conflicting_duplicate", "receivable.conflicting_duplicate")]
    assert await asked(kit) == []


async def test_what_is_approved_before_its_account_is_known_waits_for_it_and_is_checked_then(kit: Kit) -> None:
    bureau = kit.client("b", "collection:write", org_units=["zj/hangzhou"])
    items = [LARGE | {"document_no": no, "account_no": account_no} for no, account_no in (("X", "A2"), ("Y", "A3"))]
    await bureau.put("/v1/opening-receivables", json={"items": items})
    waits = await asked(kit)
    assert {each["org_unit"] for each in waits} == {"zj/hangzhou"}

    assert await decided(kit.second, waits) == ["done", "done"]

    answer = await bureau.put("/v1/opening-receivables", json={"items": items})
    assert [each["status"] for each in answer.json()["outcomes"]] == ["waiting"] * 2, "not asked for again"
    await kit.give(account("A2"))
    await kit.give(account("A3", org_unit="zj/ningbo"))
    assert await kit.money("A2") == (500_000, 0)
    assert await kit.money("A3") == (0, 0)
    assert "receivable.other_org_unit" in await kit.findings()


async def test_what_cannot_be_posted_any_more_is_not_posted_by_the_approval(kit: Kit) -> None:
    items = [LARGE | {"document_no": "X"}, LARGE | {"document_no": "Y"}, LARGE | {"document_no": "Z"}]
    items[2] |= {"posted_on": "2026-04-01"}
    await outcomes(kit, *items)
    waits = await asked(kit)
    kit.two_people({"receivable.opening": [], "month.closing": []})
    assert await outcomes(kit, items[0] | {"amount_fen": 1}) == [("done", None)]
    assert (await kit.clerk.post("/v1/months/2026-03/close")).status_code == 200

    assert await decided(kit.second, waits) == ["receivable.not_posted"] * 2 + ["done"]

    assert sorted(row["amount_fen"] for row in await kit.rows(RECEIVABLE)) == [1, 500_000]


async def test_of_many_who_bring_one_large_receivable_all_are_told_of_one(kit: Kit) -> None:
    found = await asyncio.gather(*(outcomes(kit, LARGE) for _ in range(5)))

    assert found == [[("awaiting_approval", None)]] * 5
    assert len(await asked(kit)) == 1

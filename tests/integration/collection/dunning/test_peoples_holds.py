"""What a person holds of dunning: with a reason, until a day, and nothing is sent while it stands."""

from typing import Any

import pytest

from tests.integration.collection.dunning.test_cases import cases, run, told
from tests.kits.collection import Kit, bill, issued

HOLDS = "/v1/accounts/A1/dunning-holds"
BILLS = (issued(bill("B1", 1_000)), issued(bill("B2", 500, cycle="2026-02")))


async def place(kit: Kit, status: int = 201, **body: Any) -> dict[str, Any]:
    answer = await kit.clerk.post(HOLDS, json={"reason": "claim", "until": "2026-04-15"} | body)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def owed(kit: Kit, document_id: str) -> str:
    (one,) = (await kit.clerk.get(f"/v1/receivables?document_id={document_id}")).json()["items"]
    return str(one["receivable_id"])


async def test_nothing_is_sent_while_a_hold_stands_and_dunning_goes_on_where_it_was_once_it_has_lapsed(
    kit: Kit,
) -> None:
    await kit.give(*BILLS)
    await run(kit, "2026-02-25", "2026-03-09")
    held = await place(kit, until="2026-04-15")
    assert (held["held_by"], held["held_from"], held["receivable_ids"]) == ("clerk", "2026-04-15", [])
    await run(kit, "2026-04-15")
    (case,) = await cases(kit, state="held")
    assert (case["stage"], case["held_fen"]) == (2, 1_500)
    await run(kit, "2026-04-16")
    assert [(day, stage) for day, stage, *_ in await told(kit)][2:] == [("2026-04-16", 3)]
    assert [one["state"] for one in await cases(kit)] == ["open"]
    whole = (await kit.clerk.get(f"/v1/dunning-cases/{case['case_no']}")).json()
    assert [(one["reason"], one["held_until"]) for one in whole["holds"]] == [("claim", "2026-04-15")]
    lapsed = (await kit.clerk.get("/v1/dunning-holds?lapsed_on=2026-04-16")).json()["items"]
    assert [one["hold_no"] for one in lapsed] == [1]
    assert (await kit.clerk.get("/v1/dunning-holds?held_on=2026-04-16")).json()["items"] == []


async def test_what_is_not_held_goes_on(kit: Kit) -> None:
    await kit.give(*BILLS)
    held = await place(kit, receivable_ids=[await owed(kit, "B1")])
    assert held["receivable_ids"] == [await owed(kit, "B1")]
    await run(kit, "2026-04-15")
    assert await told(kit) == [("2026-04-15", 1, "notice", 500)]
    assert [(one["state"], one["outstanding_fen"], one["held_fen"]) for one in await cases(kit)] == [
        ("open", 1_500, 1_000)
    ]


async def test_no_case_is_opened_of_what_is_held_and_a_hold_that_is_ended_holds_nothing_more(kit: Kit) -> None:
    await kit.give(*BILLS)
    await place(kit, until="2026-04-20")
    await run(kit, "2026-04-14")
    assert len(await cases(kit)) == 1, "the hold begins on its own day"
    ended = await kit.second.post(f"{HOLDS}/1/end", json={"reason": "the claim was settled"})
    assert (ended.status_code, ended.json()["ended_on"], ended.json()["ended_by"]) == (200, "2026-04-15", "second")
    assert (await kit.clerk.get("/v1/dunning-holds?lapsed_on=2026-05-01")).json()["items"] == []
    again = await kit.second.post(f"{HOLDS}/1/end", json={"reason": "the claim was settled"})
    assert (again.status_code, again.json()["code"]) == (409, "hold.not_standing")
    await run(kit, "2026-04-15")
    assert [one["state"] for one in await cases(kit)] == ["open"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"reason": "because"}, 422, "hold.unknown_reason"),
        ({"reason": "plan"}, 422, "hold.unknown_reason"),
        ({"until": None}, 422, "hold.without_end"),
        ({"until": "2026-04-14"}, 422, "hold.dates_reversed"),
        ({"until": "2026-06-14"}, 422, "hold.too_long"),
        ({"receivable_ids": ["nobody's"]}, 409, "hold.not_owed"),
    ],
)
async def test_a_hold_that_cannot_be_is_refused_with_its_code(
    kit: Kit, body: dict[str, Any], status: int, code: str
) -> None:
    await kit.give(*BILLS)
    assert (await place(kit, status, **body))["code"] == code
    assert (await kit.clerk.get("/v1/dunning-holds")).json()["items"] == []


async def test_a_hold_of_another_bureau_or_one_that_stands_already_is_refused(kit: Kit) -> None:
    await kit.give(*BILLS)
    await place(kit, until="2026-06-13")
    assert (await place(kit, 409))["code"] == "hold.stands_already"
    await place(kit, receivable_ids=[await owed(kit, "B2")])
    elsewhere = kit.client("clerk", "collection:write", org_units=["zj/ningbo"])
    foreign = await elsewhere.post(HOLDS, json={"reason": "claim", "until": "2026-04-15"})
    assert (foreign.status_code, foreign.json()["code"]) == (404, "account.unknown")
    nothing = await kit.clerk.post(f"{HOLDS}/9/end", json={"reason": "x"})
    assert (nothing.status_code, nothing.json()["code"]) == (404, "hold.unknown")

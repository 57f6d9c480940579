"""Accounts that are changed for days of issued bills, by two people from an amount of these bills on, over REST."""

from typing import Any

import httpx
import pytest

from shared.events.billing import AccountChanged
from tests.kits.billing import Desk, state, usage

REVIEWER = {"second": "billing:review"}
CHANGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("class", {"customer_class": "low_income"}, {}),
    ("household", {"people": 5}, {}),
    ("annulled", {}, {"annulled": True, "reason": "entered by mistake"}),
    ("ended", {}, {"to": "2026-01-15"}),
    ("opening", {}, {"opening_usage": [{"ladder": "year", "year": 2026, "used_wh": [1000, 0, 0]}]}),
    ("curve", {}, {"curve_minutes": 15}),
]


def changed(n: int, terms: dict[str, Any], contract: dict[str, Any]) -> dict[str, Any]:
    body = state(n)
    body["facts"].append({"from": "2026-01-10", "customer_class": "residential", "people": 3} | terms)
    if not terms:
        body["facts"].pop()
    body["contracts"][0] |= contract
    return body


async def billed(desk: Desk, *numbers: int) -> None:
    async with desk.client() as client:
        for n in numbers:
            assert (await client.put(f"/v1/accounts/A{n}", json=state(n))).status_code == 200
    await desk.released(*(usage(n) for n in numbers))


async def put(client: httpx.AsyncClient, n: int, body: dict[str, Any]) -> dict[str, Any]:
    """Put an account that awaits approval, and return what is asked for."""
    answer = await client.put(f"/v1/accounts/A{n}", json=body)
    assert (answer.status_code, answer.json()["status"]) == (202, "awaiting_approval"), answer.text
    listed = (await client.get("/v1/approvals?kind=account.billed_days&limit=500")).json()["items"]
    (asked,) = [one for one in listed if one["approval_id"] == answer.json()["id"]]
    return dict(asked)


@pytest.mark.parametrize(("terms", "contract"), [case[1:] for case in CHANGES], ids=[case[0] for case in CHANGES])
async def test_what_changes_days_of_issued_bills_is_done_once_a_second_person_has_approved_it(
    desk: Desk, terms: dict[str, Any], contract: dict[str, Any]
) -> None:
    await billed(desk, 1)
    desk.two_people()
    body = changed(1, terms, contract)
    async with desk.client() as client:
        before = (await client.get("/v1/accounts/A1")).json()
        asked = await put(client, 1, body)
        assert (await put(client, 1, body))["approval_id"] == asked["approval_id"], "asked once"
        assert (await client.get("/v1/accounts/A1")).json() == before
        told = len(await desk.published(AccountChanged))
        assert asked["content"]["issued"] == {"bills": 1, "total_fen": 10760}
        assert await desk.second(asked, subject="reviewer-1") == ("refused", "approval.own_request")
        assert await desk.second(asked, "billing:write", "approvals:decide") == ("refused", "approval.unknown")
        assert len(await desk.published(AccountChanged)) == told
        assert await desk.second(asked) == ("done", None)
        after = (await client.get("/v1/accounts/A1")).json()
        assert (await client.put("/v1/accounts/A1", json=body)).json()["status"] == "already_done"
    assert after["version"] == before["version"] + 1
    assert {name: after["contracts"][0][name] for name in contract} == contract
    assert {name: after["facts"][-1][name] for name in terms} == terms
    assert len(await desk.published(AccountChanged)) == told + 1


async def test_days_that_are_not_issued_and_small_bills_are_changed_by_one(desk: Desk) -> None:
    await billed(desk, 1)
    desk.two_people(account__billed_days=[{"from_fen": 10_761} | REVIEWER])
    async with desk.client() as client:
        small = await client.put("/v1/accounts/A1", json=changed(1, {"people": 5}, {}))
        assert (small.status_code, small.json()["status"]) == (200, "done")
    desk.two_people()
    later = changed(1, {"people": 5}, {})
    later["facts"].append({"from": "2026-02-01", "customer_class": "residential", "people": 3})
    async with desk.client() as client:
        unbilled = await client.put("/v1/accounts/A1", json=later)
        assert (unbilled.status_code, unbilled.json()["status"]) == (200, "done")
        ended = later["contracts"][0] | {"to": "2026-05-01"}
        answer = await client.put("/v1/accounts/A1", json=later | {"contracts": [ended]})
        assert answer.json()["status"] == "done"


async def test_a_row_that_awaits_a_second_person_stops_no_other_of_its_batch(desk: Desk) -> None:
    await billed(desk, 1, 2)
    desk.two_people()
    rows = [changed(1, {"people": 5}, {}) | {"account_no": "A1"}, state(3) | {"account_no": "A3"}]
    rows.append(changed(2, {"people": 5}, {}) | {"account_no": "A2"})
    async with desk.client() as client:
        outcomes = (await client.put("/v1/accounts", json={"items": rows})).json()["outcomes"]
        assert [one["status"] for one in outcomes] == ["awaiting_approval", "done", "awaiting_approval"]
        pending = (await client.get("/v1/approvals?state=pending")).json()["items"]
        assert {one["approval_id"] for one in pending} == {one["id"] for one in outcomes if one["id"] != "A3"}
    body = {
        "decision": "approve",
        "explanation": "seen on site",
        "items": [{k: one[k] for k in ("approval_id", "content_hash")} for one in pending],
    }
    async with desk.client(subject="two") as second:
        decided = (await second.post("/v1/approvals/decisions", json=body)).json()["outcomes"]
        people = [(await second.get(f"/v1/accounts/A{n}")).json()["facts"][-1]["people"] for n in (1, 2)]
    assert [one["status"] for one in decided] == ["done", "done"]
    assert people == [5, 5]


async def test_an_account_that_was_put_meanwhile_is_not_changed_by_the_approval(desk: Desk) -> None:
    await billed(desk, 1)
    desk.two_people()
    async with desk.client() as client:
        asked = await put(client, 1, changed(1, {"people": 5}, {}))
        other = await client.put("/v1/accounts/A1", json=changed(1, {"people": 6}, {}))
        assert (other.status_code, other.json()["code"]) == (409, "approval.asked_already")
        quick = await client.put("/v1/accounts/A1", json=state(1) | {"customer_no": "K1"})
        assert quick.json()["status"] == "done"
        assert await desk.second(asked) == ("refused", "account.changed_meanwhile")
        assert (await client.get("/v1/accounts/A1")).json()["facts"][-1]["people"] == 3


async def test_what_cannot_be_any_more_is_refused_with_its_code_when_it_is_approved(desk: Desk) -> None:
    await billed(desk, 1)
    async with desk.client() as client:
        ended = changed(1, {}, {"to": "2026-01-15"})
        assert (await client.put("/v1/accounts/A1", json=ended)).json()["status"] == "done"
        desk.two_people()
        asked = await put(client, 1, changed(1, {}, {"reason": "not moved out"}))
        other = state(2)
        other["contracts"][0] |= {"service_point_no": "SP1", "from": "2026-01-15"}
        other["contracts"][0]["opening_usage"] = []
        assert (await client.put("/v1/accounts/A2", json=other)).json()["status"] == "done"
    assert await desk.second(asked) == ("refused", "account.contracts_overlap")

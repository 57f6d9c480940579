"""Accounts over REST: what is put, what is answered, and what each usage then finds."""

from typing import Any

import httpx
import pytest

from services.billing.accounts import use_cases as accounts
from services.billing.contracts.tables import ACCOUNT
from shared.events.billing import AccountChanged
from tests.kits.billing import Desk, account, state, usage


async def test_an_account_comes_back_as_it_was_put(desk: Desk) -> None:
    async with desk.client() as client:
        first = await client.put("/v1/accounts/A1", json=state())
        again = await client.put("/v1/accounts/A1", json=state())
        shown = (await client.get("/v1/accounts/A1")).json()
    assert [a.json()["status"] for a in (first, again)] == ["done", "already_done"]
    assert shown["version"] == 1
    assert shown["contracts"][0]["tariffs"] == state()["contracts"][0]["tariffs"]
    assert shown["contracts"][0]["opening_usage"] == state()["contracts"][0]["opening_usage"]
    (fact,) = await desk.published(AccountChanged)
    assert (fact.customer_class, fact.contracts[0].service_point_no) == ("residential", "SP1")


async def test_a_batch_is_answered_item_by_item(desk: Desk) -> None:
    items = [
        state(1) | {"account_no": "A1"},
        state(2, facts=[{"from": "2024-01-01", "customer_class": "residential"}]) | {"account_no": "A2"},
        state(3, org_unit="sc/chengdu") | {"account_no": "A3"},
        state(1) | {"account_no": "A4"},
        state(5) | {"account_no": "A5"},
        state(6) | {"account_no": "A5"},
    ]
    async with desk.client(org_units=("zj",)) as client:
        answer = await client.put("/v1/accounts", json={"items": items})
    assert [(o["status"], o.get("code", "")) for o in answer.json()["outcomes"]] == [
        ("done", ""),
        ("refused", "account.facts_gap"),
        ("refused", "auth.other_org_unit"),
        ("refused", "account.contract_of_another_account"),
        ("refused", "request.repeated_in_batch"),
        ("refused", "request.repeated_in_batch"),
    ]
    assert await desk.count(ACCOUNT) == 1


async def test_a_service_point_has_one_contract_at_a_time(desk: Desk) -> None:
    second = state()
    second["contracts"][0] |= {"contract_no": "C9", "from": "2026-03-01"}
    ended = state()
    ended["contracts"][0]["to"] = "2026-03-01"
    async with desk.client() as client:
        await client.put("/v1/accounts/A1", json=state())
        overlap = await client.put("/v1/accounts/A9", json=second)
        await client.put("/v1/accounts/A1", json=ended)
        moved_in = await client.put("/v1/accounts/A9", json=second)
        vanished = await client.put("/v1/accounts/A1", json=state(contracts=[]))
        ended["contracts"][0]["service_point_no"] = "SP7"
        elsewhere = await client.put("/v1/accounts/A1", json=ended)
    assert (overlap.status_code, overlap.json()["code"]) == (409, "account.contracts_overlap")
    assert moved_in.status_code == 200
    assert (vanished.status_code, vanished.json()["code"]) == (422, "account.contract_missing")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "account.contract_moved")


async def test_a_clerk_of_another_org_unit_takes_no_account_over(desk: Desk) -> None:
    async with desk.client() as client, desk.client(org_units=("zj/ningbo",)) as elsewhere:
        await client.put("/v1/accounts/A1", json=state())
        taken = await elsewhere.put("/v1/accounts/A1", json=state(org_unit="zj/ningbo"))
        shown = (await client.get("/v1/accounts/A1")).json()
    assert (taken.status_code, taken.json()["code"]) == (403, "auth.other_org_unit")
    assert (shown["version"], shown["org_unit"]) == (1, state()["org_unit"])


async def test_usages_before_and_after_a_move_go_to_their_own_accounts(desk: Desk) -> None:
    ended, second = state(), state()
    ended["contracts"][0]["to"] = "2026-02-01"
    second["contracts"][0] |= {"contract_no": "C9", "from": "2026-02-01"}
    async with desk.client() as client:
        await client.put("/v1/accounts/A1", json=ended)
        await client.put("/v1/accounts/A9", json=second)
    await desk.measure(usage(1, 1), usage(1, 2))
    assert await desk.bills("account_no", "cycle") == [("A1", "2026-01"), ("A9", "2026-02")]


async def test_the_state_of_all_accounts_can_be_published_again(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    async with desk.db.begin() as tx:
        last = await accounts.republish_after(tx, "")
        end = await accounts.republish_after(tx, "A2")
    assert (last, end) == ("A2", None)
    facts = await desk.published(AccountChanged)
    assert [(f.account_no, f.version) for f in facts[2:]] == [("A1", 1), ("A2", 1)]
    assert [f.contracts for f in facts[:2]] == [f.contracts for f in facts[2:]]


async def put(client: httpx.AsyncClient, number: str, body: dict[str, Any], **of_contract: Any) -> tuple[int, str]:
    """Put an account with other values of its contract, and return status and code of the answer."""
    body["contracts"][0] |= of_contract
    answer = await client.put(f"/v1/accounts/{number}", json=body)
    return answer.status_code, answer.json().get("code", "")


async def test_a_contract_is_moved_and_annulled_only_with_a_reason(desk: Desk) -> None:
    async with desk.client() as client:
        await put(client, "A1", state(), to="2026-02-01")
        moved = await put(client, "A1", state(), to="2026-02-15")
        annulled = await put(client, "A1", state(), to="2026-02-01", annulled=True)
        assert moved == annulled == (422, "account.reason_missing")
        ended = {"to": "2026-02-15", "reason": "the key was handed over on the 15th"}
        assert await put(client, "A1", state(), **ended) == (200, "")
        assert await put(client, "A1", state(), **ended, annulled=True) == (200, "")
        shown = (await client.get("/v1/accounts/A1")).json()
        again = await client.put(
            "/v1/accounts/A1", json={k: v for k, v in shown.items() if k not in ("account_no", "version")}
        )
        trail = (await client.get("/v1/audit-entries", params={"entity_kind": "contract", "entity_id": "C1"})).json()[
            "items"
        ]
    assert again.json()["status"] == "already_done"
    assert (shown["contracts"][0]["annulled"], shown["contracts"][0]["to"]) == (True, "2026-02-15")
    assert [(e["action"], e["reason"], e["actor"]) for e in trail] == [
        ("contract.moved", ended["reason"], "reviewer-1"),
        ("contract.annulled", ended["reason"], "reviewer-1"),
    ]
    facts = await desk.published(AccountChanged)
    assert [fact.contracts[0].annulled for fact in facts] == [False, False, True]


async def test_a_tariff_that_does_not_exist_is_refused_at_once_and_not_after_the_read_day(desk: Desk) -> None:
    unknown = state() | {"account_no": "A2"}
    unknown["contracts"][0] |= {"contract_no": "C2", "service_point_no": "SP-2"}
    unknown["contracts"][0]["tariffs"] = [
        *state()["contracts"][0]["tariffs"],
        {"from": "2026-02-01", "tariff": "CN-ZJ/nne"},
    ]
    async with desk.client() as client:
        single = await client.put("/v1/accounts/A2", json={k: v for k, v in unknown.items() if k != "account_no"})
        answer = await client.put("/v1/accounts", json={"items": [unknown, state() | {"account_no": "A1"}]})
        shown = await client.get("/v1/accounts/A2")
    assert (single.status_code, single.json()["code"]) == (422, "account.tariff_unknown")
    assert single.json()["detail"].startswith("/contracts/0/tariffs/1: CN-ZJ/nne; there are: ")
    assert state()["contracts"][0]["tariffs"][0]["tariff"] in single.json()["detail"]
    assert [(o["id"], o["status"], o.get("code")) for o in answer.json()["outcomes"]] == [
        ("A2", "refused", "account.tariff_unknown"),
        ("A1", "done", None),
    ]
    assert shown.status_code == 404


def day_of_change(day: str) -> list[dict[str, Any]]:
    old, new = state() | {"account_no": "A1"}, state() | {"account_no": "A9"}
    old["contracts"][0] |= {"to": day, "reason": "the key was handed over then"}
    new["contracts"][0] |= {"contract_no": "C9", "from": day, "reason": "the key was handed over then"}
    new["contracts"][0]["tariffs"][0] |= {"from": day}
    return [old, new]


@pytest.mark.parametrize("day", ["2026-03-10", "2026-03-20"])
@pytest.mark.parametrize("turned", [False, True])
async def test_a_day_of_change_moves_both_ways_in_one_batch_in_any_order(desk: Desk, day: str, turned: bool) -> None:
    async with desk.client() as client:
        await client.put("/v1/accounts", json={"items": day_of_change("2026-03-15")})
        items = day_of_change(day)
        answer = await client.put("/v1/accounts", json={"items": items[::-1] if turned else items})
        assert [outcome["status"] for outcome in answer.json()["outcomes"]] == ["done", "done"]
        # who may not move leaves the other one where it is: the days between would have two contracts
        refused = day_of_change("2026-03-17" if day == "2026-03-20" else "2026-03-12")
        refused[day == "2026-03-10"]["contracts"][0].pop("reason")
        answer = await client.put("/v1/accounts", json={"items": refused[::-1] if turned else refused})
        codes = {outcome["id"]: outcome["code"] for outcome in answer.json()["outcomes"]}
        shown = [(await client.get(f"/v1/accounts/{no}")).json()["contracts"][0] for no in ("A1", "A9")]
    wrong, other = ("A9", "A1") if day == "2026-03-10" else ("A1", "A9")
    assert codes == {wrong: "account.reason_missing", other: "account.contracts_overlap"}
    assert (shown[0]["to"], shown[1]["from"]) == (day, day)


async def test_an_annulled_contract_leaves_its_service_point_to_another_account(desk: Desk) -> None:
    async with desk.client() as client:
        await put(client, "A1", state())
        assert await put(client, "A9", state(), contract_no="C9") == (409, "account.contracts_overlap")
        await put(client, "A1", state(), annulled=True, reason="entered twice")
        assert await put(client, "A9", state(), contract_no="C9") == (200, "")
        assert await put(client, "A1", state(), reason="it was right after all") == (409, "account.contracts_overlap")
    await desk.measure(usage(1))
    assert await desk.bills("contract_no") == [("C9",)]


async def test_the_bill_of_an_annulled_contract_is_cancelled_and_its_energy_goes_to_the_next(desk: Desk) -> None:
    async with desk.client() as client:
        await put(client, "A1", state())
        await desk.released(usage(1))
        await put(client, "A1", state(), annulled=True, reason="entered for the wrong flat")
        assert await desk.bills("status") == [("issued",)], "until reading tells the usage anew"
        await desk.measure(usage(1, version=2, replaces_reason="contract_annulled"))
        assert await desk.bills("status") == [("reversed",)]
        waiting = (await client.get("/v1/waiting-usages")).json()["items"]
        assert [item["usage_id"] for item in waiting] == ["U-1-1-2"]
        await put(client, "A9", state(), contract_no="C9")
    await desk.work()
    assert await desk.bills("contract_no", "status") == [("C1", "reversed"), ("C9", "issued")]


async def test_a_contract_states_the_slots_of_the_curve_that_its_bills_need(desk: Desk) -> None:
    async with desk.client() as client:
        assert (await put(client, "A1", state(), curve_minutes=20))[0] == 422
        assert await put(client, "A1", state(), curve_minutes=30) == (200, "")
        assert (await client.get("/v1/accounts/A1")).json()["contracts"][0]["curve_minutes"] == 30
    (fact,) = await desk.published(AccountChanged)
    assert fact.contracts[0].curve_minutes == 30

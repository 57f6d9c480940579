"""Accounts over REST: what is put, what is answered, and what each usage then finds."""

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
    assert (overlap.status_code, overlap.json()["code"]) == (409, "account.contracts_overlap")
    assert moved_in.status_code == 200
    assert (vanished.status_code, vanished.json()["code"]) == (422, "account.contract_missing")


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
    assert last == "A2"
    facts = await desk.published(AccountChanged)
    assert [(f.account_no, f.version) for f in facts[2:]] == [("A1", 1), ("A2", 1)]
    assert [f.contracts for f in facts[:2]] == [f.contracts for f in facts[2:]]

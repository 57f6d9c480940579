"""Large sums leave suspense, and are taken back, by two people; on both databases."""

import asyncio
from typing import Any

import httpx

from services.collection.payments.tables import PAYMENT
from tests.kits.approvals import decided
from tests.kits.collection import Kit, account, bill, issued

LARGE = 500_000  # of the shipped policy: 5,000 yuan
ALLOCATE = {"action": "allocate", "account_no": "A1", "reason": "named by the bank"}
QUICK = {"suspense.resolution": [{"from_fen": LARGE + 1, "second": "collection:write"}]}
RETURN = {"action": "return", "reason": "nobody knows it"}


async def suspended(kit: Kit, fen: int = LARGE, txn: str = "T1") -> str:
    return str((await kit.call_back("nowhere", fen, txn)).json()["payment_id"])


async def resolve(
    kit: Kit, payment_id: str, body: dict[str, str], key: str = "r", by: httpx.AsyncClient | None = None
) -> httpx.Response:
    path = f"/v1/suspense/{payment_id}/resolution"
    return await (by or kit.clerk).post(path, json=body, headers={"Idempotency-Key": key})


async def reverse(kit: Kit, payment_id: str, key: str = "v") -> httpx.Response:
    path = f"/v1/payments/{payment_id}/reversal"
    return await kit.clerk.post(path, json={"reason": "bounced"}, headers={"Idempotency-Key": key})


async def states(kit: Kit) -> list[str]:
    return sorted(row["status"] for row in await kit.rows(PAYMENT))


async def asked(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def test_a_large_sum_in_suspense_is_given_to_an_account_by_two_people(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    payment_id = await suspended(kit)

    waits = await asked(await resolve(kit, payment_id, ALLOCATE))

    assert await asked(await resolve(kit, payment_id, ALLOCATE)) == waits, "the same key"
    assert await asked(await resolve(kit, payment_id, ALLOCATE, "r3")) == waits, "asked once"
    other = await resolve(kit, payment_id, RETURN, "r4")
    assert (other.status_code, other.json()["code"]) == (409, "approval.asked_already")
    assert await states(kit) == ["suspense"], "asked is not done"
    (shown,) = (await kit.second.get("/v1/approvals?kind=suspense.resolution")).json()["items"]
    assert shown["content"] == {
        "payment_id": payment_id,
        "action": "allocate",
        "account_no": "A1",
        "amount_fen": LARGE,
        "decided_on": "2026-04-15",
        "reason": "named by the bank",
        "org_units": ["", "zj/hangzhou"],
        "second": "collection:write",
    }
    assert await decided(kit.clerk, [waits]) == ["approval.own_request"]
    assert await decided(kit.second, [waits | {"content_hash": "0" * 64}]) == ["approval.other_content"]
    assert await states(kit) == ["suspense"]

    assert await decided(kit.second, [waits]) == ["done"]

    assert await decided(kit.second, [waits]) == ["approval.not_pending"]
    assert await kit.money() == (0, LARGE - 1_000)
    (row,) = await kit.rows(PAYMENT)
    assert (row["status"], row["account_no"], row["decided_by"]) == ("posted", "A1", "clerk")
    assert len(await kit.facts("collection.payment_received.v1")) == 1


async def test_a_large_sum_goes_back_to_its_payer_by_two_people(kit: Kit) -> None:
    payment_id = await suspended(kit)
    waits = await asked(await resolve(kit, payment_id, RETURN))

    assert await decided(kit.second, [waits], decision="reject") == ["done"]
    assert await states(kit) == ["suspense"]
    again = await asked(await resolve(kit, payment_id, RETURN, "r2"))
    assert await decided(kit.second, [again]) == ["done"]

    assert await states(kit) == ["returned"]


async def test_a_large_payment_is_taken_back_by_two_people_none_of_whom_took_it(kit: Kit) -> None:
    payment = await kit.pay(LARGE)

    waits = await asked(await reverse(kit, payment["payment_id"]))

    cashier = kit.client("cashier", "collection:write", "approvals:decide")
    assert await decided(cashier, [waits]) == ["payment.maker_is_checker"]
    assert await states(kit) == ["posted"]
    assert await decided(kit.second, [waits]) == ["done"]
    assert await states(kit) == ["reversed"]
    assert await kit.money() == (0, 0)


async def test_a_small_sum_is_moved_by_one_person(kit: Kit) -> None:
    small = await suspended(kit, LARGE - 1)

    assert (await resolve(kit, small, ALLOCATE)).status_code == 200
    assert (
        await kit.second.post(
            f"/v1/payments/{small}/reversal", json={"reason": "mistake"}, headers={"Idempotency-Key": "v"}
        )
    ).status_code == 200


async def test_where_the_policy_is_silent_every_sum_needs_two_people(kit: Kit) -> None:
    kit.two_people({})

    await asked(await resolve(kit, await suspended(kit, 1), RETURN))
    await asked(await reverse(kit, (await kit.pay(1))["payment_id"]))

    assert await states(kit) == ["posted", "suspense"]


async def test_what_has_changed_since_it_was_asked_for_is_not_done_by_the_approval(kit: Kit) -> None:
    payment_id = await suspended(kit)
    waits = await asked(await resolve(kit, payment_id, ALLOCATE))
    kit.two_people(QUICK)
    assert (await resolve(kit, payment_id, RETURN, "r2")).status_code == 200

    assert await decided(kit.second, [waits]) == ["payment.not_in_suspense"]

    assert await states(kit) == ["returned"]
    assert (await kit.clerk.post(f"/v1/approvals/{waits['approval_id']}/withdrawal")).status_code == 200


async def test_money_does_not_follow_an_account_to_an_org_unit_that_nobody_saw(kit: Kit) -> None:
    waits = await asked(await resolve(kit, await suspended(kit), ALLOCATE))
    await kit.give(account("A1", version=2, org_unit="zj/ningbo"))

    assert await decided(kit.second, [waits]) == ["account.unknown"]

    assert await states(kit) == ["suspense"]


async def test_who_approves_sees_whose_money_it_is(kit: Kit) -> None:
    order_id = await kit.order(LARGE)
    payment_id = (await kit.call_back(order_id, LARGE + 1)).json()["payment_id"]
    hangzhou = kit.client("h", "collection:write", "approvals:decide", org_units=["zj/hangzhou"])
    ningbo = kit.client("n", "collection:write", "approvals:decide", org_units=["zj/ningbo"])
    reader = kit.client("r", "collection:read", "approvals:decide")
    known = await asked(await resolve(kit, payment_id, ALLOCATE))
    unknown = await asked(await resolve(kit, await suspended(kit, txn="T2"), RETURN))

    assert await decided(ningbo, [known]) == ["approval.unknown"]
    assert await decided(reader, [known]) == ["approval.unknown"]
    assert (await ningbo.get("/v1/approvals")).json()["items"] == []
    assert await decided(hangzhou, [unknown, known]) == ["approval.unknown", "done"]


async def test_one_that_is_refused_stops_no_other_of_its_batch(kit: Kit) -> None:
    first, second, third = [await suspended(kit, LARGE, f"T{i}") for i in range(3)]
    waits = [await asked(await resolve(kit, each, ALLOCATE)) for each in (first, second, third)]
    kit.two_people(QUICK)
    await resolve(kit, second, RETURN, "r2")

    assert await decided(kit.second, waits) == ["done", "payment.not_in_suspense", "done"]

    assert await states(kit) == ["posted", "posted", "returned"]
    assert await kit.money() == (0, 2 * LARGE)


async def test_of_two_who_approve_at_the_same_moment_one_does(kit: Kit) -> None:
    waits = await asked(await resolve(kit, await suspended(kit), ALLOCATE))
    third = kit.client("third", "collection:write", "approvals:decide")

    found = await asyncio.gather(*(decided(who, [waits]) for who in (kit.second, third)))

    assert sorted(code for (code,) in found) == ["approval.not_pending", "done"]
    assert await kit.money() == (0, LARGE)

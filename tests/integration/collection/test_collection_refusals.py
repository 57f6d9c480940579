"""Bad input: each with its code, and nothing changed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from services.collection.adapters import tables
from tests import collection_kit
from tests.collection_kit import Kit, account, bill, issued

OPENING = {
    "document_no": "OLD-1",
    "account_no": "A1",
    "amount_fen": 100,
    "issued_on": "2025-12-01",
    "due_on": "2025-12-20",
    "posted_on": "2026-03-01",
}


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    async with collection_kit.started(f"sqlite+aiosqlite:///{tmp_path}/test.db", tmp_path) as made:
        await made.give(account())
        await made.give(issued(bill("B1", 1_000)))
        await made.clerk.post("/v1/months/2026-01/close")
        yield made
        await made.check_books()


PAYMENTS: list[tuple[dict[str, Any], int, str]] = [
    ({"amount_fen": 0}, 422, "request.invalid"),
    ({"amount_fen": -1}, 422, "request.invalid"),
    ({"amount_fen": 1.5}, 422, "request.invalid"),
    ({"amount_fen": "100"}, 422, "request.invalid"),
    ({"amount_fen": 10**14}, 422, "request.invalid"),
    ({"account_no": "nobody"}, 404, "account.unknown"),
    ({"received_on": "2026-01-31"}, 409, "ledger.month_closed"),
    ({"received_on": "2026-04-16"}, 422, "payment.dated_in_future"),
    ({"surprise": 1}, 422, "request.invalid"),
]


@pytest.mark.parametrize(("change", "status", "code"), PAYMENTS)
async def test_a_wrong_payment_is_refused_and_changes_nothing(
    kit: Kit, change: dict[str, Any], status: int, code: str
) -> None:
    body = {"account_no": "A1", "amount_fen": 100, "received_on": "2026-03-01"} | change

    answer = await kit.cashier.post("/v1/payments", json=body, headers={"Idempotency-Key": "k"})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await kit.rows(tables.PAYMENT) == []
    assert await kit.rows(tables.PLATFORM.idempotency_key) == []
    assert await kit.money() == (1_000, 0)


async def test_a_payment_without_an_idempotency_key_is_refused(kit: Kit) -> None:
    answer = await kit.cashier.post("/v1/payments", json={"account_no": "A1", "amount_fen": 100})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


async def test_broken_json_is_refused(kit: Kit) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    answer = await kit.cashier.post("/v1/payments", content=b"{", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed_json")


@pytest.mark.parametrize("case", ["other secret", "changed body", "no signature", "unknown channel", "not text"])
async def test_a_forged_callback_is_refused_and_changes_nothing(kit: Kit, case: str) -> None:
    order_id = await kit.order(1_000)
    body = orjson.dumps({"channel_txn": "T1", "order_id": order_id, "amount_fen": 1_000, "paid_on": "2026-03-01"})
    if case == "other secret":
        answer = await kit.report(body, secret="x" * 40)
    elif case == "unknown channel":
        answer = await kit.report(body, channel="moon")
    else:
        signature = {"changed body": b"0" * 64, "no signature": b"", "not text": b"\xe9"}[case]
        client = kit.client("nobody")
        client.headers = httpx.Headers([(b"X-Channel-Signature", signature)])
        answer = await client.post(
            "/v1/channels/app/callbacks", content=body, headers={"Content-Type": "application/json"}
        )

    assert (answer.status_code, answer.json()["code"]) == (401, "channel.invalid_signature")
    assert await kit.rows(tables.PAYMENT) == []


async def test_a_signed_callback_of_no_money_is_refused(kit: Kit) -> None:
    answer = await kit.call_back(await kit.order(1_000), 0)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"account_no": "nobody"}, 404, "account.unknown"),
        ({"channel": "moon"}, 422, "channel.unknown"),
        ({"channel": "counter"}, 422, "channel.unknown"),
        ({"amount_fen": 0}, 422, "request.invalid"),
    ],
)
async def test_a_wrong_order_is_refused(kit: Kit, change: dict[str, Any], status: int, code: str) -> None:
    body = {"account_no": "A1", "amount_fen": 100, "channel": "app"} | change
    answer = await kit.clerk.post("/v1/payment-orders", json=body, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await kit.rows(tables.ORDER) == []


async def put(kit: Kit, *items: dict[str, Any]) -> Any:
    return await kit.clerk.put("/v1/opening-receivables", json={"items": list(items)})


async def test_opening_receivables_are_owed_against_the_opening_account(kit: Kit) -> None:
    answer = await put(kit, OPENING, OPENING | {"document_no": "OLD-2", "account_no": "later"})

    assert [one["status"] for one in answer.json()["outcomes"]] == ["done", "waiting"]
    assert await kit.money() == (1_100, 0)
    opening = [row["amount_fen"] for row in await kit.rows(tables.ENTRY) if row["ledger_account"] == "4001.01"]
    assert opening == [-100]
    again = await put(kit, OPENING, OPENING | {"document_no": "OLD-2", "account_no": "later"})
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
        await put(kit, OPENING)
    before = await kit.money()

    answer = await put(kit, OPENING | change)

    outcome = answer.json()["outcomes"][0]
    assert (outcome["status"], outcome["code"]) == (status, code)
    assert await kit.money() == before


async def test_a_batch_above_the_limit_is_refused(kit: Kit) -> None:
    answer = await put(kit, *(OPENING | {"document_no": f"OLD-{i}"} for i in range(501)))
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


@pytest.mark.parametrize("amount_fen", [0, -5])
async def test_an_opening_receivable_is_above_zero(kit: Kit, amount_fen: int) -> None:
    answer = await put(kit, OPENING | {"amount_fen": amount_fen})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


async def test_months_close_in_order_after_their_end_and_once(kit: Kit) -> None:
    async def close(month: str) -> tuple[int, str]:
        answer = await kit.clerk.post(f"/v1/months/{month}/close")
        return answer.status_code, answer.json().get("code") or answer.json()["status"]

    assert await close("2026-03") == (409, "ledger.month_out_of_order")
    assert await close("2026-01") == (200, "already_done")
    assert await close("2026-02") == (200, "done")
    assert await close("2026-03") == (200, "done")
    assert await close("2026-04") == (409, "ledger.month_not_ended")


async def test_another_org_unit_sees_and_moves_nothing(kit: Kit) -> None:
    await put(kit, OPENING)
    payment = await kit.pay(100)
    client = kit.client("n", "collection:read", "collection:write", "collection:cashier", org_units=["zj/ningbo"])
    key = {"Idempotency-Key": "k"}

    answers = [
        await client.get("/v1/accounts/A1"),
        await client.get("/v1/accounts/A1/statement"),
        await client.get(f"/v1/payments/{payment['payment_id']}"),
        await client.post("/v1/payments", json={"account_no": "A1", "amount_fen": 1}, headers=key),
        await client.post(
            "/v1/payment-orders", json={"account_no": "A1", "amount_fen": 1, "channel": "app"}, headers=key
        ),
        await client.post(f"/v1/payments/{payment['payment_id']}/reversal", json={"reason": "x"}, headers=key),
    ]

    assert [answer.status_code for answer in answers] == [404] * 6
    assert (await client.get("/v1/receivables")).json()["items"] == []
    assert (await client.get("/v1/payments")).json()["items"] == []
    assert (await client.get("/v1/trial-balance")).json()["code"] == "auth.other_org_unit"
    opening = await client.put("/v1/opening-receivables", json={"items": [OPENING | {"document_no": "X"}]})
    assert opening.json()["outcomes"][0]["code"] == "auth.other_org_unit"
    below = kit.client("h", "collection:read", org_units=["zj"])
    assert len((await below.get("/v1/receivables")).json()["items"]) == 2


async def test_a_missing_scope_is_refused(kit: Kit) -> None:
    key = {"Idempotency-Key": "k"}
    reader = kit.client("reader", "collection:read")
    body = {"account_no": "A1", "amount_fen": 1}
    assert (await reader.post("/v1/payments", json=body, headers=key)).json()["code"] == "auth.missing_scope"
    assert (await kit.cashier.post("/v1/months/2026-02/close")).json()["code"] == "auth.missing_scope"
    assert (await kit.clerk.post("/v1/payments", json=body, headers=key)).json()["code"] == "auth.missing_scope"

"""Who may see and move what."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kits import collection as collection_kit
from tests.kits.collection import OPENING, Kit, put_openings


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    async with collection_kit.started_with_a_closed_month(tmp_path) as made:
        yield made


async def test_another_org_unit_sees_and_moves_nothing(kit: Kit) -> None:
    await put_openings(kit, OPENING)
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
    assert (await client.get("/v1/trial-balance")).json()["code"] == "auth.whole_utility"
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

"""A request under an Idempotency-Key that was used is answered as before; with another body it is refused."""

import pytest
from sqlalchemy import delete

from services.collection.base import PLATFORM
from services.collection.payments import tables
from tests.kits.collection import Kit

RECEIPT = {"account_no": "A1", "amount_fen": 100, "received_on": "2026-03-01"}
CHANGES = {
    "amount_fen": 101,
    "account_no": "A2",
    "received_on": "2026-03-02",
    "channel": "bank",
    "reason": "another",
    "reversed_on": "2026-03-02",
    "resolved_on": "2026-03-02",
    "action": "return",
}


@pytest.mark.parametrize(
    ("route", "body", "changed"),
    [
        (route, body, changed)
        for route, body in (
            ("/v1/payments", RECEIPT),
            ("/v1/payment-orders", {"account_no": "A1", "amount_fen": 100, "channel": "app"}),
            ("/v1/payments/{paid}/reversal", {"reason": "mistake", "reversed_on": "2026-03-01"}),
            (
                "/v1/suspense/{suspended}/resolution",
                {"action": "allocate", "account_no": "A1", "reason": "found", "resolved_on": "2026-03-01"},
            ),
        )
        for changed in body
    ],
)
async def test_a_repetition_is_answered_as_before_and_another_body_refused(
    kit: Kit, route: str, body: dict[str, object], changed: str
) -> None:
    paid = (await kit.pay(100))["payment_id"]
    suspended = (await kit.call_back("nobody", 1_000)).json()["payment_id"]
    client = kit.client("both", "collection:read", "collection:write", "collection:cashier")
    url, key = route.format(paid=paid, suspended=suspended), {"Idempotency-Key": "k"}
    other = body | {changed: CHANGES[changed]}
    if other.get("action") == "return":
        del other["account_no"]

    first = await client.post(url, json=body, headers=key)
    again = await client.post(url, json=body, headers=key)
    changed_body = await client.post(url, json=other, headers=key)

    assert first.status_code in (200, 201), first.text
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert (changed_body.status_code, changed_body.json()["code"]) == (422, "idempotency.key_reused")
    await kit.check_books()


async def test_a_receipt_that_is_entered_again_when_its_answer_is_forgotten_is_the_same_payment(kit: Kit) -> None:
    client, key = kit.client("both", "collection:read", "collection:cashier"), {"Idempotency-Key": "receipt-7"}
    first = await client.post("/v1/payments", json=RECEIPT, headers=key)
    async with kit.database.begin() as tx:
        await tx.execute(delete(PLATFORM.idempotency_key))

    again = await client.post("/v1/payments", json=RECEIPT, headers=key)
    other = await client.post(
        "/v1/payments", json=RECEIPT | {"amount_fen": 101}, headers={"Idempotency-Key": "receipt-7"}
    )

    assert again.json() == first.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    assert len(await kit.rows(tables.PAYMENT)) == 1
    await kit.check_books()

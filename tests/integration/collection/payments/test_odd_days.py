"""A callback of an odd day, and one that repeats with another, is answered and never fails."""

import pytest

from tests.kits.collection import TODAY, Kit, bill, issued

FUTURE = ("2026-04-16", "2027-01-01", "9999-12-31")
PAST = ("0001-01-01", "1900-01-01", "2025-12-31")


@pytest.mark.parametrize("paid_on", [*FUTURE, *PAST])
@pytest.mark.parametrize("owes", [True, False])
async def test_a_callback_of_any_day_is_posted_once_and_repeats_with_a_finding(
    kit: Kit, paid_on: str, owes: bool
) -> None:
    if owes:
        await kit.give(issued(bill("B1", 1_000)))
    order_id = await kit.order(1_000)

    first = await kit.call_back(order_id, 1_000, paid_on=paid_on)
    again = await kit.call_back(order_id, 1_000, paid_on=paid_on)
    other = await kit.call_back(order_id, 1_000, paid_on="2026-03-01")
    later = await kit.call_back(order_id, 1_000, paid_on="2026-04-17")

    assert [(one.status_code, one.json().get("status")) for one in (first, again)] == [
        (200, "done"),
        (200, "already_done"),
    ]
    assert [(one.status_code, one.json()["code"]) for one in (other, later)] == [
        (409, "payment.conflicting_duplicate")
    ] * 2
    future = ["payment.dated_in_future"] if paid_on in FUTURE else []
    assert await kit.findings() == ["payment.conflicting_duplicate", *future]
    (payment,) = (await kit.clerk.get("/v1/payments?account_no=A1")).json()["items"]
    assert payment["received_on"] == (str(TODAY) if future else paid_on)
    assert await kit.money() == ((0, 0) if owes else (0, 1_000))


@pytest.mark.parametrize("paid_on", [*FUTURE, *PAST])
async def test_money_in_suspense_of_any_day_is_decided_on(kit: Kit, paid_on: str) -> None:
    payment_id = (await kit.call_back("nobody", 1_000, paid_on=paid_on)).json()["payment_id"]
    answer = await kit.clerk.post(
        f"/v1/suspense/{payment_id}/resolution",
        json={"action": "allocate", "account_no": "A1", "reason": "found", "resolved_on": "2026-04-15"},
        headers={"Idempotency-Key": "r"},
    )
    assert answer.status_code == 200, answer.text
    assert await kit.money() == (0, 1_000)

"""A callback of an odd day, and one that repeats with another, is answered and never fails."""

import pytest

from tests.kits.collection import TODAY, Kit, bill, issued
from tests.kits.effort import in_turn

FUTURE = ("2026-04-16", "2027-01-01", "2199-12-31")
PAST = ("1950-01-01", "2025-12-31")


@in_turn("paid_on", [*FUTURE, *PAST])
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


@pytest.mark.parametrize("paid_on", ["0001-01-01", "1900-01-01", "9999-12-31", "２０２６-03-01", "0", 0])
async def test_a_callback_of_a_day_that_nobody_means_is_refused_and_may_come_again_with_the_right_one(
    kit: Kit, paid_on: str
) -> None:
    order_id = await kit.order(1_000)
    answer = await kit.call_back(order_id, 1_000, paid_on=paid_on)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["body/paid_on"]
    assert await kit.money() == (0, 0)
    assert (await kit.call_back(order_id, 1_000, paid_on="2026-03-01")).json()["status"] == "done"


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


@pytest.mark.parametrize(("reversed_on", "status"), [("2026-02-28", 422), ("2026-03-01", 200)])
async def test_a_payment_is_not_taken_back_before_it_came(kit: Kit, reversed_on: str, status: int) -> None:
    payment_id = (await kit.pay(1_000, on="2026-03-01"))["payment_id"]

    back = await kit.client("other", "collection:write").post(
        f"/v1/payments/{payment_id}/reversal",
        json={"reason": "bounced", "reversed_on": reversed_on},
        headers={"Idempotency-Key": "v"},
    )

    assert back.status_code == status, back.text
    assert back.json().get("code") == ("payment.before_its_receipt" if status == 422 else None)
    assert await kit.money() == ((0, 1_000) if status == 422 else (0, 0))


@pytest.mark.parametrize(
    ("reversed_on", "answer"),
    [
        ("2026-03-01", (422, "payment.before_its_receipt")),
        ("2026-04-09", (422, "payment.before_its_receipt")),
        ("2026-04-16", (422, "payment.dated_in_future")),
        ("2026-04-10", (200, "reversed")),
    ],
)
async def test_what_came_out_of_suspense_is_not_taken_back_before_it_came(
    kit: Kit, reversed_on: str, answer: tuple[int, str]
) -> None:
    payment_id = (await kit.call_back("nobody", 1_000)).json()["payment_id"]
    given = {"action": "allocate", "account_no": "A1", "reason": "found", "resolved_on": "2026-04-10"}
    await kit.clerk.post(f"/v1/suspense/{payment_id}/resolution", json=given, headers={"Idempotency-Key": "r"})

    back = await kit.client("other", "collection:write").post(
        f"/v1/payments/{payment_id}/reversal",
        json={"reason": "mistake", "reversed_on": reversed_on},
        headers={"Idempotency-Key": "v"},
    )

    assert (back.status_code, back.json().get("code") or back.json()["status"]) == answer
    await kit.check_books()

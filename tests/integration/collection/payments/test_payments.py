"""Payments, suspense and reversals, through the routes, on both databases."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from services.collection.ledger import tables
from tests.kits import collection as collection_kit
from tests.kits.collection import Kit, account, bill, issued


@pytest.fixture
async def kit(database_url: str, tmp_path: Path) -> AsyncIterator[Kit]:
    async with collection_kit.started(database_url, tmp_path) as made:
        await made.give(account())
        await made.give(issued(bill("B1", 1_000)), issued(bill("B2", 500, due_on=date(2026, 3, 22))))
        yield made
        await made.check_books()


async def test_a_payment_settles_the_oldest_debt_first_and_the_rest_becomes_prepayment(kit: Kit) -> None:
    first = await kit.pay(1_200)
    assert await kit.money() == (300, 0)
    assert [part["amount_fen"] for part in first["allocations"]] == [1_000, 200]

    second = await kit.pay(400)
    assert await kit.money() == (0, 100)
    assert second["unallocated_fen"] == 100
    assert [fact["amount_fen"] for fact in await kit.facts("collection.payment_received.v1")] == [1_200, 400]
    assert [f["document_id"] for f in await kit.facts("collection.receivable_cleared.v1")] == ["B1", "B2"]


async def test_a_callback_pays_its_order(kit: Kit) -> None:
    order_id = await kit.order(1_000)

    answer = await kit.call_back(order_id, 1_000)

    assert (answer.status_code, answer.json()["payment_status"]) == (200, "posted")
    order = (await kit.clerk.get(f"/v1/payment-orders/{order_id}")).json()
    assert (order["status"], order["payment_id"]) == ("paid", answer.json()["payment_id"])
    assert await kit.money() == (500, 0)
    cash = [row for row in await kit.rows(tables.ENTRY) if row["ledger_account"] == "1012.01"]
    assert [row["amount_fen"] for row in cash] == [1_000]


async def test_a_callback_that_comes_twice_is_one_payment(kit: Kit) -> None:
    order_id = await kit.order(1_000)
    first = await kit.call_back(order_id, 1_000)
    second = await kit.call_back(order_id, 1_000)

    assert (first.json()["status"], second.json()["status"]) == ("done", "already_done")
    assert first.json()["payment_id"] == second.json()["payment_id"]
    assert await kit.money() == (500, 0)


async def test_the_same_transaction_number_with_other_content_is_refused_and_found(kit: Kit) -> None:
    order_id = await kit.order(1_000)
    await kit.call_back(order_id, 1_000)
    answer = await kit.call_back(order_id, 999)

    assert (answer.status_code, answer.json()["code"]) == (409, "payment.conflicting_duplicate")
    assert await kit.findings() == ["payment.conflicting_duplicate"]
    assert await kit.money() == (500, 0)


async def test_a_wrong_amount_goes_to_suspense_with_a_finding_and_is_never_allocated(kit: Kit) -> None:
    order_id = await kit.order(1_000)
    answer = await kit.call_back(order_id, 900)

    assert answer.json()["payment_status"] == "suspense"
    assert await kit.findings() == ["payment.amount_differs"]
    assert await kit.money() == (1_500, 0)
    assert (await kit.clerk.get(f"/v1/payment-orders/{order_id}")).json()["status"] == "open"


@pytest.mark.parametrize("case", ["order_unknown", "order_of_other_channel", "order_already_paid"])
async def test_money_without_a_fitting_order_goes_to_suspense(kit: Kit, case: str) -> None:
    order_id = "nowhere" if case == "order_unknown" else await kit.order(1_000)
    if case == "order_already_paid":
        await kit.call_back(order_id, 1_000, "T0")
    channel = "wallet" if case == "order_of_other_channel" else "app"

    answer = await kit.call_back(order_id, 1_000, channel=channel)

    assert answer.json()["payment_status"] == "suspense"
    assert await kit.findings() == [f"payment.{case}"]


async def test_money_dated_in_the_future_or_in_a_closed_month_is_still_taken(kit: Kit) -> None:
    assert await kit.close("2026-02") == ["done"]
    late = await kit.call_back(await kit.order(1_000), 1_000, "T1", paid_on="2026-02-10")
    early = await kit.call_back(await kit.order(500), 500, "T2", paid_on="2027-01-01")

    assert [late.json()["payment_status"], early.json()["payment_status"]] == ["posted", "posted"]
    days = {
        row["document_id"]: (row["business_date"], row["accounting_date"]) for row in await kit.rows(tables.TRANSACTION)
    }
    assert days[late.json()["payment_id"]] == (date(2026, 2, 10), date(2026, 3, 1))
    assert days[early.json()["payment_id"]] == (collection_kit.TODAY, collection_kit.TODAY)
    assert await kit.findings() == ["payment.dated_in_future"]


async def test_money_dated_in_the_future_that_is_told_again_is_the_same_payment(kit: Kit) -> None:
    order_id = await kit.order(500)
    first = await kit.call_back(order_id, 500, paid_on="2027-01-01")
    again = await kit.call_back(order_id, 500, paid_on="2027-01-01")
    other_day = await kit.call_back(order_id, 500, paid_on="2027-01-02")

    assert (again.status_code, again.json()["status"]) == (200, "already_done")
    assert again.json()["payment_id"] == first.json()["payment_id"]
    assert other_day.json()["code"] == "payment.conflicting_duplicate"


async def resolve(kit: Kit, payment_id: str, body: dict[str, str], key: str = "r1") -> tuple[int, str]:
    answer = await kit.clerk.post(
        f"/v1/suspense/{payment_id}/resolution",
        json={"reason": "clarified by the bank", **body},
        headers={"Idempotency-Key": key},
    )
    return answer.status_code, answer.json().get("code") or answer.json()["status"]


async def test_money_in_suspense_can_be_given_to_an_account(kit: Kit) -> None:
    payment_id = (await kit.call_back("nowhere", 1_200)).json()["payment_id"]

    assert await resolve(kit, payment_id, {"action": "allocate", "account_no": "A1"}) == (200, "posted")
    assert await kit.money() == (300, 0)
    assert await resolve(kit, payment_id, {"action": "return"}, "r2") == (409, "payment.not_in_suspense")
    audit = await kit.admin.get(f"/v1/audit-entries?entity_kind=payment&entity_id={payment_id}")
    assert [(e["actor"], e["action"]) for e in audit.json()["items"]] == [
        ("channel:app", "payment.confirm"),
        ("clerk", "suspense.allocate"),
    ]


async def test_money_in_suspense_can_be_returned(kit: Kit) -> None:
    payment_id = (await kit.call_back("nowhere", 1_200)).json()["payment_id"]

    assert await resolve(kit, payment_id, {"action": "return"}) == (200, "returned")
    assert await kit.money() == (1_500, 0)


async def reverse(kit: Kit, payment_id: str, key: str = "v1", on: str = "2026-03-20") -> tuple[int, str]:
    answer = await kit.clerk.post(
        f"/v1/payments/{payment_id}/reversal",
        json={"reason": "cheque bounced", "reversed_on": on},
        headers={"Idempotency-Key": key},
    )
    return answer.status_code, answer.json().get("code") or answer.json()["status"]


async def test_a_reversed_payment_reopens_what_it_had_settled(kit: Kit) -> None:
    payment = await kit.pay(1_700)
    assert await kit.money() == (0, 200)

    assert await reverse(kit, payment["payment_id"]) == (200, "reversed")

    assert await kit.money() == (1_500, 0)
    assert {row["status"] for row in await kit.rows(tables.RECEIVABLE)} == {"open"}
    (told,) = await kit.facts("collection.payment_reversed.v1")
    assert (told["payment_id"], told["amount_fen"], told["outstanding_fen"]) == (payment["payment_id"], 1_700, 1_500)
    assert await reverse(kit, payment["payment_id"], "v2") == (409, "payment.not_posted")


async def test_prepayment_of_a_reversed_payment_is_taken_back_from_the_bill_that_it_settled_later(kit: Kit) -> None:
    payment = await kit.pay(1_700)
    await kit.give(issued(bill("B3", 150, due_on=date(2026, 4, 22))))
    assert await kit.money() == (0, 50)

    await reverse(kit, payment["payment_id"])

    assert await kit.money() == (1_650, 0)


async def test_other_prepayment_settles_what_a_reversal_reopened(kit: Kit) -> None:
    first = await kit.pay(1_500)
    await kit.pay(800)
    assert await kit.money() == (0, 800)

    await reverse(kit, first["payment_id"])

    assert await kit.money() == (700, 0)
    assert [told["outstanding_fen"] for told in await kit.facts("collection.payment_reversed.v1")] == [700]


async def test_money_given_from_suspense_can_be_reversed(kit: Kit) -> None:
    payment_id = (await kit.call_back("nowhere", 1_200)).json()["payment_id"]
    await resolve(kit, payment_id, {"action": "allocate", "account_no": "A1"})
    answer = await kit.client("other", "collection:write").post(
        f"/v1/payments/{payment_id}/reversal", json={"reason": "mistake"}, headers={"Idempotency-Key": "v"}
    )

    assert answer.json()["status"] == "reversed"
    assert await kit.money() == (1_500, 0)


async def test_who_took_a_payment_cannot_reverse_it(kit: Kit) -> None:
    both = kit.client("both", "collection:cashier", "collection:write")
    body = {"account_no": "A1", "amount_fen": 100}
    payment = (await both.post("/v1/payments", json=body, headers={"Idempotency-Key": "p"})).json()

    answer = await both.post(
        f"/v1/payments/{payment['payment_id']}/reversal", json={"reason": "mine"}, headers={"Idempotency-Key": "v"}
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "payment.maker_is_checker")
    assert await kit.money() == (1_400, 0)


async def test_the_same_idempotency_key_is_one_payment_and_another_body_is_refused(kit: Kit) -> None:
    first = await kit.pay(100, key="k")
    second = await kit.pay(100, key="k")
    other = await kit.cashier.post(
        "/v1/payments", json={"account_no": "A1", "amount_fen": 101}, headers={"Idempotency-Key": "k"}
    )

    assert first["payment_id"] == second["payment_id"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    assert await kit.money() == (1_400, 0)


async def test_a_posted_figure_cannot_be_edited_even_past_the_code(kit: Kit) -> None:
    for table in (tables.ENTRY, tables.TRANSACTION):
        with pytest.raises(Exception, match=r"never edited|permission denied"):
            async with kit.database.begin() as tx:
                await tx.execute(table.delete())


async def test_a_payment_is_traced_to_its_ledger_entries_and_to_the_bill(kit: Kit) -> None:
    order_id = await kit.order(1_000)
    payment_id = (await kit.call_back(order_id, 1_000)).json()["payment_id"]

    node = (await kit.admin.get(f"/v1/trace/payment/{payment_id}")).json()
    origins = {origin["kind"]: origin for origin in node["derived_from"]}
    assert origins["payment_order"]["id"] == order_id
    entries = node["document"]["ledger_transactions"][0]["entries"]
    assert {entry["ledger_account"]: entry["amount_fen"] for entry in entries} == {"1012.01": 1_000, "1122": -1_000}
    receivable = (await kit.admin.get(f"/v1/trace/receivable/{origins['receivable']['id']}")).json()
    assert receivable["derived_from"] == [{"service": "billing", "kind": "bill", "id": "B1"}]

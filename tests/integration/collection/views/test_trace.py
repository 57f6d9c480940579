"""Every document of collection is traced to what it was derived from, and listed."""

from typing import Any

import pytest

from tests.kits.collection import Kit, bill, corrected, issued, put_openings


async def node(kit: Kit, kind: str, number: str) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    answer = await kit.admin.get(f"/v1/trace/{kind}/{number}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found["document"], [(one["service"], one["kind"], one["id"]) for one in found["derived_from"]]


@pytest.mark.parametrize("kind", ["payment", "payment_order", "receivable", "ledger_transaction", "reminder"])
async def test_what_does_not_exist_has_no_trace(kit: Kit, kind: str) -> None:
    assert (await kit.admin.get(f"/v1/trace/{kind}/none")).status_code == 404


async def test_an_order_a_reminder_and_each_ledger_transaction_are_traced(kit: Kit) -> None:
    first = bill("B1", 1_000)
    await kit.give(issued(first))
    await kit.admin.post("/v1/jobs/remind/runs", json={"business_date": "2026-03-01"})
    order_id = await kit.order(400)
    payment_id = (await kit.call_back(order_id, 400)).json()["payment_id"]
    await kit.give(corrected("K1", [first], [bill("B2", 900)]))
    (reminder,) = await kit.facts("collection.dunning_step_due.v1")
    (debt,) = reminder["debts"]

    order, nothing = await node(kit, "payment_order", order_id)
    assert (order["amount_fen"], order["status"], nothing) == (400, "paid", [])
    told, origins = await node(kit, "reminder", reminder["step_id"])
    assert (told["outstanding_fen"], origins) == (1_000, [("collection", "receivable", debt["receivable_id"])])

    payment, _ = await node(kit, "payment", payment_id)
    receivable, _ = await node(kit, "receivable", debt["receivable_id"])
    made = [*payment["ledger_transactions"], *receivable["ledger_transactions"]]
    traced = {one["transaction_id"]: await node(kit, "ledger_transaction", one["transaction_id"]) for one in made}
    assert [document for document, _ in traced.values()] == list({one["transaction_id"]: one for one in made}.values())
    assert {("collection", "payment", payment_id), ("billing", "bill", "B1")} <= {
        origin for _, origins in traced.values() for origin in origins
    }


async def test_an_opening_receivable_comes_from_no_document_of_the_product(kit: Kit) -> None:
    days = {"issued_on": "2026-01-05", "due_on": "2026-02-05", "posted_on": "2026-03-01"}
    item = {"document_no": "O1", "account_no": "A1", "amount_fen": 500, **days}
    await put_openings(kit, item)
    (listed,) = (await kit.clerk.get("/v1/receivables?account_no=A1")).json()["items"]

    _, origins = await node(kit, "receivable", listed["receivable_id"])

    assert origins == []


async def test_findings_are_listed_by_code_and_by_what_they_are_about(kit: Kit) -> None:
    payment_id = (await kit.call_back("nobody", 100, "T1")).json()["payment_id"]
    await kit.call_back("nobody", 200, "T1")
    await kit.call_back("nobody", 200, "T2")

    async def codes(query: str) -> list[str]:
        return [one["code"] for one in (await kit.clerk.get(f"/v1/findings{query}")).json()["items"]]

    assert sorted(await codes("")) == ["payment.conflicting_duplicate", *["payment.order_unknown"] * 2]
    assert await codes("?code=payment.conflicting_duplicate") == ["payment.conflicting_duplicate"]
    assert len(await codes(f"?entity_id={payment_id}")) == 2
    assert await codes(f"?entity_id={payment_id}&code=payment.order_unknown") == ["payment.order_unknown"]


async def test_closed_months_are_listed_in_order(kit: Kit) -> None:
    for month in ("2026-01", "2026-02"):
        assert await kit.close(month) == ["done"]
    listed = (await kit.clerk.get("/v1/months")).json()["items"]
    assert [(one["month"], one["closed_by"]) for one in listed] == [("2026-01", "second"), ("2026-02", "second")]


async def test_nobody_is_reminded_before_the_policy_says_when(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    answer = await kit.admin.post("/v1/jobs/remind/runs", json={"business_date": "1990-01-01"})
    assert answer.json()["reason"] == "no dunning policy says when to remind on 1990-01-01"
    assert await kit.facts("collection.dunning_step_due.v1") == []

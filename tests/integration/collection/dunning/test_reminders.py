"""Reminders of what is overdue: on both databases."""

from datetime import date
from typing import Any

import pytest

from tests.kits.collection import Kit, account, bill, corrected, issued


async def remind(kit: Kit, day: str) -> dict[str, Any]:
    answer = await kit.admin.post("/v1/jobs/remind/runs", json={"business_date": day})
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


async def test_an_overdue_bill_is_reminded_of_once_on_the_day_of_the_stage(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000, due_on=date(2026, 2, 22))))

    nothing = await remind(kit, "2026-02-24")
    assert nothing["reason"] == "of all that was due by 2026-02-21, what is owed has its reminder, or is held"
    assert await kit.facts("collection.reminder_due.v1") == []
    await remind(kit, "2026-02-25")
    await remind(kit, "2026-02-25")
    await remind(kit, "2026-02-26")

    (fact,) = await kit.facts("collection.reminder_due.v1")
    assert (fact["document_id"], fact["outstanding_fen"], fact["business_date"]) == ("B1", 1_000, "2026-02-25")
    (listed,) = (await kit.clerk.get("/v1/reminders?account_no=A1")).json()["items"]
    assert (listed["reminder_id"], listed["derived_from"][0]["id"]) == (fact["reminder_id"], fact["receivable_id"])


async def test_a_payment_or_a_reversal_stops_the_reminder_and_a_part_lowers_it(kit: Kit) -> None:
    for number in ("A2", "A3"):
        await kit.give(account(number))
    bills = [bill("B1", 1_000), bill("B2", 1_000, account_no="A2"), bill("B3", 1_000, account_no="A3")]
    await kit.give(*(issued(one) for one in bills))
    await kit.pay(1_000)
    await kit.pay(400, "A2")
    await kit.give(corrected("K1", [bills[2]], [bill("B4", 900, account_no="A3", due_on=date(2026, 4, 1))]))

    await remind(kit, "2026-03-10")

    facts = await kit.facts("collection.reminder_due.v1")
    assert [(fact["document_id"], fact["outstanding_fen"]) for fact in facts] == [("B2", 600)]


async def test_a_receivable_that_is_owed_again_is_not_reminded_of_twice(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await remind(kit, "2026-03-01")
    payment = await kit.pay(1_000)
    await kit.clerk.post(
        f"/v1/payments/{payment['payment_id']}/reversal", json={"reason": "bounced"}, headers={"Idempotency-Key": "v"}
    )

    await remind(kit, "2026-04-15")

    assert len(await kit.facts("collection.reminder_due.v1")) == 1


async def test_reminders_of_many_accounts_come_in_chunks(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.collection.dunning.use_cases.ACCOUNTS_PER_CHUNK", 4)
    numbers = [f"N{i:02}" for i in range(10)]
    await kit.give(*(account(number) for number in numbers))
    await kit.give(*(issued(bill(f"B{number}", 10, account_no=number)) for number in numbers))

    run = await remind(kit, "2026-03-01")

    assert run["chunks_done"] == 3
    assert len(await kit.facts("collection.reminder_due.v1")) == 10

"""A document that comes late is settled as if it had come on its day; what was told of the others is withdrawn or told again."""

from datetime import date
from typing import Any

from services.collection.ledger import tables
from tests.integration.collection.dunning.test_cases import run as remind
from tests.integration.collection.ledger.test_days import balances
from tests.kits.collection import Kit, bill, issued, put_openings

JANUARY = bill("JAN", 10_000, issued_on=date(2026, 2, 2), due_on=date(2026, 2, 22))
OLDER = bill("OLD", 10_000, issued_on=date(2026, 2, 1), due_on=date(2026, 2, 11))


async def told(kit: Kit, name: str, shown: str) -> list[tuple[str, Any]]:
    return [(fact["document_id"], fact[shown]) for fact in await kit.facts(f"collection.receivable_{name}.v1")]


async def call_back(kit: Kit, amount_fen: int, txn: str, on: str) -> None:
    answer = await kit.call_back(await kit.order(amount_fen), amount_fen, txn, paid_on=on)
    assert answer.json()["payment_status"] == "posted"


async def test_money_goes_to_the_older_bill_that_comes_late_and_the_other_is_owed_again(kit: Kit) -> None:
    await kit.give(issued(JANUARY))
    payment = await kit.pay(12_000, on="2026-02-10")
    await kit.give(issued(OLDER))

    assert await kit.money() == (8_000, 0)
    assert await told(kit, "cleared", "cleared_on") == [("JAN", "2026-02-10"), ("OLD", "2026-02-10")]
    assert await told(kit, "reopened", "outstanding_fen") == [("JAN", 8_000)]
    # released and set again by the late bill, as one group; what was posted stays
    made = (await kit.clerk.get(f"/v1/payments/{payment['payment_id']}")).json()["allocations"]
    assert [(one["amount_fen"], one["cause_kind"], one["cause_id"] == "OLD") for one in made] == [
        (10_000, "payment", False),
        (-8_000, "bill", True),
        (10_000, "bill", True),
    ]
    assert await balances(kit, "2026-02-09", "2026-02-10") == [(0, 20_000, 0), (12_000, 8_000, 0)]


async def test_what_is_settled_since_another_day_is_told_again_without_being_owed_between(kit: Kit) -> None:
    await kit.give(issued(JANUARY))
    await call_back(kit, 10_000, "T1", "2026-02-20")
    await call_back(kit, 10_000, "T2", "2026-02-10")

    assert await told(kit, "cleared", "cleared_on") == [("JAN", "2026-02-20"), ("JAN", "2026-02-10")]
    assert await told(kit, "reopened", "outstanding_fen") == []
    assert await kit.money() == (0, 10_000)


async def test_money_of_one_day_settles_by_the_channels_numbers_whichever_was_reported_first(kit: Kit) -> None:
    await kit.give(issued(JANUARY))
    await call_back(kit, 10_000, "T2", "2026-02-10")
    await call_back(kit, 10_000, "T1", "2026-02-10")

    unallocated = {row["source_id"]: row["unallocated_fen"] for row in await kit.rows(tables.CREDIT)}
    assert unallocated == {"app T1": 0, "app T2": 10_000}


async def test_a_reminder_that_went_out_stays_and_what_is_owed_again_has_its_own(kit: Kit) -> None:
    await kit.give(issued(JANUARY))
    await kit.pay(10_000, on="2026-02-10")
    await remind(kit, "2026-03-01")
    assert await kit.facts("collection.dunning_step_due.v1") == []
    await kit.give(issued(OLDER))
    await remind(kit, "2026-03-02")
    await call_back(kit, 10_000, "T1", "2026-02-15")
    await remind(kit, "2026-03-03")

    steps = (await kit.clerk.get("/v1/dunning-steps?account_no=A1")).json()["items"]
    assert [one["outstanding_fen"] for one in steps] == [10_000]
    (fact,) = await kit.facts("collection.dunning_step_due.v1")
    assert [one["document_id"] for one in fact["debts"]] == ["JAN"]
    assert await told(kit, "cleared", "cleared_on") == [
        ("JAN", "2026-02-10"),
        ("OLD", "2026-02-10"),
        ("JAN", "2026-02-15"),
    ]


async def test_what_moves_in_a_closed_month_counts_on_the_first_open_day(kit: Kit) -> None:
    await kit.give(issued(JANUARY))
    await kit.pay(10_000, on="2026-02-10")
    for month in ("2026-01", "2026-02"):
        assert await kit.close(month) == ["done"]
    await kit.give(issued(OLDER))

    assert await balances(kit, "2026-02-28", "2026-03-01") == [(10_000, 0, 0), (10_000, 10_000, 0)]
    cleared = (await kit.clerk.get("/v1/receivables?status=cleared")).json()["items"]
    assert [(one["document_id"], one["cleared_on"]) for one in cleared] == [("OLD", "2026-02-10")]


async def test_an_opening_receivable_that_comes_after_the_money_is_the_oldest_all_the_same(kit: Kit) -> None:
    await kit.give(issued(JANUARY))
    await kit.pay(10_000, on="2026-02-10")
    opening = {"document_no": "OLD-1", "account_no": "A1", "amount_fen": 4_000, "issued_on": "2025-12-01"}
    await put_openings(kit, opening | {"due_on": "2025-12-20", "posted_on": "2026-03-01"})
    await kit.give(issued(OLDER))

    owed = (await kit.clerk.get("/v1/receivables?status=open")).json()["items"]
    assert sorted((one["document_id"], one["outstanding_fen"]) for one in owed) == [("JAN", 10_000), ("OLD", 4_000)]
    # what is moved to it, and what comes back from it, counts no earlier than it is in the books
    assert await balances(kit, "2026-02-28", "2026-03-01") == [(10_000, 10_000, 0), (10_000, 14_000, 0)]

"""Bills, corrections and accounts, through the handlers, on both databases."""

from datetime import date
from typing import Any

import orjson
import pytest
from sqlalchemy import update

from services.collection.ledger import tables
from services.collection.receivables.tables import WAITING
from tests.kits.collection import Kit, account, bill, corrected, issued


async def test_an_issued_bill_is_owed_and_its_components_are_in_the_ledger(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 10_000, components=[("energy", 8_000), ("renewables levy", 1_500), ("tax", 500)])))

    assert await kit.money() == (10_000, 0)
    entries = {row["ledger_account"]: row["amount_fen"] for row in await kit.rows(tables.ENTRY)}
    assert entries == {"1122": 10_000, "6001.01": -8_000, "2241.14": -1_500, "2221.01": -500}
    (transaction,) = await kit.rows(tables.TRANSACTION)
    assert (transaction["document_kind"], transaction["document_id"], transaction["kind"]) == ("bill", "B1", "issue")


async def test_the_same_bill_twice_is_posted_once(kit: Kit) -> None:
    await kit.give(issued(bill("B1")), issued(bill("B1")))
    await kit.give(issued(bill("B1")))

    assert await kit.money() == (10_000, 0)
    assert await kit.findings() == []


async def test_a_known_bill_with_other_content_is_not_applied_but_found(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 10_000)))
    await kit.give(issued(bill("B1", 99)))

    assert await kit.money() == (10_000, 0)
    assert await kit.findings() == ["receivable.conflicting_duplicate"]


@pytest.mark.parametrize(
    "changed",
    [
        {"components": [("energy", 9_999), ("tax", 1)]},
        {"due_on": date(2026, 2, 23)},
        {"issued_on": date(2026, 2, 3)},
        {"cycle": "2026-02"},
    ],
)
async def test_a_known_bill_of_the_same_sum_and_other_content_is_found(kit: Kit, changed: dict[str, Any]) -> None:
    await kit.give(issued(bill("B1", 10_000)))
    await kit.give(issued(bill("B1", 10_000, **changed)))

    assert await kit.money() == (10_000, 0)
    assert await kit.findings() == ["receivable.conflicting_duplicate"]


async def test_a_correction_of_a_bill_with_other_content_than_is_posted_is_found(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 10_000)))
    await kit.give(corrected("K1", [bill("B1", 9_000)], [bill("B2", 8_000)]))

    assert await kit.money() == (8_000, 0), "what is posted is what is taken back"
    assert await kit.findings() == ["receivable.conflicting_duplicate"]


async def test_a_correction_that_comes_again_with_another_bill_in_its_place_is_found(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 10_000)))
    await kit.give(corrected("K1", [bill("B1", 10_000)], [bill("B2", 8_000)]))
    await kit.give(corrected("K1", [bill("B1", 10_000)], [bill("B2", 8_000)]))
    assert await kit.findings() == []

    await kit.give(corrected("K1", [bill("B1", 10_000)], [bill("B2", 7_000)]))

    assert await kit.money() == (8_000, 0)
    assert await kit.findings() == ["receivable.conflicting_duplicate"]


async def test_an_unmapped_component_goes_to_its_own_account_with_a_finding(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 300, components=[("energy", 200), ("moon tax", 100)])))

    entries = {row["ledger_account"]: row["amount_fen"] for row in await kit.rows(tables.ENTRY)}
    assert entries["6001.99"] == -100
    (finding,) = await kit.rows(tables.FINDING)
    assert (finding["code"], finding["subject"]) == ("bill.component_unmapped", "moon tax")


async def test_what_the_components_lack_to_the_total_is_kept_with_a_finding(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 300, components=[("energy", 299)])))

    entries = {row["ledger_account"]: row["amount_fen"] for row in await kit.rows(tables.ENTRY)}
    assert entries["2241.02"] == -1
    assert await kit.findings() == ["bill.components_differ_from_total"]


async def test_a_bill_before_its_account_waits_and_is_posted_when_the_account_comes(kit: Kit) -> None:
    await kit.give(issued(bill("B9", 700, account_no="A9")))
    await kit.give(corrected("K9", [bill("B9", 700, account_no="A9")], [bill("B10", 650, account_no="A9")]))
    totals = (await kit.admin.get("/v1/control-totals?cycle=2026-01")).json()
    assert (totals["documents_waiting"], totals["waiting_fen"], totals["reversed_waiting_fen"]) == (1, 650, 700)

    await kit.give(account("A9"))

    assert await kit.money("A9") == (650, 0)
    assert await kit.rows(WAITING) == []


async def test_a_bill_that_waits_since_before_points_were_told_is_the_same_when_it_comes_again(kit: Kit) -> None:
    await kit.give(issued(bill("B9", 700, account_no="A9")))
    (waits,) = await kit.rows(WAITING)
    document = orjson.loads(waits["payload"])
    assert document.pop("service_point_no")
    async with kit.database.begin() as tx:
        await tx.execute(update(WAITING).values(payload=orjson.dumps(document).decode()))
    await kit.give(issued(bill("B9", 700, account_no="A9")))
    assert await kit.findings() == []
    await kit.give(issued(bill("B9", 99, account_no="A9")))
    assert await kit.findings() == ["receivable.conflicting_duplicate"]


async def test_a_waiting_bill_that_comes_again_with_other_content_is_found_and_the_first_is_posted(kit: Kit) -> None:
    await kit.give(issued(bill("B9", 700, account_no="A9")))
    await kit.give(issued(bill("B9", 99, account_no="A9")))
    assert await kit.findings() == ["receivable.conflicting_duplicate"]

    await kit.give(account("A9"))

    assert await kit.money("A9") == (700, 0)


async def test_a_bill_that_waited_behind_a_correction_is_posted_after_it(kit: Kit) -> None:
    credit = bill("B1", -1_000, account_no="A9")
    await kit.give(issued(credit))
    await kit.give(corrected("K1", [credit], [bill("B2", -200, account_no="A9")]))
    await kit.give(issued(bill("B3", 1_000, account_no="A9")))

    await kit.give(account("A9"))

    assert await kit.money("A9") == (800, 0)
    assert await kit.facts("collection.receivable_reopened.v1") == [], (
        "B3 was never settled by what the correction took"
    )


async def test_an_older_version_of_an_account_changes_nothing(kit: Kit) -> None:
    await kit.give(account(version=3, org_unit="zj/ningbo"), account(version=2, org_unit="zj/hangzhou"))
    await kit.give(account(version=1, org_unit="zj/huzhou"))

    (row,) = await kit.rows(tables.ACCOUNT)
    assert (row["version"], row["org_unit"]) == (3, "zj/ningbo")


async def test_a_new_version_of_an_account_keeps_its_prepaid_balance(kit: Kit) -> None:
    await kit.pay(500)

    await kit.give(account(version=2))

    assert await kit.money() == (0, 500)


async def test_prepayment_settles_a_new_bill_at_once_oldest_money_first(kit: Kit) -> None:
    first = await kit.pay(300, on="2026-01-10")
    second = await kit.pay(900, on="2026-01-20")

    await kit.give(issued(bill("B1", 1_000)))

    assert await kit.money() == (0, 200)
    parts = {row["credit_id"]: row["amount_fen"] for row in await kit.rows(tables.ALLOCATION)}
    assert parts == {first["payment_id"]: 300, second["payment_id"]: 700}
    assert [fact["document_id"] for fact in await kit.facts("collection.receivable_cleared.v1")] == ["B1"]


async def test_a_bill_below_zero_becomes_prepayment(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 400)))
    await kit.give(issued(bill("B2", -1_000, due_on=date(2026, 3, 22))))

    assert await kit.money() == (0, 600)


async def test_a_paid_bill_that_is_corrected_downward_leaves_the_rest_as_prepayment(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await kit.pay(1_000)

    await kit.give(corrected("K1", [bill("B1", 1_000)], [bill("B2", 800)]))

    assert await kit.money() == (0, 200)
    rows = await kit.rows(tables.TRANSACTION)
    group = {(row["document_id"], row["kind"]) for row in rows if row["group_id"] == "K1"}
    assert group == {("B1", "reversal"), ("B2", "issue"), ("K1", "reallocation")}
    status = {row["document_id"]: row["status"] for row in await kit.rows(tables.RECEIVABLE)}
    assert status == {"B1": "reversed", "B2": "cleared"}


async def test_money_released_by_a_correction_settles_the_oldest_open_bill_first(kit: Kit) -> None:
    old = bill("B0", 600, due_on=date(2026, 1, 22))
    await kit.give(issued(bill("B1", 1_000)))
    await kit.pay(1_000)
    await kit.give(issued(old))

    await kit.give(corrected("K1", [bill("B1", 1_000)], [bill("B2", 900)]))

    outstanding = {row["document_id"]: row["outstanding_fen"] for row in await kit.rows(tables.RECEIVABLE)}
    assert outstanding == {"B0": 0, "B1": 0, "B2": 500}


async def test_a_reversal_follows_the_entries_of_its_original(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 300, components=[("energy", 200), ("moon tax", 100)])))
    # the correction tells other components: what was posted decides
    await kit.give(corrected("K1", [bill("B1", 300, components=[("energy", 300)])], [bill("B2", 250)]))

    ids = {
        row["transaction_id"]: row["kind"] for row in await kit.rows(tables.TRANSACTION) if row["document_id"] == "B1"
    }
    sums: dict[str, int] = {}
    for row in await kit.rows(tables.ENTRY):
        if row["transaction_id"] in ids:
            sums[row["ledger_account"]] = sums.get(row["ledger_account"], 0) + row["amount_fen"]
    assert sums == {"1122": 0, "6001.01": 0, "6001.99": 0}


async def test_the_same_correction_twice_is_posted_once(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    correction = corrected("K1", [bill("B1", 1_000)], [bill("B2", 800)])

    await kit.give(correction, correction)
    await kit.give(correction)

    assert await kit.money() == (800, 0)


async def test_a_replacement_can_be_corrected_again_in_the_same_batch(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await kit.pay(1_000)

    await kit.give(
        corrected("K1", [bill("B1", 1_000)], [bill("B2", 800)]),
        corrected("K2", [bill("B2", 800)], [bill("B3", 1_100)]),
    )

    assert await kit.money() == (100, 0)


async def test_a_reversed_credit_bill_takes_back_what_it_settled(kit: Kit) -> None:
    await kit.give(issued(bill("B1", -500)))
    await kit.give(issued(bill("B2", 400)))
    assert await kit.money() == (0, 100)

    await kit.give(corrected("K1", [bill("B1", -500)], [bill("B3", 50)]))

    assert await kit.money() == (450, 0)


async def test_a_bill_of_a_closed_month_counts_in_the_next_open_month_and_keeps_its_own_date(kit: Kit) -> None:
    assert await kit.close("2026-02") == ["done"]

    await kit.give(issued(bill("B1", issued_on=date(2026, 2, 2))))

    (row,) = await kit.rows(tables.TRANSACTION)
    assert (row["business_date"], row["accounting_date"]) == (date(2026, 2, 2), date(2026, 3, 1))


async def test_control_totals_count_the_bills_of_their_cycle(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)), issued(bill("B2", 500)), issued(bill("B3", 7, cycle="2026-02")))
    await kit.give(corrected("K1", [bill("B2", 500)], [bill("B4", 400)]))

    totals = (await kit.admin.get("/v1/control-totals?cycle=2026-01")).json()
    assert totals == {
        "supply_orders": 0,
        "documents_posted": 2,
        "posted_fen": 1_400,
        "documents_reversed": 1,
        "reversed_fen": 500,
        "outstanding_fen": 1_400,
        "documents_waiting": 0,
        "waiting_fen": 0,
        "reversed_waiting_fen": 0,
        "ledger_imbalance_fen": 0,
    }

"""Corrections by difference, through the handlers, on both databases: the bills stand, the differences are posted beside them."""

from datetime import date
from typing import Any

from sqlalchemy import event

from services.collection.ledger import tables
from tests.kits.collection import Kit, account, adjusted, bill, corrected, issued

FEBRUARY: dict[str, Any] = {"cycle": "2026-02", "issued_on": date(2026, 3, 2), "due_on": date(2026, 3, 22)}


async def receivables(kit: Kit) -> dict[str, tuple[str, int, int, str]]:
    return {
        row["document_id"]: (row["document_kind"], row["amount_fen"], row["outstanding_fen"], row["status"])
        for row in await kit.rows(tables.RECEIVABLE)
    }


async def group(kit: Kit, correction_id: str) -> set[tuple[str, str, str]]:
    rows = await kit.rows(tables.TRANSACTION)
    return {(r["document_kind"], r["document_id"], r["kind"]) for r in rows if r["group_id"] == correction_id}


async def totals(kit: Kit, cycle: str = "2026-01") -> dict[str, int]:
    found: dict[str, int] = (await kit.admin.get(f"/v1/control-totals?cycle={cycle}")).json()
    return found


async def test_a_difference_to_pay_is_owed_beside_the_bill_that_stands(kit: Kit) -> None:
    old = bill("B1", 1_000, components=[("energy", 800), ("tax", 200)])
    new = bill("B2", 1_300, components=[("energy", 1_250), ("tax", 50)])
    await kit.give(issued(old))
    await kit.pay(1_000)

    await kit.give(adjusted("K1", [(old, new)]))

    assert await receivables(kit) == {
        "B1": ("bill", 1_000, 0, "cleared"),
        "D-B1": ("difference", 300, 300, "open"),
    }
    assert await group(kit, "K1") == {("difference", "D-B1", "issue")}
    (issue,) = [r["transaction_id"] for r in await kit.rows(tables.TRANSACTION) if r["document_id"] == "D-B1"]
    entries = [r for r in await kit.rows(tables.ENTRY) if r["transaction_id"] == issue]
    assert {r["ledger_account"]: r["amount_fen"] for r in entries} == {"1122": 300, "6001.01": -450, "2221.01": 150}


async def test_a_difference_below_zero_of_a_paid_bill_becomes_prepayment(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await kit.pay(1_000)

    await kit.give(adjusted("K1", [(bill("B1", 1_000), bill("B2", 800))]))

    assert await kit.money() == (0, 200)
    (credit,) = [row for row in await kit.rows(tables.CREDIT) if row["source_kind"] == "difference"]
    assert (credit["source_id"], credit["value_on"]) == ("2026-01 D-B1", date(2026, 3, 5))


async def test_a_difference_below_zero_settles_the_oldest_debt_at_once(kit: Kit) -> None:
    old, other = bill("B1", 1_000), bill("B0", 600, due_on=date(2026, 1, 22))
    await kit.give(issued(old), issued(other))

    await kit.give(adjusted("K1", [(old, bill("B2", 250))]))

    assert await receivables(kit) == {
        "B0": ("bill", 600, 0, "cleared"),
        "B1": ("bill", 1_000, 850, "open"),
        "D-B1": ("difference", -750, 0, "cleared"),
    }
    assert await group(kit, "K1") == {("difference", "D-B1", "issue"), ("correction", "K1", "reallocation")}


async def test_prepayment_settles_a_difference_to_pay_at_once(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await kit.pay(1_500)

    await kit.give(adjusted("K1", [(bill("B1", 1_000), bill("B2", 1_200))]))

    assert await kit.money() == (0, 300)
    cleared = [fact["document_id"] for fact in await kit.facts("collection.receivable_cleared.v1")]
    assert cleared == ["B1", "D-B1"]


async def test_the_differences_of_several_cycles_are_one_group(kit: Kit) -> None:
    january, february = bill("B1", 1_000), bill("B2", 2_000, **FEBRUARY)
    await kit.give(issued(january), issued(february))

    await kit.give(adjusted("K1", [(january, bill("B3", 400)), (february, bill("B4", 2_100, **FEBRUARY))]))

    assert await kit.money() == (2_500, 0)
    assert {one[1] for one in await group(kit, "K1")} == {"D-B1", "D-B2", "K1"}
    assert [(await totals(kit, cycle))["posted_fen"] for cycle in ("2026-01", "2026-02")] == [400, 2_100]


async def test_the_same_correction_twice_is_posted_once(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    correction = adjusted("K1", [(bill("B1", 1_000), bill("B2", 800))])

    await kit.give(correction, correction)
    await kit.give(correction)

    assert await kit.money() == (800, 0)
    assert await kit.findings() == []


async def test_a_cancelled_bill_is_owed_no_more_and_still_stands(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await kit.pay(400)

    await kit.give(adjusted("K1", [(bill("B1", 1_000), None)]))

    assert await kit.money() == (0, 400)
    assert (await receivables(kit))["B1"] == ("bill", 1_000, 0, "cleared")


async def test_a_difference_of_nothing_is_posted_as_nothing(kit: Kit) -> None:
    old = bill("B1", 1_000, components=[("energy", 1_000)])
    await kit.give(issued(old))

    await kit.give(adjusted("K1", [(old, bill("B2", 1_000, components=[("energy", 900), ("tax", 100)]))]))

    assert (await receivables(kit))["D-B1"] == ("difference", 0, 0, "cleared")
    found = await totals(kit)
    assert (found["documents_posted"], found["posted_fen"]) == (2, 1_000)


async def test_both_styles_follow_each_other_in_one_batch(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await kit.pay(1_000)

    await kit.give(
        corrected("K1", [bill("B1", 1_000)], [bill("B2", 800)]),
        adjusted("K2", [(bill("B2", 800), bill("B3", 1_100))]),
    )

    assert await kit.money() == (100, 0)
    found = await totals(kit)
    assert [found[name] for name in ("documents_posted", "posted_fen", "documents_reversed", "reversed_fen")] == [
        2,
        1_100,
        1,
        1_000,
    ]


async def test_a_correction_by_difference_waits_for_its_account_and_counts_as_it_will(kit: Kit) -> None:
    old, new = bill("B9", 700, account_no="A9"), bill("B10", 650, account_no="A9")
    await kit.give(issued(old))
    await kit.give(adjusted("K9", [(old, new)]))
    waiting = await totals(kit)
    names = ("documents_waiting", "waiting_fen", "reversed_waiting_fen")
    assert [waiting[name] for name in names] == [2, 650, 0]

    await kit.give(account("A9"))

    assert await kit.money("A9") == (650, 0)
    posted = await totals(kit)
    assert [posted[name] for name in ("documents_posted", "posted_fen", *names)] == [2, 650, 0, 0, 0]


async def test_a_difference_of_a_closed_month_counts_in_the_next_open_month(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    assert await kit.close("2026-03") == ["done"]

    await kit.give(adjusted("K1", [(bill("B1", 1_000), bill("B2", 1_200))]))

    (row,) = [row for row in await kit.rows(tables.TRANSACTION) if row["document_id"] == "D-B1"]
    assert (row["business_date"], row["accounting_date"]) == (date(2026, 3, 5), date(2026, 4, 1))


async def test_a_payment_that_settles_a_difference_leads_on_to_billing(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await kit.pay(1_000)
    await kit.give(adjusted("K1", [(bill("B1", 1_000), bill("B2", 1_300))]))
    payment = await kit.pay(300, on="2026-03-10")

    trace = (await kit.admin.get(f"/v1/trace/payment/{payment['payment_id']}")).json()
    (receivable,) = [one for one in trace["derived_from"] if one["kind"] == "receivable"]
    node = (await kit.admin.get(f"/v1/trace/receivable/{receivable['id']}")).json()
    assert node["derived_from"] == [{"service": "billing", "kind": "difference", "id": "D-B1"}]
    listed = (await kit.clerk.get("/v1/receivables", params={"document_id": "D-B1"})).json()["items"]
    assert listed[0]["derived_from"] == node["derived_from"]


async def test_an_overdue_difference_is_reminded_of(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await kit.pay(1_000)
    await kit.give(adjusted("K1", [(bill("B1", 1_000), bill("B2", 1_300))]))

    answer = await kit.admin.post("/v1/jobs/remind/runs", json={"business_date": "2026-03-28"})
    assert answer.is_success, answer.text
    (fact,) = await kit.facts("collection.dunning_step_due.v1")
    assert [(f["document_kind"], f["document_id"], f["outstanding_fen"]) for f in fact["debts"]] == [
        ("difference", "D-B1", 300)
    ]


async def test_posting_differences_takes_as_many_statements_for_500_accounts_as_for_10(kit: Kit) -> None:
    counts = []
    for numbers in (range(10), range(100, 600)):
        await kit.give(*(account(f"X{n}") for n in numbers))
        olds = [bill(f"B{n}", 1_000, account_no=f"X{n}") for n in numbers]
        news = [bill(f"N{n}", 900 if n % 2 else 1_100, account_no=f"X{n}") for n in numbers]
        await kit.give(*map(issued, olds))
        seen: list[str] = []

        def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any, seen: list[str] = seen) -> None:
            seen.append(statement)

        engine = kit.database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        pairs = zip(olds, news, strict=True)
        await kit.give(*(adjusted(f"K-{old.bill_id}", [(old, new)]) for old, new in pairs))
        event.remove(engine, "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts[0] == counts[1], counts


async def test_bills_of_other_periods_than_before_are_posted_beside_the_differences(kit: Kit) -> None:
    await kit.give(account())
    month = bill("B1", 5380)
    await kit.give(issued(month))
    await kit.pay(5380)
    halves = [bill("B2", 2152), bill("B3", 3328)]
    fact = adjusted("C1", [(month, None)]).model_copy(update={"replacements": tuple(halves)})
    await kit.give(fact)
    await kit.give(fact)
    assert await kit.money() == (100, 0), "the month is credited, both halves are owed"
    assert (await totals(kit))["documents_posted"] == 4


async def test_a_month_is_reversed_and_two_halves_take_its_place(kit: Kit) -> None:
    await kit.give(account())
    month = bill("B1", 5380)
    await kit.give(issued(month))
    await kit.pay(5380)
    fact = corrected("C1", [month], [bill("B2", 2152), bill("B3", 3328)])
    await kit.give(fact)
    await kit.give(fact)
    assert await kit.money() == (100, 0)
    assert (await totals(kit))["documents_posted"] == 2
    await kit.check_books()

"""Statement, trial balance, reminders, limits of statements: on both databases."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event

from tests.collection_kit import Kit, account, bill, corrected, issued


async def test_a_statement_runs_from_its_opening_to_its_closing_balance_over_its_pages(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000, issued_on=date(2026, 1, 2))))
    await kit.give(issued(bill("B2", 500)))
    await kit.pay(1_800, on="2026-03-01")
    await kit.give(issued(bill("B3", 100, issued_on=date(2026, 3, 2), due_on=date(2026, 3, 22))))
    await kit.give(issued(bill("B4", 70, issued_on=date(2026, 4, 2), due_on=date(2026, 4, 22))))

    url = "/v1/accounts/A1/statement?from=2026-02-01&to=2026-04-01"
    whole = (await kit.clerk.get(url)).json()
    assert (whole["opening_balance_fen"], whole["closing_balance_fen"]) == (1_000, -200)
    assert [line["balance_fen"] for line in whole["items"]] == [1_500, -300, -200, -200]
    assert [line["kind"] for line in whole["items"]] == ["issue", "receipt", "issue", "prepayment_applied"]

    lines, page = [], (await kit.clerk.get(url + "&limit=1")).json()
    lines += page["items"]
    while page["next_cursor"]:
        page = (await kit.clerk.get(f"{url}&limit=1&cursor={page['next_cursor']}")).json()
        lines += page["items"]
        assert page["closing_balance_fen"] == -200
    assert lines == whole["items"]


async def test_the_trial_balance_of_a_day_counts_what_is_posted_until_then(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000, issued_on=date(2026, 2, 2))))
    await kit.pay(1_200, on="2026-03-01")

    february = (await kit.clerk.get("/v1/trial-balance?as_of=2026-02-28")).json()
    assert {line["ledger_account"]: line["balance_fen"] for line in february["lines"]} == {
        "1122": 1_000,
        "6001.01": -1_000,
    }
    march = (await kit.clerk.get("/v1/trial-balance?as_of=2026-03-01")).json()
    assert {line["ledger_account"]: line["balance_fen"] for line in march["lines"]} == {
        "1001": 1_200,
        "1122": 0,
        "2203": -200,
        "6001.01": -1_000,
    }
    assert (march["imbalance_fen"], march["debit_fen"]) == (0, 2_200)
    assert (await kit.clerk.get("/v1/invariants")).json()["holds"] is True


async def test_receivables_are_listed_by_filter_and_page(kit: Kit) -> None:
    await kit.give(account("A2"))
    await kit.give(issued(bill("B1")), issued(bill("B2", account_no="A2")), issued(bill("B3", due_on=date(2026, 5, 1))))

    async def listed(query: str) -> list[str]:
        return sorted(row["document_id"] for row in (await kit.clerk.get(f"/v1/receivables?{query}")).json()["items"])

    assert await listed("account_no=A1") == ["B1", "B3"]
    assert await listed("due_before=2026-04-01&status=open") == ["B1", "B2"]
    assert await listed("document_id=B3") == ["B3"]
    first = (await kit.clerk.get("/v1/receivables?limit=2")).json()
    second = (await kit.clerk.get(f"/v1/receivables?limit=2&cursor={first['next_cursor']}")).json()
    assert sorted(row["document_id"] for row in first["items"] + second["items"]) == ["B1", "B2", "B3"]


async def test_the_metrics_show_the_money_that_is_owed_and_in_suspense_and_a_ledger_of_zero(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await kit.give(issued(bill("B9", 7, account_no="later")))
    await kit.call_back("nowhere", 300)

    lines = (await kit.clerk.get("/metrics")).text.splitlines()

    for line in ("ledger_imbalance_fen 0.0", "receivables_open_fen 1000.0", "suspense_fen 300.0"):
        assert line in lines
    assert 'payments_total{status="suspense"} 1.0' in lines


async def remind(kit: Kit, day: str) -> dict[str, Any]:
    answer = await kit.admin.post("/v1/jobs/remind/runs", json={"business_date": day})
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


async def test_an_overdue_bill_is_reminded_of_once_on_the_day_of_the_stage(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000, due_on=date(2026, 2, 22))))

    await remind(kit, "2026-02-24")
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
    monkeypatch.setattr("services.collection.application.reminders.ACCOUNTS_PER_CHUNK", 4)
    numbers = [f"N{i:02}" for i in range(10)]
    await kit.give(*(account(number) for number in numbers))
    await kit.give(*(issued(bill(f"B{number}", 10, account_no=number)) for number in numbers))

    run = await remind(kit, "2026-03-01")

    assert run["chunks_done"] == 3
    assert len(await kit.facts("collection.reminder_due.v1")) == 10


@contextmanager
def counted(kit: Kit) -> Iterator[list[str]]:
    """Collect the statements that reach the database."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(re.sub(r"\s+", " ", statement)[:200])

    engine = kit.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def statements_for(kit: Kit, count: int, prefix: str) -> dict[str, int]:
    """Return how many statements each hot path takes for a batch of `count` accounts."""
    numbers = [f"{prefix}{i:04}" for i in range(count)]
    found: dict[str, int] = {}
    first = [bill(f"B{no}", 100, account_no=no) for no in numbers]
    second = [bill(f"C{no}", 100, account_no=no, due_on=date(2026, 9, 1)) for no in numbers]
    corrections = [
        corrected(f"K{no}", [one], [bill(f"D{no}", 90, account_no=no)]) for no, one in zip(numbers, first, strict=True)
    ]
    steps: dict[str, list[Any]] = {
        "accounts": [account(no) for no in numbers],
        "bills": [issued(one) for one in first],
        "corrections": list(corrections),
    }
    for name, facts in steps.items():
        with counted(kit) as seen:
            await kit.give(*facts)
        found[name] = len(seen)
    for no in (numbers[0], numbers[-1]):
        await kit.pay(200, no)
    with counted(kit) as seen:
        await kit.give(*(issued(one) for one in second))
    found["bills with prepayment"] = len(seen)
    items = [
        {"document_no": f"O{no}", "account_no": no, "amount_fen": 5, "issued_on": "2025-01-01", "due_on": "2025-01-20"}
        | {"posted_on": "2026-03-01"}
        for no in numbers[:500]
    ]
    with counted(kit) as seen:
        answer = await kit.clerk.put("/v1/opening-receivables", json={"items": items})
    assert {one["status"] for one in answer.json()["outcomes"]} == {"done"}
    found["openings"] = len(seen)
    with counted(kit) as seen:
        await remind(kit, "2026-03-20" if prefix == "X" else "2026-03-21")
    found["remind"] = len(seen)
    return found


async def test_the_number_of_statements_does_not_depend_on_the_size_of_the_batch(kit: Kit) -> None:
    small = await statements_for(kit, 10, "X")
    large = await statements_for(kit, 1_000, "Y")

    assert large == small
    assert small["bills"] <= 10

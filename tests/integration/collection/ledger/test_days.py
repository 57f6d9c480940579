"""Nothing counts before what it rests on: money that is moved counts no earlier than it came, in any order of arrival."""

from datetime import date

import pytest

from tests.kits.collection import Kit, bill, corrected, issued

CASH, RECEIVABLE, PREPAYMENT = "1001", "1122", "2203"
ACCOUNTS = (CASH, RECEIVABLE, PREPAYMENT)


async def balances(kit: Kit, *days: str) -> list[tuple[int, ...]]:
    """Cash, receivables and prepayment at the end of each day."""
    found = []
    for day in days:
        lines = (await kit.clerk.get(f"/v1/trial-balance?as_of={day}")).json()["lines"]
        by_code = {line["ledger_account"]: line["balance_fen"] for line in lines}
        found.append(tuple(by_code.get(code, 0) for code in ACCOUNTS))
    return found


async def statement(kit: Kit) -> list[tuple[str, str, int]]:
    """The lines of the account: when, what, and the balance after it."""
    answer = await kit.clerk.get("/v1/accounts/A1/statement?from=2026-01-01&to=2026-05-01")
    return [(line["accounting_date"], line["kind"], line["balance_fen"]) for line in answer.json()["items"]]


async def reverse(kit: Kit, payment_id: str, on: str) -> None:
    answer = await kit.client("chief", "collection:read", "collection:write").post(
        f"/v1/payments/{payment_id}/reversal",
        json={"reason": "cheque bounced", "reversed_on": on},
        headers={"Idempotency-Key": f"reverse-{payment_id}"},
    )
    assert answer.status_code == 200, answer.text


async def test_a_correction_of_a_day_before_the_payment_gives_back_what_was_paid_when_it_was_paid(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 10_000)))
    await kit.pay(10_000, on="2026-02-10")
    lower = bill("B2", 8_000, issued_on=date(2026, 2, 5), due_on=date(2026, 2, 25))
    await kit.give(corrected("C1", [bill("B1", 10_000)], [lower], on=date(2026, 2, 5)))
    assert await statement(kit) == [
        ("2026-02-02", "issue", 10_000),
        ("2026-02-05", "reversal", 0),
        ("2026-02-05", "issue", 8_000),
        ("2026-02-10", "receipt", -2_000),
        ("2026-02-10", "reallocation", -2_000),
    ]
    assert await balances(kit, "2026-02-09", "2026-02-10") == [(0, 8_000, 0), (10_000, 0, -2_000)]
    assert (await kit.clerk.get("/v1/receivables?status=cleared")).json()["items"][0]["cleared_on"] == "2026-02-10"
    await kit.check_books()


@pytest.mark.parametrize("paid_on", ["2026-01-20", "2026-02-10"])
@pytest.mark.parametrize("bill_first", [True, False])
async def test_a_debt_is_settled_on_the_later_day_of_both_in_any_order(
    kit: Kit, paid_on: str, bill_first: bool
) -> None:
    steps = [lambda: kit.give(issued(bill("B1", 10_000))), lambda: kit.pay(10_000, on=paid_on)]
    for step in steps if bill_first else reversed(steps):
        await step()
    paid, owed = (10_000, 0, -10_000), (0, 10_000, 0)
    before = paid if paid_on < "2026-02-02" else owed
    assert await balances(kit, "2026-02-01", "2026-02-02", "2026-02-10") == (
        [before, (10_000, 0, 0), (10_000, 0, 0)] if before == paid else [(0, 0, 0), owed, (10_000, 0, 0)]
    )
    (cleared,) = (await kit.clerk.get("/v1/receivables?status=cleared")).json()["items"]
    assert cleared["cleared_on"] == max(paid_on, "2026-02-02")
    await kit.check_books()


async def test_a_payment_that_was_moved_on_is_taken_back_on_its_day_as_if_that_had_been_told_first(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 10_000)))
    payment = await kit.pay(10_000, on="2026-02-10")
    again = bill("B2", 10_000, issued_on=date(2026, 3, 5), due_on=date(2026, 3, 25), components=[("other", 10_000)])
    await kit.give(corrected("C1", [bill("B1", 10_000)], [again], on=date(2026, 3, 5)))
    await reverse(kit, payment["payment_id"], on="2026-02-20")
    owed = (0, 10_000, 0)
    assert await balances(kit, "2026-02-19", "2026-02-20", "2026-03-05") == [(10_000, 0, 0), owed, owed]
    await kit.check_books()


async def test_a_bill_is_reversed_no_earlier_than_it_was_issued(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 10_000)))
    await kit.give(corrected("C1", [bill("B1", 10_000)], [], on=date(2026, 1, 30)))
    assert await balances(kit, "2026-02-01", "2026-02-02") == [(0, 0, 0), (0, 0, 0)]
    assert [line[:2] for line in await statement(kit)] == [("2026-02-02", "issue"), ("2026-02-02", "reversal")]


async def test_the_order_of_days_holds_over_a_closed_month(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 10_000, issued_on=date(2026, 1, 2))))
    await kit.pay(10_000, on="2026-03-01")
    for month in ("2026-01", "2026-02"):
        assert await kit.close(month) == ["done"]
    lower = bill("B2", 8_000, issued_on=date(2026, 1, 20), due_on=date(2026, 2, 9))
    await kit.give(corrected("C1", [bill("B1", 10_000, issued_on=date(2026, 1, 2))], [lower], on=date(2026, 1, 20)))
    assert await balances(kit, "2026-02-28", "2026-03-01") == [(0, 10_000, 0), (10_000, 0, -2_000)]
    await kit.check_books()

"""The books are checked in parts, none of them large: whatever is wrong is found in its part, and the parts leave nothing out."""

from collections.abc import AsyncIterator, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from services.collection.ledger import tables
from services.collection.payments.tables import PAYMENT
from services.collection.views.store import checking, invariants
from tests.kits.collection import POLICY, Kit, account, bill, counted, issued, started

JANUARY = {"issued_on": date(2026, 1, 2), "due_on": date(2026, 1, 22), "cycle": "2025-12"}
MARCH = {"issued_on": date(2026, 3, 2), "due_on": date(2026, 3, 22), "cycle": "2026-02"}


@pytest.fixture
async def kit(database_url: str, tmp_path: Path) -> AsyncIterator[Kit]:
    """Give a service whose books are broken by the tests, and are not checked after them."""
    async with started(database_url, tmp_path) as made:
        await made.give(account())
        yield made


async def books(kit: Kit) -> None:
    """Three months of bills of three accounts, half of them paid, money in suspense."""
    await kit.give(account("A2"), account("A3"))
    for number, when in enumerate((JANUARY, {}, MARCH)):
        facts = [issued(bill(f"B{number}{no}", 1_000, account_no=no, **when)) for no in ("A1", "A2", "A3")]  # type: ignore[arg-type]
        await kit.give(*facts)
    await kit.pay(1_500, "A1", on="2026-01-20")
    await kit.pay(2_500, "A2", on="2026-03-20")
    await kit.call_back("nobody-knows", 77, paid_on="2026-03-03")


async def broken(kit: Kit) -> set[str]:
    """Return the parts, of one account each, in which something is broken."""
    async with kit.database.view() as view:
        parts = await checking.parts(view, 1)
        found = {part: await checking.check(view, POLICY, part) for part in parts}
    return {part for part, pairs in found.items() if any(left != right for left, right in pairs.values())}


def entries(lines: Iterable[tuple[str, int, str, int]]) -> list[dict[str, Any]]:
    names = ("transaction_id", "line_no", "ledger_account", "amount_fen")
    return [dict(zip(names, line, strict=True)) | {"component": ""} for line in lines]


async def planted(kit: Kit, *statements: Any) -> set[str]:
    async with kit.database.begin() as tx:
        for statement in statements:
            await tx.execute(statement)
    return await broken(kit)


async def test_every_part_is_whole_in_itself_and_says_what_the_whole_says(kit: Kit) -> None:
    await books(kit)
    assert await broken(kit) == set()
    async with kit.database.view() as view:
        parts = await checking.parts(view, 1)
        whole = await invariants.invariants(view, POLICY)
    assert {left == right for left, right in whole.values()} == {True}
    assert [part.replace("\t", "|") for part in parts] == [
        *("entries||2026-02-01", "entries|2026-02-01|2026-03-01", "entries|2026-03-01|"),
        *("recovery|2026-01|", "recovery|2026-02|", "recovery|2026-03|"),
        *("accounts||A2", "accounts|A2|A3", "accounts|A3|"),
        "totals||",
    ]


@pytest.mark.parametrize(("month", "part"), [(1, "\t2026-02-01"), (2, "2026-02-01\t2026-03-01"), (3, "2026-03-01\t")])
async def test_an_entry_too_many_is_found_in_its_month(kit: Kit, month: int, part: str) -> None:
    await books(kit)
    of_month = [r for r in await kit.rows(tables.TRANSACTION) if r["accounting_date"].month == month]
    lines = [(98, "6001.01", 1), (99, "2221.01", -1)]
    wrong = [(of_month[0]["transaction_id"], *line) for line in lines]
    found = await planted(kit, insert(tables.ENTRY).values(entries(wrong)))
    assert found == {f"entries\t{part}"}


@pytest.mark.parametrize("month", ["2026-01", "2026-02", "2026-03"])
@pytest.mark.parametrize("figure", ["due_fen", "collected_count"])
async def test_a_subtotal_of_recovery_that_differs_is_found_in_its_month(kit: Kit, month: str, figure: str) -> None:
    await books(kit)
    wrong = {
        "month": month,
        "org_unit": "zj/hangzhou",
        "route_no": "",
        "customer_class": "",
        "counts_on": date(2026, 4, 1),
    }
    figures = dict.fromkeys(("due_fen", "due_count", "collected_fen", "collected_count"), 0) | {figure: 1}
    assert await planted(kit, insert(tables.RECOVERY_SUBTOTAL).values(**wrong, **figures)) == {f"recovery\t{month}\t"}


@pytest.mark.parametrize(("no", "part"), [("A1", "\tA2"), ("A2", "A2\tA3"), ("A3", "A3\t")])
async def test_a_balance_that_is_not_its_credits_is_found_with_its_account(kit: Kit, no: str, part: str) -> None:
    await books(kit)
    wrong = tables.ACCOUNT.c.account_no == no
    found = await planted(kit, update(tables.ACCOUNT).where(wrong).values(prepaid_fen=tables.ACCOUNT.c.prepaid_fen + 5))
    assert found == {f"accounts\t{part}"}


@pytest.mark.parametrize(("no", "part"), [("A1", "\tA2"), ("A2", "A2\tA3"), ("A3", "A3\t")])
async def test_a_receivable_that_is_not_its_ledger_is_found_with_its_account(kit: Kit, no: str, part: str) -> None:
    await books(kit)
    r = tables.RECEIVABLE.c
    wrong = update(tables.RECEIVABLE).where(r.document_id == f"B2{no}").values(outstanding_fen=r.outstanding_fen - 5)
    assert await planted(kit, wrong) == {f"accounts\t{part}"}


async def test_a_payment_that_is_not_in_the_cash_ledger_is_found_in_the_totals(kit: Kit) -> None:
    await books(kit)
    wrong = update(PAYMENT).where(PAYMENT.c.status == "suspense").values(amount_fen=PAYMENT.c.amount_fen + 1)
    assert await planted(kit, wrong) == {"totals\t\t"}


async def test_what_is_of_days_and_accounts_that_nobody_knows_is_in_a_part_too(kit: Kit) -> None:
    await books(kit)
    names = ("document_kind", "kind", "group_id", "org_unit", "business_date", "recorded_at")
    (one, *_) = await kit.rows(tables.TRANSACTION)
    rest = {name: one[name] for name in names} | {"debit_fen": 5, "credit_fen": 5}
    far = [("X1", "", date(2001, 1, 1)), ("X2", "ZZ", date(2031, 1, 1))]
    found = await planted(
        kit,
        *(
            insert(tables.TRANSACTION).values(
                **rest, transaction_id=no, document_id=no, account_no=account_no, accounting_date=day
            )
            for no, account_no, day in far
        ),
        insert(tables.ENTRY).values(
            entries(
                (no, line, code, fen) for no, _, _ in far for line, code, fen in ((0, "1122", 5), (1, "6001.01", -5))
            )
        ),
    )
    assert found == {"entries\t\t2026-02-01", "entries\t2026-03-01\t", "accounts\t\tA2", "accounts\tA3\t"}


async def test_the_job_counts_what_is_broken_over_all_its_parts(kit: Kit) -> None:
    await books(kit)
    with counted(kit) as statements:
        answer = await kit.admin.post("/v1/jobs/check-books/runs", json={"business_date": "2026-04-15"})
    assert answer.json()["counts"] == {"checked": 3 * 3 + 3 + 5 + 2, "broken": 0}, answer.text
    assert len(statements) < 120, "as many for a part as ever"
    account_of, owed = tables.ACCOUNT.c.account_no == "A1", tables.RECEIVABLE.c.document_id == "B2A3"
    await planted(
        kit,
        update(tables.ACCOUNT).where(account_of).values(prepaid_fen=9),
        update(tables.RECEIVABLE).where(owed).values(route_no="R9"),
    )
    answer = await kit.admin.post("/v1/jobs/check-books/runs", json={"business_date": "2026-04-16"})
    assert answer.json()["counts"]["broken"] == 2, answer.text

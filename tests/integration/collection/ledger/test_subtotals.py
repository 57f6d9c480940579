"""Subtotals are the sums of the entries: after any sequence, any crash and any folding; on both databases."""

import asyncio
import random
from collections import defaultdict
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert

from services.collection.ledger import tables
from services.collection.ledger.store import subtotals
from services.collection.ledger.tables import LEDGER_SUBTOTAL, RECOVERY_SUBTOTAL
from shared.events.billing import AccountChanged
from tests.kits.collection import Kit, account, adjusted, bill, corrected, issued

STEPS = 45
ACCOUNTS = ("A1", "A2", "A3")
KINDS = ("bills", "bills", "pay", "pay", "pay", "bounce", "correct", "adjust", "move", "close", "fold")


class Crash(Exception):
    """The process dies before its unit of work is committed."""


async def crash(kit: Kit, *facts: Any) -> None:
    with suppress(Crash):
        async with kit.posting(*facts):
            raise Crash


async def fold(kit: Kit, *, crashes: bool = False) -> int:
    folded = 0
    async with kit.database.view() as view:
        days = await subtotals.days_to_fold(view)
    for table, day in days:
        with suppress(Crash):
            async with kit.database.begin() as tx:
                folded += await subtotals.fold(tx, table, day)
                if crashes:
                    raise Crash
    return folded


class Town:
    """Draws what happens to some accounts, by a seed."""

    def __init__(self, kit: Kit, seed: int) -> None:
        self.kit, self.draw = kit, random.Random(seed)
        self.bills: dict[str, list[Any]] = defaultdict(list)
        self.payments: list[dict[str, Any]] = []
        self.count = 0
        self.closed = 0

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count:04}"

    def day(self) -> date:
        return date(2026, 1, 1) + timedelta(days=self.draw.randrange(100))

    def bill(self, no: str, day: date | None = None) -> Any:
        day = day or self.day()
        fen, route = self.draw.randrange(-200, 900), self.draw.choice(("R1", "R2"))
        one = bill(self.name("B"), fen, account_no=no, issued_on=day, due_on=day + timedelta(days=20))
        return one.model_copy(update={"route_no": route})

    async def step(self) -> None:
        no = self.draw.choice(ACCOUNTS)
        await getattr(self, "_" + self.draw.choice(KINDS))(no)

    async def _told(self, *facts: Any) -> None:
        if self.draw.random() < 0.3:
            await crash(self.kit, *facts)
        await self.kit.give(*facts)

    async def _bills(self, _no: str) -> None:
        new = [self.bill(self.draw.choice(ACCOUNTS)) for _ in range(self.draw.randrange(1, 4))]
        await self._told(*(issued(one) for one in new))
        for one in new:
            self.bills[one.account_no].append(one)

    async def _pay(self, no: str) -> None:
        order = await self.kit.order(fen := self.draw.randrange(1, 1_200), no)
        answer = await self.kit.call_back(order, fen, self.name("T"), paid_on=self.day().isoformat())
        self.payments.append(answer.json())

    async def _bounce(self, _no: str) -> None:
        if not self.payments:
            return
        payment = self.payments.pop(self.draw.randrange(len(self.payments)))
        body = {"reason": "bounced", "reversed_on": f"2026-04-{self.draw.randrange(1, 15):02}"}
        path = f"/v1/payments/{payment['payment_id']}/reversal"
        answer = await self.kit.clerk.post(path, json=body, headers={"Idempotency-Key": self.name("V")})
        assert answer.status_code == 200, answer.text

    async def _correct(self, no: str) -> None:
        if self.bills[no]:
            old = self.bills[no].pop(self.draw.randrange(len(self.bills[no])))
            day = self.day()
            new = self.bill(no, day)
            await self._told(corrected(self.name("K"), [old], [new], on=day))
            self.bills[no].append(new)

    async def _adjust(self, no: str) -> None:
        if self.bills[no]:
            old = self.bills[no].pop(self.draw.randrange(len(self.bills[no])))
            await self._told(adjusted(self.name("K"), [(old, self.bill(no))], on=self.day()))

    async def _move(self, no: str) -> None:
        changed: AccountChanged = account(no, self.count + 2, self.draw.choice(("zj/hangzhou", "zj/ningbo")))
        await self._told(changed.model_copy(update={"customer_class": self.draw.choice(("residential", "commercial"))}))
        self.count += 1

    async def _close(self, _no: str) -> None:
        if self.closed < 3 and self.draw.random() < 0.4:
            self.closed += 1
            assert await self.kit.close(f"2026-{self.closed:02}") == ["done"]

    async def _fold(self, _no: str) -> None:
        await fold(self.kit, crashes=self.draw.random() < 0.3)


async def reckoned(kit: Kit) -> dict[tuple[Any, ...], list[int]]:
    """Reckon what is due and collected from receivables and allocations, one by one: another way than the product's."""
    found: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    rows = {row["receivable_id"]: row for row in await kit.rows(tables.RECEIVABLE) if row["month"] is not None}
    moves: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for one in await kit.rows(tables.ALLOCATION):
        moves[one["receivable_id"]][one["counts_on"]] += one["amount_fen"]
    for no, row in rows.items():
        unit = row["month"], row["org_unit"], row["route_no"], row["customer_class"]
        end = row["reversed_on"] or date.max
        for sign, day in ((1, row["posted_on"]), (-1, end)):
            if day != date.max:
                found[*unit, day][0] += sign * row["amount_fen"]
                found[*unit, day][1] += sign
        was = False
        for day in sorted({*moves[no], end} - {date.max}):
            found[*unit, day][2] += moves[no].get(day, 0)
            now = day < end and sum(fen for each, fen in moves[no].items() if each <= day) == row["amount_fen"]
            found[*unit, day][3] += now - was
            was = now
    return {key: figures for key, figures in found.items() if any(figures)}


async def stored(kit: Kit) -> dict[tuple[Any, ...], list[int]]:
    found: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in await kit.rows(RECOVERY_SUBTOTAL):
        key = tuple(row[name] for name in ("month", "org_unit", "route_no", "customer_class", "counts_on"))
        for place, name in enumerate(subtotals.DUE_FIGURES):
            found[key][place] += row[name]
    return {key: figures for key, figures in found.items() if any(figures)}


@pytest.mark.parametrize("seed", range(4))
async def test_after_any_sequence_with_any_crash_they_are_the_sums_of_what_is_posted(kit: Kit, seed: int) -> None:
    town = Town(kit, seed)
    await kit.give(account("A2"), account("A3"))
    for number in range(STEPS):
        await town.step()
        if number % 9 == 0:
            await kit.check_books()

    await kit.check_books()
    assert await stored(kit) == await reckoned(kit)
    as_of = {
        day: (await kit.clerk.get(f"/v1/trial-balance?as_of={day}")).json() for day in ("2026-02-14", "2026-04-15")
    }
    assert await fold(kit) >= 0
    assert await fold(kit) == 0, "each is one row by now"
    await kit.check_books()
    assert await stored(kit) == await reckoned(kit)
    for day, balance in as_of.items():
        assert (await kit.clerk.get(f"/v1/trial-balance?as_of={day}")).json() == balance
        assert balance["imbalance_fen"] == 0


async def test_the_job_folds_and_the_figures_stay(kit: Kit) -> None:
    for number in range(3):
        await kit.give(issued(bill(f"B{number}", 100)))
        await kit.pay(40)
    before = (
        (await kit.clerk.get("/v1/recovery?month=2026-02")).json(),
        (await kit.clerk.get("/v1/trial-balance")).json(),
    )

    answer = await kit.admin.post("/v1/jobs/fold-subtotals/runs", json={"business_date": "2026-04-15"})

    assert answer.json()["counts"]["folded"] > 0, answer.text
    days = [row["counts_on"] for row in await kit.rows(RECOVERY_SUBTOTAL)]
    assert len(days) == len(set(days)) == 2
    after = (
        (await kit.clerk.get("/v1/recovery?month=2026-02")).json(),
        (await kit.clerk.get("/v1/trial-balance")).json(),
    )
    assert after == before
    again = await kit.admin.post("/v1/jobs/fold-subtotals/runs", json={"business_date": "2026-04-16"})
    assert again.json()["reason"] == "each subtotal is one row"


async def test_subtotals_that_differ_are_found_at_night_and_decide_nothing(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    wrong = {"accounting_date": date(2026, 2, 2), "org_unit": "zj/hangzhou", "ledger_account": "1122"}
    async with kit.database.begin() as tx:
        await tx.execute(insert(LEDGER_SUBTOTAL).values(**wrong, debit_fen=5, credit_fen=0, entry_count=0))

    answer = await kit.admin.post("/v1/jobs/check-books/runs", json={"business_date": "2026-04-15"})
    shown = (await kit.clerk.get("/v1/invariants")).json()

    assert answer.json()["counts"]["broken"] == 1, answer.text
    assert "wattline_books_invariants_broken 1.0" in (await kit.clerk.get("/metrics")).text.splitlines()
    assert [one["name"] for one in shown["invariants"] if not one["holds"]] == [
        "ledger subtotals that differ from the entries"
    ]
    waits = (await kit.clerk.post("/v1/months/2026-02/close")).json()
    (asked,) = (await kit.second.get("/v1/approvals")).json()["items"]
    assert asked["approval_id"] == waits["approval_id"]
    assert asked["content"]["totals"]["1122"]["debit_fen"] == 1_000, "a month is closed by its entries"

    async with kit.database.begin() as tx:
        await tx.execute(delete(LEDGER_SUBTOTAL).where(LEDGER_SUBTOTAL.c.entry_count == 0))
    answer = await kit.admin.post("/v1/jobs/check-books/runs", json={"business_date": "2026-04-16"})
    assert answer.json()["counts"]["broken"] == 0
    assert "wattline_books_invariants_broken 0.0" in (await kit.clerk.get("/metrics")).text.splitlines()


async def test_two_who_post_at_once_do_not_wait_for_each_other(kit: Kit) -> None:
    if kit.database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer")
    await kit.give(account("A2"))

    async with asyncio.timeout(20), kit.posting(issued(bill("B1", 1_000))):
        await kit.give(issued(bill("B2", 500, account_no="A2")))  # of the same day, org unit, route and ledger accounts
        assert await fold(kit) >= 0

    rows = (await kit.clerk.get("/v1/recovery?month=2026-02")).json()["items"]
    assert [(row["due_fen"], row["due_count"]) for row in rows] == [(1_500, 2)]

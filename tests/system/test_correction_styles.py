"""Billing and collection through any turn of corrections: both styles, switched both ways, cancelled bills, late accounts.

At every look what billing has issued is what collection has posted or keeps waiting, and what a customer owes is what the bills
in force say less what was paid.
"""

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from services.billing.base import PLATFORM
from services.billing.bills.domain.policy import STYLES
from services.collection.receivables import tables as collection_tables
from services.command import reconcile
from shared.events.billing import AccountChanged, BillCorrected, BillIssued
from tests.kits import billing as billing_kit
from tests.kits import collection as collection_kit
from tests.kits.billing import Desk, account, usage
from tests.kits.collection import Kit

NUMBERS, CYCLES, STEPS = (1, 2, 3, 4), (1, 2, 3, 4), 120
TURN = 12  # steps in one style
LATE = "A3"  # its account comes to collection after its bills and corrections
PARTY = ("billing.", "collection.")
RULES = [rule for rule in reconcile.RULES if all(name.startswith(PARTY) for name in (*rule.left, *rule.right))]
KINDS = {kind.type: kind for kind in (AccountChanged, BillIssued, BillCorrected)}


class Pair:
    """A billing and a collection service, and a log between them that is read when asked for."""

    def __init__(self, desk: Desk, kit: Kit, seed: int) -> None:
        self.desk, self.kit, self.random = desk, kit, random.Random(seed)
        self.versions: dict[tuple[int, int], int] = {}
        self.latest: dict[tuple[int, int], int] = {}
        self.paid_fen: dict[str, int] = defaultdict(int)
        self.done: dict[str, int] = defaultdict(int)
        self.kept: list[Any] = []
        self._position = 0

    async def step(self) -> None:
        often = [self.bill, self.bill, self.correct, self.correct, self.correct]
        do = self.random.choice([*often, self.cancel, self.pay, self.deliver])
        await do()

    async def bill(self) -> None:
        n = self.random.choice(NUMBERS)
        cycle = len([key for key in self.versions if key[0] == n]) + 1
        if cycle in CYCLES:
            await self.desk.released(self._usage(n, cycle))

    async def correct(self) -> None:
        if self.versions:
            batch = {self.random.choice(list(self.versions)) for _ in range(self.random.randint(1, 2))}
            await self.desk.measure(*(self._usage(*key) for key in sorted(batch)))
            await self.desk.work()

    async def cancel(self) -> None:
        issued = await self.desk.bills("bill_id", status="issued")
        if issued and self.random.random() < 0.3:
            await self.desk.decide(self.random.choice(issued)[0], "cancel", "2026-05-10")
            self.done["cancel"] += 1

    async def pay(self) -> None:
        n = self.random.choice(NUMBERS)
        if f"A{n}" != LATE:
            fen = self.random.randint(1, 60_000)
            await self.kit.pay(fen, f"A{n}")
            self.paid_fen[f"A{n}"] += fen

    async def deliver(self) -> None:
        """Hand collection what billing has told since, in parts, some of it twice."""
        journal = PLATFORM.event_journal.c
        async with self.desk.db.view() as view:
            rows = await view.all(
                select(journal.position, journal.type, journal.payload)
                .where(journal.position > self._position, journal.type.in_(KINDS))
                .order_by(journal.position)
            )
        for row in rows:
            self._position = row.position
            facts = [KINDS[row.type].model_validate(one) for one in orjson.loads(row.payload)["items"]]
            self.kept += [one for one in facts if row.type == AccountChanged.type and one.account_no == LATE]
            facts = [one for one in facts if one not in self.kept]
            for _ in range(self.random.randint(1, 2)):
                if facts:
                    await self.kit.give(*facts)

    def _usage(self, n: int, cycle: int) -> Any:
        key = n, cycle
        self.versions[key] = self.versions.get(key, 0) + 1
        self.latest[key] = self.random.randint(650, 950)  # no sudden change, which a reviewer must see
        return usage(n, cycle, self.latest[key], version=self.versions[key], route=f"R{n}", replaces_reason="misread")

    async def check(self) -> None:
        """Assert that both services agree about everything that was told."""
        await self.deliver()
        for cycle in CYCLES:
            month = f"2026-{cycle:02}"
            collected = (await self.kit.admin.get(f"/v1/control-totals?cycle={month}")).json()
            totals = {"billing": await self.desk.totals(month), "collection": collected}
            found = {one.title: one for one in reconcile.compare(totals)}
            wrong = [found[rule.title] for rule in RULES if not found[rule.title].agrees]
            assert not wrong, (month, wrong)
        await self.kit.check_books()
        in_force: dict[str, int] = defaultdict(int)
        for account_no, fen in await self.desk.bills("account_no", "total_fen", status="issued"):
            in_force[account_no] += fen
        for n in NUMBERS:
            account_no = f"A{n}"
            if account_no != LATE or not self.kept:
                owed_fen, prepaid_fen = await self.kit.money(account_no)
                assert owed_fen - prepaid_fen == in_force[account_no] - self.paid_fen[account_no]
                assert min(owed_fen, prepaid_fen) == 0


@pytest.mark.parametrize("seed", range(4))
async def test_what_billing_issued_is_what_collection_posted_through_any_turn_of_styles(
    seed: int, tmp_path: Path
) -> None:
    for name in ("b", "c"):
        (tmp_path / name).mkdir()
    urls = [f"sqlite+aiosqlite:///{tmp_path / name}/test.db" for name in ("b", "c")]
    async with (
        billing_kit.desk(urls[0], tmp_path / "b") as desk,
        collection_kit.started(urls[1], tmp_path / "c") as kit,
    ):
        pair = Pair(desk, kit, seed)
        await desk.open(*(account(n) for n in NUMBERS))
        await pair.deliver()
        for n in range(STEPS):
            if n % TURN == 0:
                desk.correct_by(STYLES[(seed + n // TURN) % 2])
            await pair.step()
            if n % 10 == 0:
                await pair.check()
        await pair.check()
        late, pair.kept = pair.kept, []
        await kit.give(*late)
        await pair.check()
        assert await kit.rows(collection_tables.WAITING) == []
        by_difference = [bool(fact.differences) for fact in await desk.published(BillCorrected)]
        assert min(by_difference.count(True), by_difference.count(False), pair.done["cancel"]) >= 1


def test_most_rules_of_the_reconciliation_are_between_billing_and_collection() -> None:
    assert len(RULES) >= 6

"""In whatever order bills are frozen, thawed, calculated, corrected, approved and released, the same ones go out in the end."""

from datetime import date
from random import Random

import pytest

from services.billing.bills.store import bills as bills_store
from services.billing.business_day import store as business_day
from services.billing.freezes import store as freezes_store
from shared.events.billing import BillCorrected, BillIssued
from tests.integration.billing.freezing.test_freezes import freeze, lift
from tests.kits.billing import Desk, account, closed, usage
from tests.kits.effort import walks

HOMES, CYCLES = (1, 2, 3), (1, 2)
PLACES = [(n, m) for n in HOMES for m in CYCLES]
FIRST = [usage(n, m, 1200 if n == 2 else 200 + 10 * m, route=f"R{n % 2}") for n, m in PLACES]
AGAIN = [usage(n, 1, 150 + n, version=2, replaces_reason="reread", route=f"R{n % 2}") for n in (1, 3)]
STEPS = ("measure", "correct", "freeze", "lift", "approve", "release", "work")


class Walk:
    """A town whose steps come by chance; what is left of them is done in the end."""

    def __init__(self, desk: Desk, chance: Random) -> None:
        self.desk, self.chance = desk, chance
        self.first, self.again = chance.sample(FIRST, len(FIRST)), chance.sample(AGAIN, len(AGAIN))
        self.runs = [(route, m) for route in ("R0", "R1") for m in CYCLES]
        chance.shuffle(self.runs)
        self.freezes: dict[str, str] = {}

    async def step(self, name: str) -> None:
        if name in ("measure", "correct"):
            left = self.first if name == "measure" else self.again
            if left:
                await self.desk.measure(left.pop())
        elif name == "freeze":
            await self._freeze()
        elif name == "lift" and self.freezes:
            await lift(self.desk, self.freezes.pop(self.chance.choice(sorted(self.freezes))))
        elif name == "approve":
            held = [bill_id for (bill_id,) in await self.desk.bills("bill_id", status="held")]
            if held:
                await self.desk.decide(self.chance.choice(held), "approve", "2026-04-01")
        elif name == "release" and self.runs:
            route, m = self.runs.pop()
            await self.desk.close(closed([u for u in FIRST if u.route_no == route and u.cycle == f"2026-0{m}"]))
        elif name == "work":
            await self.desk.work()
            await self._nothing_frozen_went_out()

    async def _freeze(self) -> None:
        known = await self.desk.bills("bill_id")
        routes = {f"R{n % 2}" for n in HOMES} if not self.first else set()
        choices = [{"contract_no": f"C{n}"} for n in HOMES] + [{"rule": "billing.implausible_home"}]
        choices += [{"route_no": route} for route in sorted(routes)]
        choices += [{"bill_id": bill_id} for (bill_id,) in known]
        ((name, subject),) = self.chance.choice(choices).items()
        if subject not in self.freezes:
            self.freezes[subject] = await freeze(self.desk, **{name: subject})
            self._before = await self._issued()

    _before: frozenset[str] = frozenset()

    async def _issued(self) -> frozenset[str]:
        return frozenset(bill_id for (bill_id,) in await self.desk.bills("bill_id", status="issued"))

    async def _nothing_frozen_went_out(self) -> None:
        async with self.desk.db.view() as view:
            standing = await freezes_store.standing(view)
        new = {row.bill_id: row for row in await self.desk.bills(status="issued")}
        kept = [bill_id for bill_id, row in new.items() if bills_store.frozen_by(standing, row)]
        assert set(kept) <= self._before | self._may, "it went out while it was frozen"
        self._may = frozenset(new)

    _may: frozenset[str] = frozenset()

    async def end(self) -> None:
        for name, left in (("measure", self.first), ("correct", self.again), ("release", self.runs)):
            while left:
                await self.step(name)
        while self.freezes:
            await self.step("lift")
        while await self.desk.bills("bill_id", status="held"):
            await self.step("approve")
        await self.desk.work()
        assert await self.desk.work() == 0, "nothing is left to be done"


async def books(desk: Desk) -> list[tuple[object, ...]]:
    names = ("contract_no", "period_from", "period_to", "status", "energy_wh", "total_fen", "ladder_state")
    return [row for row in await desk.bills(*names) if row[3] not in ("replaced", "reversed")]


async def day_comes(desk: Desk) -> None:
    """Let the day come on which every run goes out."""
    async with desk.db.begin() as tx:
        await business_day.advance(tx, date(2026, 4, 1))


CLEAN: list[tuple[object, ...]] = []


@walks(1, 2, 3, 4, 5, 6, 7, 8)
async def test_any_order_ends_in_the_same_issued_bills(desk: Desk, seed: int) -> None:
    desk.two_people(bill__release=[], bill__decision=[], run__release=[])
    await desk.open(*(account(n) for n in HOMES))
    walk = Walk(desk, Random(seed))
    for _ in range(24):
        await walk.step(walk.chance.choice(STEPS))
    await day_comes(desk)
    await walk.end()
    found = await books(desk)
    assert [(no, status) for no, _, _, status, *_ in found] == [(f"C{n}", "issued") for n, _ in PLACES]
    issued = {fact.bill.bill_id: fact.bill for fact in await desk.published(BillIssued)}
    for fact in await desk.published(BillCorrected):
        for gone in fact.reversals:
            del issued[gone.bill_id]
        issued |= {bill.bill_id: bill for bill in fact.replacements}
    told = sorted((bill.contract_no, bill.period_from, bill.energy_wh, bill.total_fen) for bill in issued.values())
    assert told == [(no, from_, wh, fen) for no, from_, _, _, wh, fen, _ in found], "the facts tell the same"
    latest = {(u.service_point_no, u.cycle): u.energy_wh["import"] for u in [*FIRST, *AGAIN]}
    assert [row[4] for row in found] == [latest[f"SP{n}", f"2026-0{m}"] for n, m in PLACES]
    CLEAN[:] = CLEAN or found
    assert found == CLEAN, "as after every other order"


@pytest.mark.parametrize("order", ["fcr", "frc", "cfr", "crf", "rfc", "rcf"])
async def test_freeze_usage_and_release_come_in_any_order(desk: Desk, order: str) -> None:
    """f: the contract is frozen, c: its usage is calculated, r: its run is released."""
    await desk.open(account(1))
    freeze_id = ""
    for step in order:
        if step == "f":
            freeze_id = await freeze(desk, contract_no="C1")
        elif step == "c":
            await desk.measure(usage(1, 1, 200))
        else:
            await desk.close(closed([usage(1, 1, 200)]))
        if freeze_id:
            await desk.work()
    await day_comes(desk)
    await desk.work()
    assert await desk.published(BillIssued) == []
    await lift(desk, freeze_id)
    await desk.work()
    assert [fact.account_no for fact in await desk.published(BillIssued)] == ["A1"]

"""Whatever order, batches and repetitions the facts of a point come in, its books are those of what is in force at the end.

A world is a point with its usages told, corrected, cut, merged and withdrawn, half of it before its contract ends or is annulled
and another's begins, half of it after. Household, tariff and opening of its contracts change for billed days meanwhile. Runs are
issued in between, in both styles of correction, where changed facts are corrected at once and where a reviewer approves them in
the end. A clean installation is told the end alone.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from services.billing.base import PLATFORM
from services.billing.bills.domain.bills import EFFECTIVE, ISSUED
from services.billing.bills.domain.policy import CORRECT, PROPOSE, STYLES
from services.billing.bills.tables import BILL, BILL_DOCUMENT
from services.billing.contracts.domain import Account, AccountTerms, Assignment, Contract
from services.billing.runs.tables import BILL_RUN
from services.billing.usages.tables import USAGE
from services.command import reconcile
from shared.events.billing import AccountChanged, BillCorrected, BillIssued
from shared.events.reading import UsageMeasured
from tests.kits import billing as billing_kit
from tests.kits import collection as collection_kit
from tests.kits.billing import Desk, account, closed, month, usage
from tests.kits.collection import Kit
from tests.kits.effort import examples, seeds

MONTHS = 4
FIRST_SEED = seeds(0)[0]
KINDS = {kind.type: kind for kind in (AccountChanged, BillIssued, BillCorrected)}
PARTY = ("billing.", "collection.")
RULES = [
    rule.title
    for rule in reconcile.RULES
    if all(name.startswith(PARTY) for name in (*rule.left, *rule.right)) and rule.title != "usages received = rated"
]
Period = tuple[date, date]


@dataclass
class Reading:
    """What reading tells of a point: a version is one more than the highest of any usage that shares a day."""

    told: list[UsageMeasured] = field(default_factory=list)
    in_force: dict[Period, UsageMeasured] = field(default_factory=dict)

    def tell(self, gone: Sequence[Period], new: Sequence[tuple[Period, int, int]], *, late: bool = False) -> None:
        """Withdraw periods and tell others, as (days, kWh, months), in one group."""
        days = [*gone, *(period for period, _, _ in new)]
        version = 1 + max((u.version for u in self.told for period in days if _share(u, period)), default=0)
        for period in gone:
            del self.in_force[period]
            if period not in [p for p, _, _ in new]:
                self.told.append(self._fact(period, version, withdrawn=True, months=0, energy_wh={}))
        for period, kwh, months in new:
            fact = self._fact(period, version, energy_wh=_energy(kwh), months=months, late=late)
            self.in_force[period] = fact
            self.told.append(fact)

    def _fact(self, period: Period, version: int, **more: Any) -> UsageMeasured:
        from_, to = period
        day = to - timedelta(days=1)
        return usage(
            1,
            day.month,
            version=version,
            usage_id=f"{from_:%m%d}-{to:%m%d}-{version}",
            period_from=from_,
            period_to=to,
            route=f"R{day.month}",
            replaces_reason=None if version == 1 else "corrected",
            **more,
        )

    def step(self, random: Random) -> None:
        """Correct, cut, merge or withdraw a period, or tell days anew that no period covers."""
        if not self.in_force:
            return
        periods = sorted(self.in_force)
        period = random.choice(periods)
        old, kwh = self.in_force[period], random.randint(600, 900)
        after = [other for other in periods if other[0] == period[1]]
        kind = random.choice(["correct", "correct", "cut", "cut", "merge", "withdraw"])
        if kind == "correct":
            self.tell([period], [(period, kwh, old.months)])
        elif kind == "cut":
            self.cut(period, period[0] + timedelta(days=random.randint(1, 40)), random)
        elif kind == "merge" and after:
            months = old.months + self.in_force[after[0]].months
            self.tell([period, after[0]], [((period[0], after[0][1]), 2 * kwh, months)])
        elif kind == "withdraw":
            self.tell([period], [])

    def cut(self, period: Period, day: date, random: Random) -> None:
        """Cut a period at a day within it."""
        if period[0] < day < period[1]:
            halves = ((period[0], day), (day, period[1]))
            self.tell([period], [(half, random.randint(100, 450), 1) for half in halves])


def _energy(kwh: int) -> dict[str, int]:
    return {"import": kwh * 1000, "import.peak": kwh * 600, "import.valley": kwh * 400}


def _share(told: UsageMeasured, period: Period) -> bool:
    return told.period_from < period[1] and period[0] < told.period_to


@dataclass
class World:
    """The facts before and after the contract changes, and how they come."""

    random: Random
    before: list[UsageMeasured] = field(default_factory=list)
    after: list[UsageMeasured] = field(default_factory=list)
    in_force: list[UsageMeasured] = field(default_factory=list)
    moved_on: date | None = None
    annulled: bool = False
    changed_facts: str = PROPOSE
    people: tuple[AccountTerms, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    opening: dict[str, Any] | None = None
    opened: bool = False

    def __post_init__(self) -> None:
        reading, random = Reading(), self.random
        self.changed_facts = random.choice([PROPOSE, CORRECT])
        self.change()
        for number in range(1, MONTHS + 1):
            period = month(number), month(number + 1)
            reading.tell([], [(period, random.randint(600, 900), 1)], late=random.random() < 0.2)
        for _ in range(random.randint(0, 3)):
            reading.step(random)
        self.before = list(reading.told)
        if random.random() < 0.7:
            self.annulled = random.random() < 0.2
            self.moved_on = day = month(1) + timedelta(days=0 if self.annulled else random.randint(1, 100))
            for period in sorted(p for p in reading.in_force if p[1] > day):
                if period[0] < day:
                    reading.cut(period, day, random)
                else:  # its contract is another one now
                    old = reading.in_force[period]
                    reading.tell([period], [(period, old.energy_wh["import"] // 1000, old.months)])
            for _ in range(random.randint(0, 2)):
                again = {p: u for p, u in reading.in_force.items() if not p[0] < day < p[1]}
                if len(again) == len(reading.in_force):
                    reading.step(random)
            for period in [p for p in reading.in_force if p[0] < day < p[1]]:
                reading.cut(period, day, random)
        self.after = reading.told[len(self.before) :]
        self.in_force = list(reading.in_force.values())

    def change(self) -> None:
        """Draw another household, tariff and ladder usage at the opening."""
        random, start = self.random, date(2020, 1, 1)
        day = month(1) + timedelta(days=random.randint(0, 150))
        first = AccountTerms(start, "residential", random.choice([3, 5]), 1)
        self.people = (first, AccountTerms(day, "residential", random.choice([3, 6]), 1))
        self.assignments = (Assignment(start, billing_kit.PLAIN),)
        if random.random() < 0.3:
            self.assignments += (Assignment(month(random.randint(1, 5)), f"{billing_kit.PLAIN}/time-of-use"),)
        used_wh = [random.choice([0, 0, 500_000]), 0, 0]
        self.opening = {"ladders": {"year": {"year": 2026, "used_wh": used_wh}}}

    def accounts(self) -> list[Account]:
        """Return the accounts as they stand."""
        if self.moved_on is None:
            return [self._account(1, date(2020, 1, 1), None)]
        first = self._account(1, date(2020, 1, 1), None if self.annulled else self.moved_on, annulled=self.annulled)
        return [first, self._account(2, self.moved_on, None)]

    def _account(self, n: int, from_: date, to: date | None, *, annulled: bool = False) -> Account:
        (given,) = account(n).contracts
        contract = Contract(
            contract_no=given.contract_no,
            service_point_no="SP1",
            from_=from_,
            to=to,
            assignments=self.assignments,
            opening=self.opening,
            cycle_months=1,
            annulled=annulled,
            reason="entered twice" if annulled else "",
        )
        return account(n, facts=self.people, contracts=(contract,))

    async def come(self, desk: Desk) -> None:
        """Tell all of it: facts that the change of contracts caused come after it, and nothing else is in order."""
        random = self.random
        early = [fact for fact in self.before if random.random() < 0.7]
        late = [fact for fact in self.before if fact not in early] + self.after
        if random.random() < 0.8:
            await desk.open(self._account(1, date(2020, 1, 1), None))
        await self._shuffled(desk, early)
        await self._open(desk)
        self.opened = True
        await self._shuffled(desk, late)
        await self._close(desk, range(1, MONTHS + 1))
        if random.random() < 0.5:
            await self._change(desk)
        await desk.approve_all("2026-06-10")

    async def _change(self, desk: Desk) -> None:
        self.change()
        await self._open(desk)

    async def _open(self, desk: Desk) -> None:
        for each in self.accounts():
            outcomes = await desk.open(each)
            assert [o.status for o in outcomes if o.status not in ("done", "already_done")] == []

    async def _shuffled(self, desk: Desk, facts: list[UsageMeasured]) -> None:
        random = self.random
        queue = [*facts, *(fact for fact in facts if random.random() < 0.3)]
        disorder = random.choice([0.1, 0.5, 2.0])
        places = {i: i / len(facts) + disorder * random.random() for i in range(len(queue))}
        queue = [queue[i] for i in sorted(places, key=places.__getitem__)]
        while queue:
            size = random.randint(1, 5)
            batch, queue = {fact.usage_id: fact for fact in queue[:size]}, queue[size:]
            await desk.measure(*batch.values())
            if random.random() < 0.5:
                desk.correct_by(random.choice(STYLES), self.changed_facts)
                await self._close(desk, range(1, MONTHS + 1))
            if random.random() < 0.1 and self.opened:
                await self._change(desk)

    async def _close(self, desk: Desk, numbers: Sequence[int]) -> None:
        for number in numbers:
            first = [u for u in self.before if u.version == 1 and u.cycle == f"2026-{number:02}"]
            await desk.close(closed(first, route=f"R{number}"))
        await desk.work()


async def books(desk: Desk) -> dict[str, list[Any]]:
    """Return usages in force, those that wait, and the bills in force with their lines and ladder states."""
    u, b = USAGE.c, BILL.c
    standing = select(u.period_from, u.period_to, u.import_wh, u.months, u.waiting_for).where(
        ~u.superseded, ~u.withdrawn
    )
    state = func.coalesce(b.restated_state, b.ladder_state)
    bills = (
        select(b.contract_no, b.period_from, b.period_to, b.energy_wh, b.total_fen, state, BILL_DOCUMENT.c.lines)
        .select_from(BILL.join(BILL_DOCUMENT, BILL_DOCUMENT.c.bill_id == b.bill_id))
        .where(b.status.in_(EFFECTIVE))
    )
    return {"usages": await rows(desk, standing), "bills": await rows(desk, bills)}


async def rows(desk: Desk, statement: Any) -> list[Any]:
    async with desk.db.view() as view:
        return sorted(tuple(row) for row in await view.all(statement))


async def check_reconciled(desk: Desk, kit: Kit) -> None:
    """Hand collection what billing told, and assert that both agree, with each other and with what is in force."""
    journal = PLATFORM.event_journal.c
    told = select(journal.position, journal.type, journal.payload).where(journal.type.in_(KINDS))
    for _, kind, payload in await rows(desk, told):
        await kit.give(*(KINDS[kind].model_validate(one) for one in orjson.loads(payload)["items"]))
    for number in range(1, MONTHS + 1):
        cycle = f"2026-{number:02}"
        collected = (await kit.admin.get(f"/v1/control-totals?cycle={cycle}")).json()
        totals = {"billing": await desk.totals(cycle), "collection": collected}
        found = {one.title: one for one in reconcile.compare(totals)}
        assert [found[title] for title in RULES if not found[title].agrees] == [], cycle
    await kit.check_books()
    issued = {no: 0 for (no,) in await desk.bills("account_no")}
    for account_no, fen in await desk.bills("account_no", "total_fen", status=ISSUED):
        issued[account_no] += fen
    for account_no, fen in issued.items():
        owed_fen, prepaid_fen = await kit.money(account_no)
        assert owed_fen - prepaid_fen == fen


async def both(world: World, folder: Path) -> None:
    for name in ("told", "clean", "collection"):
        (folder / name).mkdir()
    urls = {name: f"sqlite+aiosqlite:///{folder / name}/test.db" for name in ("told", "clean", "collection")}
    async with (
        billing_kit.desk(urls["told"], folder / "told") as desk,
        billing_kit.desk(urls["clean"], folder / "clean") as clean,
        collection_kit.started(urls["collection"], folder / "collection") as kit,
    ):
        await world.come(desk)
        await clean.open(*world.accounts())
        for fact in sorted(world.in_force, key=lambda u: u.period_from):
            await clean.measure(fact)
        found, expected = await books(desk), await books(clean)
        assert found["usages"] == expected["usages"]
        assert found["bills"] == expected["bills"]
        await check_reconciled(desk, kit)
        assert "open" not in [status for (status,) in await rows(desk, select(BILL_RUN.c.status))]


@settings(max_examples=examples(20))
@given(st.integers(FIRST_SEED, FIRST_SEED + 2**32))
def test_every_order_of_arrival_ends_in_the_books_of_what_is_in_force(seed: int) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(both(World(Random(seed)), Path(folder)))

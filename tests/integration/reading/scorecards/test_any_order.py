"""Whatever comes when, and whenever jobs are run: everything is counted once, in its month, and no scorecard ever changes."""

import random
from collections import Counter
from datetime import date, timedelta
from typing import Any

from tests.integration.reading.readers.test_assigning import assigned, put
from tests.kits.disputes import doubt, opened, step
from tests.kits.effort import walks
from tests.kits.reading import Kit
from tests.kits.scorecards import at, bill, cards, close, correct, corrected, make, number, plan, seen

MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05")
A_DAY = timedelta(days=1)
LARGE = 500_000


class Walk:
    """Draws what happens from day to day, and keeps by hand what is to be counted: (month, reader, figure)."""

    def __init__(self, kit: Kit, seed: int) -> None:
        self.kit = kit
        self.random = random.Random(seed)
        self.today = date(2026, 2, 1)
        self.closes = 2
        self.reads: dict[str, tuple[int, date, str]] = {}
        """By id: point, day, and who has seen what is in force."""
        self.errors: Counter[tuple[str, str]] = Counter()
        self.bills: list[Any] = []
        self.billed: dict[tuple[int, date], date] = {}
        """When a bill was corrected last: of several errors of one read on that day nobody can say which one it was."""
        self.doubts = 0
        self.large: Counter[tuple[str, str]] = Counter()
        self.confirmed: Counter[tuple[str, str]] = Counter()
        self.reader_of: dict[tuple[int, str], str] = {}
        self.made: dict[tuple[str, str, str | None], Any] = {}

    async def day(self) -> None:
        """What the district does on a day, and a few things that people do."""
        today = str(self.today)
        if self.today.day == 1:
            await plan(self.kit, today)
        if self.today.day in (1, 2):
            await self.read()
        if self.today.day == self.closes:
            await close(self.kit, today)
            self.closes = self.random.choice([2, 2, 9, 20, 27])
        for _ in range(self.random.randint(0, 2)):
            await self.random.choice([self.correct, self.correct, self.annul, self.doubt, self.bill])()
        if self.random.random() < 0.3:
            await make(self.kit, today)
            if self.random.random() < 0.3:  # for a day that was missed
                await self.kit.job("make-scorecards", str(self.today - self.random.randint(1, 20) * A_DAY))
            await self.look()
        self.today += A_DAY

    async def read(self) -> None:
        read_date, items = self.today.replace(day=1), []
        for point in range(1, 5):
            own = number(point, str(self.today))
            if self.random.random() < 0.4 and (point, f"{read_date}") not in self.reader_of:
                reader = self.random.choice(["anna", "bert"])
                items.append(
                    seen(point, str(self.today), f"{100 * read_date.month + self.random.randint(1, 90)}.00", reader)
                )
                self.reads[own] = point, self.today, reader
                self.reader_of[point, str(read_date)] = reader
        if items:
            at(self.kit, str(self.today))
            assert {each["status"] for each in await self.kit.push(*items)} == {"accepted"}

    def _drawn(self) -> str | None:
        return self.random.choice(sorted(self.reads)) if self.reads else None

    async def correct(self) -> None:
        if (own := self._drawn()) is None:
            return
        point, read_date, reader = self.reads[own]
        if self.billed.get((point, read_date)) == self.today:
            return
        told = self.random.choice(["carl", "dora"])
        value = f"{100 * read_date.month + self.random.randint(1, 90)}.00"
        answer = await correct(self.kit, own, value, on=str(self.today), reader=told)
        assert answer.status_code == 200, answer.text
        edits = (await self.kit.clerk.get(f"/v1/reads/{own}")).json()
        figures = [edits["registers"], *(each["registers"] for each in edits["corrections"])]
        annulled = any(each["kind"] == "annulled" for each in edits["corrections"][-2:-1])
        if answer.json()["status"] == "done":
            if figures[-1] != figures[-2] and reader:
                self.errors[str(self.today)[:7], reader] += 1
                self.bills.append((point, read_date, reader, self.today))
            assert not annulled or not reader
            self.reads[own] = point, read_date, told

    async def annul(self) -> None:
        if self.random.random() < 0.5 or (own := self._drawn()) is None:
            return
        point, read_date, reader = self.reads[own]
        at(self.kit, str(self.today))
        answer = await self.kit.clerk.post(f"/v1/reads/{own}/annulment", json={"reason": "misread"})
        assert answer.status_code == 200, answer.text
        if answer.json()["status"] == "done" and reader:
            self.errors[str(self.today)[:7], reader] += 1
        self.reads[own] = point, read_date, ""

    async def bill(self) -> None:
        """Billing corrects a bill because of an error, and tells it now, or some days later and twice."""
        if not self.bills:
            return
        point, read_date, _, _ = self.bills.pop()
        self.billed[point, read_date] = self.today
        self.bills = [each for each in self.bills if each[:2] != (point, read_date)]
        old = bill(f"S{point:04d}", str(read_date - 20 * A_DAY), str(read_date), 600_000)
        new = bill(f"S{point:04d}", str(read_date - 20 * A_DAY), str(read_date), 600_000 - LARGE, 2)
        fact = corrected(f"K-{self.today}-{point}", str(self.today), (old,), (new,))
        for _ in range(self.random.randint(1, 2)):
            await self.kit.give(fact)
        if self.random.random() < 0.3:  # corrected again because of the same
            await self.kit.give(fact.model_copy(update={"correction_id": f"{fact.correction_id}-2"}))
        self.large[str(self.today)[:7], ""] += 1

    async def doubt(self) -> None:
        done = sorted(key for key in self.reader_of if date.fromisoformat(key[1]) < self.today.replace(day=1))
        if not done:
            return
        point, read_date = self.random.choice(done)
        cycle = str(date.fromisoformat(read_date) - A_DAY)[:7]
        self.doubts += 1
        at(self.kit, str(self.today))
        said = doubt(f"D{self.doubts}", f"S{point:04d}", cycles=[cycle], opened_on=str(self.today))
        if await opened(self.kit.clerk, said) != ["done"]:
            return
        outcome = self.random.choice(["read_corrected", "explained"])
        more = {"outcome": outcome, "explanation": "It is so."}
        assert await step(self.kit.clerk, "end", str(self.today), number=f"D{self.doubts}", **more) == "done"
        if outcome == "read_corrected":
            self.confirmed[str(self.today)[:7], ""] += 1

    async def look(self) -> None:
        """No scorecard that was made has changed."""
        for month in MONTHS:
            for card in await cards(self.kit, month):
                key = card["month"], card["route_no"], card["reader"]
                assert self.made.setdefault(key, card) == card


@walks(1, 2, 3)
async def test_everything_is_counted_once_in_its_month(kit: Kit, seed: int) -> None:
    walk = Walk(kit, seed)
    await kit.district(4)
    at(kit, "2026-01-10")
    await put(kit, assigned("anna", "2026-01-01"))
    while walk.today < date(2026, 6, 1):
        await walk.day()
    while walk.today < date(2026, 7, 20):
        if walk.today.day == 1:
            await plan(kit, str(walk.today))
        if walk.today.day in (2, 9):
            await close(kit, str(walk.today))
        if walk.today.day == 16:
            await make(kit, str(walk.today))
            await walk.look()
        walk.today += A_DAY
    months = sorted({month for month, *_ in walk.made})
    rows = [row for month in (*MONTHS, "2026-06") for row in await cards(kit, month, "scorecards/rows")]
    assert len({(row["kind"], row["subject"]) for row in rows}) == len(rows)

    first = months[0]
    for month in months:
        of_month = await cards(kit, month)
        errors = {card["reader"]: card["wrong"] for card in of_month if card["wrong"]}
        assert errors == {reader: count for (its, reader), count in walk.errors.items() if its == month}
        assert sum(card["disputes_confirmed"] for card in of_month) == walk.confirmed[month, ""]
        assert sum(card["serious"] for card in of_month) == walk.large[month, ""]
        assert sum(card["expected"] for card in of_month) == 4
        by_reader = {(card["route_no"], card["reader"]): card for card in of_month}
        for key, card in by_reader.items():
            its = [row for row in rows if (row["month"], row["route_no"], row["reader"]) == (month, *key)]
            assert card["expected"] == sum(row["kind"] == "task" for row in its)
            assert card["fix_days"] == sum(row["fix_days"] for row in its if row["fault"] == "reader")
    assert first <= MONTHS[1]
    assert walk.errors

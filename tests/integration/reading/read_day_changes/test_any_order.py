"""No order of requests, answers, decisions, planning, closings and reads moves a read day without its customer's consent."""

import random
from datetime import date, timedelta
from typing import Any

from services.reading.tasks.domain.tasks import cycle_of
from tests.integration.reading.read_day_changes.test_read_day_changes import (
    BODY,
    PROPOSED,
    VISIT,
    answered,
    decided,
    district,
    second,
    silent,
    waiting,
)
from tests.kits.effort import walks
from tests.kits.reading import Kit

POINTS = ["S0001", "S0002", "S0003"]
CYCLES = [f"2026-{month:02}" for month in range(2, 11)]


MOVING = (1, 2, 3, 4, 6)
"""Seeds in which something is moved: a walk that moves nothing would prove nothing."""


class Walk:
    """Draws what happens next, and keeps by hand on which day each point is to be read in each cycle."""

    def __init__(self, kit: Kit, seed: int) -> None:
        self.kit = kit
        self.random = random.Random(seed)
        self.meters = random.Random(seed + 1000)
        self.today = date(2026, 2, 6)
        self.days = {point: {cycle: f"{cycle}-05" for cycle in CYCLES} for point in POINTS}
        self.consents: set[str] = set()
        self.requests = 0

    async def step(self) -> None:
        await self.random.choice([self.ask, *[self.answer] * 4, *[self.decide] * 2, self.take_back, self.wait])()

    async def ask(self) -> None:
        self.requests += 1
        body: dict[str, Any] = BODY | {"request_no": f"RD-{self.requests}", "asked_on": str(self.today)}
        named = self.random.sample(POINTS, self.random.randint(1, 3))
        day, ahead = self.random.choice([2, 3, 20, 25]), self.random.choice([20, 40, 60])
        cycle = cycle_of(self.today + timedelta(days=ahead))
        if self.random.random() < 0.4:
            body |= {"visit_on": f"{cycle}-{day:02}", "service_point_nos": named}
        else:
            body |= {"read_day": day, "from_cycle": cycle}
            body |= {"service_point_nos": named} if self.random.random() < 0.5 else {}
        answer = await self.kit.clerk.post("/v1/read-day-requests", json=body)
        assert answer.status_code in (200, 409, 422), answer.text

    async def answer(self) -> None:
        asked = [*await self.kit.published(PROPOSED), *await self.kit.published(VISIT)]
        if not asked:
            return
        question = self.random.choice(asked)
        what = self.random.choice(["yes", "yes", "yes", "no", "silent"])
        if what == "silent":
            await self.kit.give(silent(question))
            return
        await self.kit.give(answered(question, what))
        if what == "yes":
            self.consents.add(question["question_id"])

    async def decide(self) -> None:
        waits = await waiting(self.kit)
        if not waits:
            return
        chosen = self.random.sample(waits, self.random.randint(1, len(waits)))
        decision = self.random.choice(["approve", "approve", "reject"])
        outcomes = await decided(second(self.kit), chosen, decision=decision)
        for each, outcome in zip(chosen, outcomes, strict=True):
            if decision == "approve" and outcome == "done":
                assert each["subject_id"] in self.consents, "effective without consent"
                self.move(each["content"])

    def move(self, content: dict[str, Any]) -> None:
        days = self.days[content["service_point_no"]]
        if content["visit_on"]:
            days[content["from_cycle"]] = content["visit_on"]
            return
        for cycle in CYCLES:
            if cycle >= content["from_cycle"]:
                days[cycle] = f"{cycle}-{content['read_day']:02}"

    async def take_back(self) -> None:
        if self.requests and self.random.random() < 0.3:
            number = self.random.randint(1, self.requests)
            await self.kit.clerk.post(f"/v1/read-day-requests/RD-{number}/withdrawal")

    async def wait(self) -> None:
        for _ in range(self.random.choice([1, 4, 12])):
            self.today += timedelta(days=1)
            await self.kit.plan(str(self.today))
            if self.meters.random() < 0.3:
                await self.read()
            if self.meters.random() < 0.7:
                await self.kit.close(str(self.today))

    async def read(self) -> None:
        """Meters are read on whatever day, by themselves or by a person."""
        for point in self.meters.sample(POINTS, self.meters.randint(1, 3)):
            day, shown = str(self.today), f"{100 + 3 * (self.today - date(2026, 2, 6)).days}.00"
            source = self.meters.choice(["remote", "site"])
            assert (await self.kit.push_one(point.replace("S", "M"), day, shown, source))["status"] == "accepted"


@walks(*range(1, 7))
async def test_a_point_is_read_on_the_day_that_its_customer_agreed_to_and_on_no_other(kit: Kit, seed: int) -> None:
    await district(kit, len(POINTS))
    walk = Walk(kit, seed)
    for _ in range(80):
        await walk.step()
    for cycle in (each for each in CYCLES if each >= f"{walk.today:%Y-%m}"):
        await kit.plan(f"{cycle}-28")
    for point in POINTS:
        planned = {task["cycle"]: task["read_date"] for task in await kit.items("tasks", service_point_no=point)}
        assert planned == walk.days[point], "each cycle once, on its day"
    rows = await kit.items("read-day-proposals")
    effective = {row["question_id"] for row in rows if row["state"] == "effective"}
    assert effective <= walk.consents
    assert effective or seed not in MOVING

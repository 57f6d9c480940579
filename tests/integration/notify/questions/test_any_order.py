"""In whatever order facts, contacts, withdrawals, answers and days come: each question ends once, and is told so once."""

import random
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from services.notify.causes.consumers import handlers
from shared.bus.handling import Handling
from shared.metrics import Metrics
from shared.testing.smtp import SmtpServer
from tests.kits.effort import walks
from tests.kits.notify import Api, contact, started
from tests.kits.told_facts import ASKED, account, proposed, withdrawn

QUESTIONS = range(1, 25)
STEPS = 150
LAST = date(2026, 6, 1)


class Received:
    """A fact as a batch of the consumer has it."""

    def __init__(self, fact: Any) -> None:
        self.fact = fact


class World:
    """What happens to the questions, and what is seen of it from outside."""

    def __init__(self, api: Api, chance: random.Random) -> None:
        self.api = api
        self.chance = chance
        self.facts: list[Any] = []
        for n in QUESTIONS:
            days = chance.choice((0, 5, 20, 40))
            asking = proposed(n, answer_by=ASKED + timedelta(days=days))
            self.facts += [asking] * chance.choice((1, 1, 2))
            self.facts += [account(n)] * chance.choice((0, 1, 1, 1))
            self.facts += [withdrawn(n)] * chance.choice((0, 0, 1, 2))
        chance.shuffle(self.facts)
        self.answered: dict[str, str] = {}

    async def hear(self) -> None:
        batch = [self.facts.pop() for _ in range(min(len(self.facts), self.chance.randint(1, 12)))]
        handling = Handling("wattline.notify", handlers(self.api.service.app.state.context), Metrics("notify"))
        async with self.api.notify.database.begin() as tx:
            await handling.apply(tx, [Received(fact) for fact in batch], set(), careful=False)  # type: ignore[misc]

    async def answer(self) -> None:
        question_id, said = f"q{self.chance.choice(QUESTIONS):04}", self.chance.choice(("yes", "no"))
        before = await self.api.call("GET", f"/v1/questions/{question_id}")
        day = ASKED + timedelta(days=self.chance.choice((0, 3, 10)))
        body = {"answer": said, "way": "call", "answered_on": str(day), "explanation": "said so"}
        answer = await self.api.call("POST", f"/v1/questions/{question_id}/answer", body)
        if answer.status_code == 200:
            assert before.json()["state"] in ("open", "answered")
            assert self.answered.setdefault(question_id, said) == said
        elif before.status_code == 200 and before.json()["state"] == "open":
            assert answer.json()["code"] in ("question.wrong_day", "question.nobody_asked")
        else:
            assert answer.status_code in (404, 409)

    async def day(self) -> None:
        day = ASKED + timedelta(days=self.chance.randrange(60))
        name = self.chance.choice(("expire-questions", "remind-questions", "give-up-waiting"))
        assert (await self.api.call("POST", f"/v1/jobs/{name}/runs", {"business_date": str(day)})).status_code == 200

    async def reach(self) -> None:
        await self.api.notify.put(contact(self.chance.choice(QUESTIONS)))

    async def send(self) -> None:
        await self.api.send_all()

    async def resend(self) -> None:
        if final := [n for n in await self.api.notify.notices() if n.due_at is None]:
            notice_id = self.chance.choice(final).notice_id
            await self.api.call("POST", f"/v1/notices/{notice_id}/resend", {"reason": "again"})


@walks(1, 2, 3)
async def test_each_question_ends_once_and_no_answer_is_taken_after_its_end(
    database_url: str, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    faults = random.Random(seed + 1)
    with SmtpServer(faults=lambda *_: faults.choice(("accept", "accept", "permanent"))) as server:
        given = {
            "WATTLINE_NOTICE_SENDERS": "1",
            "WATTLINE_SMTP_PORT": str(server.port),
            "WATTLINE_PUBLIC_URL": "https://a.example",
            "WATTLINE_LINK_KEY": "l" * 40,
        }
        async with started(database_url, tmp_path, **given) as api:
            api.notify.clock.move(days=150)
            world = World(api, chance)
            steps = [world.hear] * 3 + [world.answer] * 4 + [world.day, world.reach, world.send, world.resend]
            for _ in range(STEPS):
                await chance.choice(steps)()
            while world.facts:
                await world.hear()
            await api.send_all()
            await api.call("POST", "/v1/jobs/expire-questions/runs", {"business_date": str(LAST)})
            questions = (await api.call("GET", "/v1/questions?limit=500")).json()["items"]
            told = [f for f in await api.notify.published() if "question_id" in f]
            waiting = [state for _, state in await api.notify.unaddressed()]
    assert [q["question_id"] for q in questions] == [f"q{n:04}" for n in QUESTIONS]
    assert {q["state"] for q in questions} == {"answered", "expired", "withdrawn"}
    assert max(Counter(f["question_id"] for f in told).values()) == 1
    ends = {f["question_id"]: f for f in told}
    for question in questions:
        end = ends.get(question["question_id"])
        if question["state"] == "withdrawn":
            assert end is None
            continue
        assert end is not None
        assert end["account_no"] == question["account_no"]
        if question["state"] == "answered":
            assert (end["type"], end["answer"]) == (
                "notify.customer_answered.v1",
                world.answered[question["question_id"]],
            )
        else:
            assert (end["type"], end["reason"]) == ("notify.question_expired.v1", question["code"])
            assert question["question_id"] not in world.answered
    assert set(waiting) <= {"closed", "no_contact"}

"""Answers that employees record: what is taken, refused, audited and told."""

import asyncio
import contextlib
from datetime import date
from typing import Any

import pytest

from services.notify.questions.store import questions
from services.notify.questions.use_cases import answering, timed
from services.notify.questions.use_cases.answering import Given
from tests.kits.notify import KINDS, Api, Notify, contact
from tests.kits.told_facts import ORG, account, proposed, withdrawn

CALL = {"answer": "yes", "way": "call", "answered_on": "2026-02-02", "explanation": "Called back."}
PATH = "/v1/questions/q0001/answer"


@pytest.fixture
async def asked(api: Api) -> Api:
    await api.notify.put(contact(1))
    await api.notify.handle(account(1))
    await api.notify.handle(proposed(1))
    return api


async def record(api: Api, **changes: Any) -> Any:
    return await api.call("POST", PATH, CALL | changes, scopes=("notify:answers",))


async def refused(api: Api, **changes: Any) -> tuple[int, str]:
    return await api.refused("POST", PATH, CALL | changes, scopes=("notify:answers",))


async def answers(api: Api) -> list[tuple[str, str, str | None]]:
    told = await api.notify.published()
    return [(f["answer"], f["way"], f["recorded_by"]) for f in told if f["type"] == "notify.customer_answered.v1"]


@pytest.mark.parametrize("way", ["call", "reply", "counter"])
async def test_an_employee_records_an_answer_once_and_it_is_told_and_audited(asked: Api, way: str) -> None:
    first = await record(asked, way=way)
    again = await record(asked, way=way)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert (first.json()["state"], first.json()["recorded_by"]) == ("answered", "clerk-1")
    assert await answers(asked) == [("yes", way, "clerk-1")]
    entries = (await asked.call("GET", "/v1/audit-entries?entity_kind=question&entity_id=q0001")).json()["items"]
    assert [(e["action"], e["actor"], e["reason"]) for e in entries] == [
        (f"question.answer.{way}", "clerk-1", "Called back.")
    ]


async def test_the_first_answer_is_the_one(asked: Api) -> None:
    await record(asked)
    assert await refused(asked, answer="no") == (409, "question.already_answered")
    assert await answers(asked) == [("yes", "call", "clerk-1")]


async def test_what_cannot_be_taken_is_refused_with_its_code(asked: Api) -> None:
    assert await refused(asked, answer="maybe") == (422, "question.unknown_answer")
    assert await refused(asked, answered_on="2026-02-01") == (422, "question.wrong_day")
    assert await refused(asked, way="link") == (422, "request.invalid")
    assert await refused(asked, explanation="") == (422, "request.invalid")
    assert await refused(asked, answered_on="2026-03-01") == (422, "business_date.in_the_future")
    asked.notify.clock.move(days=20)
    assert await refused(asked, answered_on="2026-02-13") == (422, "question.wrong_day")
    assert await refused(asked, answered_on=None) == (422, "question.wrong_day")
    assert await answers(asked) == []
    assert (await record(asked, answered_on="2026-02-12")).status_code == 200


async def test_no_answer_is_taken_to_a_question_that_is_withdrawn_unknown_or_asked_of_nobody(asked: Api) -> None:
    await asked.notify.handle(proposed(2))
    nobody = "/v1/questions/q0002/answer"
    who = {"scopes": ("notify:answers",)}
    assert await asked.refused("POST", nobody, CALL, **who) == (409, "question.nobody_asked")
    assert await asked.refused("POST", "/v1/questions/q9/answer", CALL, **who) == (404, "question.unknown")
    await asked.notify.handle(withdrawn(1))
    assert await refused(asked) == (409, "question.closed")
    assert await answers(asked) == []


async def test_who_lacks_the_scope_or_is_of_another_bureau_records_nothing(asked: Api) -> None:
    lacking = ("notify:read", "notify:write")
    assert await asked.refused("POST", PATH, CALL, scopes=lacking) == (403, "auth.missing_scope")
    other = {"scopes": ("notify:answers",), "org_units": ("zj/ningbo",)}
    assert await asked.refused("POST", PATH, CALL, **other) == (404, "question.unknown")  # type: ignore[arg-type]
    assert await answers(asked) == []


async def test_an_answer_that_comes_by_call_lets_no_notice_go_out_any_more(asked: Api) -> None:
    await asked.notify.handle(account(2))
    await asked.notify.handle(proposed(2))
    await asked.call("POST", "/v1/questions/q0002/answer", CALL)
    assert await asked.notify.unaddressed() == [("q0002", "closed")]
    await asked.notify.put(contact(2))
    assert [n.question_id for n in await asked.notify.notices()] == ["q0001"]


@pytest.mark.postgres
async def test_of_answers_and_an_expiry_at_the_same_time_exactly_one_is_told(notify_on_postgres: Notify) -> None:
    notify = notify_on_postgres
    numbers = range(1, 31)
    await notify.put(*(contact(n) for n in numbers))
    await notify.handle(*(account(n) for n in numbers))
    await notify.handle(*(proposed(n) for n in numbers))

    async def answered(number: int, answer: str) -> None:
        given = Given(answer=answer, answered_on=date(2026, 2, 12), way="call", recorded_by="clerk-1")
        with contextlib.suppress(answering.Closed, answering.AlreadyAnswered):
            async with notify.database.begin() as tx:
                await answering.answer(tx, f"q{number:04}", given, KINDS)

    async def expired() -> None:
        async with notify.database.begin() as tx:
            await timed.expire(tx, org_unit=ORG, business_date=date(2026, 2, 13))

    given = [answered(n, answer) for n in numbers for answer in ("yes", "no")]
    await asyncio.gather(*given[:30], expired(), *given[30:], expired())
    ends = [f["question_id"] for f in await notify.published()]
    assert sorted(ends) == [f"q{n:04}" for n in numbers]


@pytest.mark.postgres
async def test_a_question_and_its_withdrawal_that_are_heard_at_the_same_time_end_withdrawn(
    notify_on_postgres: Notify,
) -> None:
    notify = notify_on_postgres
    numbers = range(1, 21)
    await notify.put(*(contact(n) for n in numbers))
    await notify.handle(*(account(n) for n in numbers))
    await asyncio.gather(*(notify.handle(fact(n)) for n in numbers for fact in (proposed, withdrawn)))
    async with notify.database.view() as view:
        states = await questions.states(view, [f"q{n:04}" for n in numbers])
    assert set(states.values()) == {"withdrawn"}
    assert len(states) == len(numbers)


@pytest.mark.postgres
async def test_accounts_that_come_while_their_questions_expire_meet_each_question_once(
    notify_on_postgres: Notify,
) -> None:
    notify = notify_on_postgres
    numbers = range(1, 41)
    await notify.put(*(contact(n) for n in numbers))
    await notify.handle(*(proposed(n) for n in numbers))

    async def expired() -> None:
        async with notify.database.begin() as tx:
            await timed.expire(tx, org_unit=ORG, business_date=date(2026, 2, 13))

    came = [notify.handle(account(n), account(n + 1)) for n in numbers if n % 2]
    await asyncio.gather(*came[:10], expired(), *came[10:], expired())
    ends = [f["question_id"] for f in await notify.published()]
    assert sorted(ends) == [f"q{n:04}" for n in numbers]
    asked = {notice.question_id for notice in await notify.notices()}
    waiting = dict(await notify.unaddressed())
    assert asked.isdisjoint(waiting)
    assert asked | set(waiting) == set(ends)
    assert set(waiting.values()) <= {"closed"}

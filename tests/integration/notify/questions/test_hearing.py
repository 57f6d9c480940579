"""Questions, accounts and withdrawals in any order: each question is asked once of who is supplied, or not at all."""

from datetime import date
from typing import Any

import pytest

from services.notify.causes.consumers import handlers
from services.notify.questions.use_cases.hearing import ConflictingQuestion
from services.notify.sending import use_cases as sending
from shared.bus.handling import Handling
from shared.metrics import Metrics
from tests.kits.notify import CATALOGUE, LINKS, VAULT, Api, Notify, contact
from tests.kits.told_facts import ANSWER_BY, ASKED, ORG, account, proposed, visit, withdrawn


async def listed(api: Api, query: str = "") -> list[tuple[str, str, str | None]]:
    items = (await api.call("GET", f"/v1/questions{query}")).json()["items"]
    return [(item["question_id"], item["state"], item["account_no"]) for item in items]


async def notices_of(notify: Notify) -> list[tuple[str, str, str | None]]:
    return [(n.party_no, n.template, n.question_id) for n in await notify.notices()]


async def test_a_question_is_asked_once_of_who_is_supplied_on_the_day_of_asking(api: Api) -> None:
    await api.notify.put(contact(1))
    await api.notify.handle(account(1))
    for _ in range(2):
        await api.notify.handle(proposed(1), proposed(1))
    assert await notices_of(api.notify) == [("c0001", "read_day_change", "q0001")]
    question = (await api.call("GET", "/v1/questions/q0001")).json()
    assert (question["state"], question["account_no"], question["org_unit"]) == ("open", "a0001", ORG)
    assert (question["asked_on"], question["answer_by"], question["answers"]) == (
        "2026-02-02",
        "2026-02-12",
        ["yes", "no"],
    )
    assert (question["subject_kind"], question["subject_id"]) == ("read_day_change", "change-0001")
    assert "figures" not in question
    told = (await api.call("GET", "/v1/notices?question_id=q0001")).json()["items"]
    assert [(n["cause_kind"], n["cause_id"], n["question_id"]) for n in told] == [("question", "q0001", "q0001")]


async def test_a_question_waits_for_its_account_and_is_asked_when_that_comes(api: Api) -> None:
    await api.notify.put(contact(1))
    await api.notify.handle(proposed(1))
    assert await listed(api) == [("q0001", "open", None)]
    assert await api.notify.unaddressed() == [("q0001", "waits_for_account")]
    await api.notify.handle(account(1))
    assert await listed(api) == [("q0001", "open", "a0001")]
    assert await notices_of(api.notify) == [("c0001", "read_day_change", "q0001")]


async def test_a_question_waits_for_a_contact(api: Api) -> None:
    await api.notify.handle(account(1))
    await api.notify.handle(proposed(1))
    await api.notify.handle(visit(1))
    assert await api.notify.unaddressed() == [("q0001", "waits_for_contact"), ("v0001", "waits_for_contact")]
    await api.notify.put(contact(1))
    assert await notices_of(api.notify) == [("c0001", "read_day_change", "q0001"), ("c0001", "visit", "v0001")]


async def test_the_holder_alone_is_asked_for_another_read_day_and_a_tenant_too_for_a_visit(notify: Notify) -> None:
    await notify.put(contact(1), contact(2, account_no="a0001", role="tenant"))
    await notify.handle(account(1))
    await notify.handle(proposed(1))
    await notify.handle(visit(1))
    asked = [(party_no, question_id) for party_no, _, question_id in await notices_of(notify)]
    assert asked == [("c0001", "q0001"), ("c0001", "v0001"), ("c0002", "v0001")]


@pytest.mark.parametrize("known", [True, False])
async def test_a_withdrawal_closes_the_question_and_what_waits_of_it(api: Api, known: bool) -> None:
    if known:
        await api.notify.handle(account(1))
    await api.notify.handle(proposed(1))
    await api.notify.handle(withdrawn(1, "read_came"))
    question = (await api.call("GET", "/v1/questions/q0001")).json()
    assert (question["state"], question["code"]) == ("withdrawn", "read_came")
    assert await api.notify.unaddressed() == [("q0001", "closed")]
    await api.notify.put(contact(1))
    await api.notify.handle(account(1, version=2))
    assert await api.notify.notices() == []


async def test_a_withdrawal_that_comes_first_is_waited_with_and_its_question_is_never_asked(api: Api) -> None:
    await api.notify.put(contact(1))
    await api.notify.handle(account(1))
    await api.notify.handle(withdrawn(1), withdrawn(1))
    api.notify.clock.move(hours=1)
    seconds = [line for line in (await metrics(api)).splitlines() if line.startswith("wattline_waiting_oldest")]
    assert seconds == ["wattline_waiting_oldest_age_seconds 3600.0"]
    for _ in range(2):
        await api.notify.handle(proposed(1))
    assert await listed(api) == [("q0001", "withdrawn", "a0001")]
    assert (await api.notify.notices(), await api.notify.unaddressed()) == ([], [])
    assert "wattline_waiting_oldest_age_seconds 0.0" in await metrics(api)


async def metrics(api: Api) -> str:
    return (await api.call("GET", "/metrics")).text


async def test_a_batch_with_account_question_and_withdrawal_in_any_order_ends_withdrawn(api: Api) -> None:
    await api.notify.put(contact(1), contact(2))
    handling = Handling("wattline.notify", handlers(api.service.app.state.context), Metrics("notify"))
    facts: list[Any] = [withdrawn(1), proposed(2), proposed(1), account(1), account(2)]
    async with api.notify.database.begin() as tx:
        await handling.apply(tx, [_Received(fact) for fact in facts], set(), careful=False)  # type: ignore[misc]
    assert await listed(api) == [("q0001", "withdrawn", "a0001"), ("q0002", "open", "a0002")]
    assert await notices_of(api.notify) == [("c0002", "read_day_change", "q0002")]


class _Received:
    def __init__(self, fact: Any) -> None:
        self.fact = fact


async def test_a_question_that_comes_again_as_another_one_is_a_fault_of_the_sender(notify: Notify) -> None:
    await notify.handle(proposed(1))
    for other in ({"read_day": 16}, {"answers": ("yes",)}, {"answer_by": date(2026, 2, 13)}, {"subject_id": "other"}):
        with pytest.raises(ConflictingQuestion):
            await notify.handle(proposed(1, **other))
    with pytest.raises(ConflictingQuestion):
        await notify.handle(proposed(2), proposed(2, read_day=16))


async def test_a_batch_of_questions_takes_as_many_statements_as_a_few(notify: Notify) -> None:
    async def counted(numbers: range, known: bool) -> int:
        with notify.statements() as seen:
            await notify.handle(*(proposed(n) for n in numbers))
        assert len(seen) < 20, known
        return len(seen)

    await notify.put(*(contact(n) for n in range(1, 1101)))
    await notify.handle(*(account(n) for n in range(1, 1101)))
    assert await counted(range(1, 11), True) == await counted(range(101, 1101), True)
    with notify.statements() as few:
        await notify.handle(*(withdrawn(n) for n in range(1, 11)))
    with notify.statements() as many:
        await notify.handle(*(withdrawn(n) for n in range(101, 1101)))
    assert len(few) == len(many)
    assert await counted(range(2001, 2011), False) == await counted(range(2101, 3101), False)
    with notify.statements() as few:
        await notify.handle(*(account(n) for n in range(2001, 2011)))
    with notify.statements() as many:
        await notify.handle(*(account(n) for n in range(2101, 3101)))
    assert len(few) == len(many)


async def test_another_bureau_sees_no_question(api: Api) -> None:
    await api.notify.handle(proposed(1))
    other = {"org_units": ("zj/ningbo",)}
    assert await api.refused("GET", "/v1/questions/q0001", **other) == (404, "question.unknown")
    assert (await api.call("GET", "/v1/questions", **other)).json()["items"] == []  # type: ignore[arg-type]


async def test_questions_are_filtered_and_come_in_pages(api: Api) -> None:
    await api.notify.handle(account(1), account(2))
    await api.notify.handle(proposed(1), proposed(2, answer_by=date(2026, 3, 1)))
    await api.notify.handle(visit(1))
    await api.notify.handle(withdrawn(2))
    assert [q for q, _, _ in await listed(api, "?state=open")] == ["q0001", "v0001"]
    assert [q for q, _, _ in await listed(api, "?subject_kind=visit")] == ["v0001"]
    assert [q for q, _, _ in await listed(api, "?account_no=a0002")] == ["q0002"]
    assert [q for q, _, _ in await listed(api, f"?due_by={ANSWER_BY}")] == ["q0001", "v0001"]
    first = (await api.call("GET", "/v1/questions?limit=2")).json()
    rest = (await api.call("GET", f"/v1/questions?limit=2&cursor={first['next_cursor']}")).json()
    assert [q["question_id"] for q in (*first["items"], *rest["items"])] == ["q0001", "q0002", "v0001"]


async def test_a_notice_is_traced_to_its_question_and_that_to_what_it_was_asked_for(api: Api) -> None:
    await api.notify.put(contact(1))
    await api.notify.handle(account(1))
    await api.notify.handle(proposed(1))
    (notice,) = await api.notify.notices()
    found = (await api.call("GET", f"/v1/trace/notice/{notice.notice_id}")).json()
    assert found["derived_from"] == [{"service": "notify", "kind": "question", "id": "q0001"}]
    question = (await api.call("GET", "/v1/trace/question/q0001")).json()
    assert question["derived_from"] == [{"service": "reading", "kind": "read_day_change", "id": "change-0001"}]
    assert (question["document"]["figures"]["read_day"], question["document"]["asked_on"]) == (15, str(ASKED))


async def test_taking_questions_for_sending_takes_as_many_statements_for_many_as_for_a_few(notify: Notify) -> None:
    await notify.put(*(contact(n) for n in range(1, 1011)))
    await notify.handle(*(account(n) for n in range(1, 1011)))
    await notify.handle(*(proposed(n) for n in range(1, 1011)))
    counts = []
    for count in (10, 1000):
        with notify.statements() as seen:
            async with notify.database.begin() as tx:
                assert (
                    len(
                        await sending.claim(
                            tx,
                            CATALOGUE,
                            LINKS,
                            VAULT,
                            policies=notify.policies,
                            channel="email",
                            count=count,
                            lease_seconds=60,
                        )
                    )
                    == count
                )
        counts.append(len(seen))
    assert counts[0] == counts[1] < 10


async def test_who_takes_a_question_from_a_sender_that_died_makes_the_same_link(notify: Notify) -> None:
    notify.retry_at_once()
    await notify.put(contact(1))
    await notify.handle(account(1))
    await notify.handle(proposed(1))
    texts = []
    for _ in range(2):
        async with notify.database.begin() as tx:
            (claimed,) = await sending.claim(
                tx, CATALOGUE, LINKS, VAULT, policies=notify.policies, channel="email", count=1, lease_seconds=60
            )
        texts.append(claimed.text)
        notify.clock.move(seconds=61)
        async with notify.database.begin() as tx:
            assert await sending.expire(tx, notify.rules()) == 1
    assert texts[0] is not None
    assert "https://answers.utility.example/v1/links/" in texts[0].body
    assert texts[0] == texts[1]
    assert texts[0].body not in repr(claimed)

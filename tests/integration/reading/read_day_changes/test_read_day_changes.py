"""A read day (抄表例日) is moved where the customer has confirmed it and a second person has decided; on both databases."""

from datetime import date
from typing import Any

import httpx
import pytest

from shared.events.notify import CustomerAnswered, QuestionExpired
from tests.kits.approvals import decided
from tests.kits.effort import in_turn
from tests.kits.reading import UNIT, Kit

ROUTE = {"org_unit": UNIT, "read_day": 5, "months": 1, "first_month": 1}
BODY = {"request_no": "RD-1", "route_no": "R1", "reason": "balance", "explanation": "two routes on one day"}
MOVE = BODY | {"read_day": 20, "from_cycle": "2026-03", "asked_on": "2026-02-06"}
KEPT = "reading.read_day_kept.v1"
PROPOSED, VISIT = "reading.read_day_change_proposed.v1", "reading.visit_proposed.v1"


async def district(kit: Kit, points: int = 4) -> None:
    await kit.district(points)
    await kit.put("routes", [{"route_no": "R1"} | ROUTE])
    await kit.plan("2026-02-05")


def second(kit: Kit, subject: str = "second") -> httpx.AsyncClient:
    return kit.client(subject, "reading:read", "reading:write", "approvals:decide", "approvals:read")


async def ask(kit: Kit, **other: Any) -> httpx.Response:
    return await kit.clerk.post("/v1/read-day-requests", json=MOVE | other)


async def code(kit: Kit, **other: Any) -> tuple[int, str | None]:
    answer = await ask(kit, **other)
    return answer.status_code, answer.json().get("code")


async def questions(kit: Kit, kind: str = PROPOSED) -> dict[str, dict[str, Any]]:
    return {fact["service_point_no"]: fact for fact in await kit.published(kind)}


def answered(question: dict[str, Any], answer: str = "yes", **more: Any) -> CustomerAnswered:
    return CustomerAnswered(
        question_id=question["question_id"],
        subject_kind=question["subject_kind"],
        subject_id=question["subject_id"],
        account_no="A" + question["service_point_no"],
        service_point_no=question["service_point_no"],
        answer=answer,
        answered_on=date(2026, 2, 10),
        **{"way": "link"} | more,
    )


def silent(question: dict[str, Any], reason: Any = "silent") -> QuestionExpired:
    return QuestionExpired(
        question_id=question["question_id"],
        subject_kind=question["subject_kind"],
        subject_id=question["subject_id"],
        service_point_no=question["service_point_no"],
        reason=reason,
        expired_on=date(2026, 2, 21),
    )


async def waiting(kit: Kit) -> list[dict[str, Any]]:
    answer = await second(kit).get("/v1/approvals", params={"kind": "read_day.change", "state": "pending"})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def states(kit: Kit) -> dict[str, str]:
    return {row["service_point_no"]: row["state"] for row in await kit.items("read-day-proposals")}


async def read_dates(kit: Kit, point: str) -> list[tuple[str, str]]:
    return [(t["cycle"], t["read_date"]) for t in await kit.items("tasks", service_point_no=point)]


async def plan_all(kit: Kit) -> None:
    for day in ("2026-03-05", "2026-03-20", "2026-04-05", "2026-04-20"):
        await kit.plan(day)


async def test_of_four_three_confirm_and_one_is_silent_so_three_are_read_on_the_new_day(kit: Kit) -> None:
    await district(kit)
    assert (await ask(kit)).json() == {"index": 0, "status": "done", "id": "RD-1"}
    asked = await questions(kit)
    assert sorted(asked) == ["S0001", "S0002", "S0003", "S0004"]
    one = asked["S0001"]
    assert (one["asked_on"], one["answer_by"], one["answers"]) == ("2026-02-06", "2026-02-20", ["yes", "no"])
    assert (one["now_on"], one["first_on"], one["read_day"]) == ("2026-03-05", "2026-03-20", 20)
    for point in ("S0001", "S0002", "S0003"):
        await kit.give(answered(asked[point]))
    await kit.give(silent(asked["S0004"]))
    assert await states(kit) == dict.fromkeys(("S0001", "S0002", "S0003"), "confirmed") | {"S0004": "unconfirmed"}
    assert await kit.published("reading.read_day_changed.v1") == [], "confirmed is not decided"

    assert await decided(second(kit), await waiting(kit)) == ["done"] * 3

    assert await states(kit) == dict.fromkeys(("S0001", "S0002", "S0003"), "effective") | {"S0004": "unconfirmed"}
    told = await kit.published("reading.read_day_changed.v1")
    assert [(fact["service_point_no"], fact["from_cycle"], fact["first_on"]) for fact in told] == [
        (point, "2026-03", "2026-03-20") for point in ("S0001", "S0002", "S0003")
    ]
    await plan_all(kit)
    for point in ("S0001", "S0002", "S0003"):
        assert (await read_dates(kit, point))[1:] == [("2026-03", "2026-03-20"), ("2026-04", "2026-04-20")]
    assert (await read_dates(kit, "S0004"))[1:] == [("2026-03", "2026-03-05"), ("2026-04", "2026-04-05")]
    (route,) = await kit.items("routes")
    assert [(day["from_cycle"], day["read_day"]) for day in route["read_days"]] == [(None, 5), ("2026-03", 20)]
    (exception,) = await kit.items("read-day-exceptions")
    assert (exception["service_point_no"], exception["read_day"], exception["from_cycle"]) == ("S0004", 5, "2026-03")
    shown = (await kit.clerk.get("/v1/read-day-requests/RD-1")).json()
    assert shown["counts"] == {"effective": 3, "unconfirmed": 1}


@pytest.mark.parametrize("reason", ["silent", "undeliverable", "nobody"])
async def test_who_could_not_be_told_or_is_silent_stays_and_nothing_is_to_be_decided(kit: Kit, reason: str) -> None:
    await district(kit, 1)
    await ask(kit)
    await kit.give(silent((await questions(kit))["S0001"], reason))
    (proposal,) = await kit.items("read-day-proposals")
    assert (proposal["state"], proposal["closed_for"]) == ("unconfirmed", reason)
    assert await waiting(kit) == []


async def test_who_says_no_stays(kit: Kit) -> None:
    await district(kit, 2)
    await ask(kit)
    asked = await questions(kit)
    await kit.give(answered(asked["S0001"], "no"), answered(asked["S0002"]))
    assert await states(kit) == {"S0001": "declined", "S0002": "confirmed"}
    assert await decided(second(kit), await waiting(kit)) == ["done"]
    await plan_all(kit)
    assert (await read_dates(kit, "S0001"))[1:] == [("2026-03", "2026-03-05"), ("2026-04", "2026-04-05")]


async def test_nobody_decides_on_what_they_asked_for_or_wrote_down_themselves(kit: Kit) -> None:
    await district(kit, 1)
    await ask(kit)
    await kit.give(answered((await questions(kit))["S0001"], way="call", recorded_by="second"))
    (shown,) = waits = await waiting(kit)
    assert (shown["content"]["way"], shown["content"]["recorded_by"]) == ("call", "second")
    clerk = kit.client("clerk", "reading:write", "approvals:decide")
    assert await decided(clerk, waits) == ["approval.own_request"]
    assert await decided(second(kit), waits) == ["read_day.own_record"]
    assert await decided(second(kit, "third"), waits) == ["done"]


async def test_the_first_answer_is_the_one_and_what_comes_again_changes_nothing(kit: Kit) -> None:
    await district(kit, 2)
    await ask(kit)
    asked = await questions(kit)
    await kit.give(answered(asked["S0001"]), answered(asked["S0001"], "no"))
    await kit.give(answered(asked["S0001"]))
    await kit.give(silent(asked["S0001"]))
    await kit.give(silent(asked["S0002"]))
    await kit.give(answered(asked["S0002"]))
    assert await states(kit) == {"S0001": "confirmed", "S0002": "unconfirmed"}
    assert len(await waiting(kit)) == 1
    (row,) = await kit.items("read-day-proposals", service_point_no="S0002")
    assert row["answer"] == "yes", "an answer that came too late is shown"


async def test_an_answer_to_a_question_that_was_never_asked_is_a_finding(kit: Kit) -> None:
    await district(kit, 1)
    await ask(kit)
    strange = (await questions(kit))["S0001"] | {"question_id": "q-of-nobody"}
    await kit.give(answered(strange))
    assert [(f["code"], f["entity_id"]) for f in await kit.items("findings")] == [
        ("reading.unknown_question", "q-of-nobody")
    ]
    of_others = strange | {"subject_kind": "opinion"}
    await kit.give(answered(of_others))
    assert len(await kit.items("findings")) == 1


async def test_what_is_not_decided_when_its_cycle_is_planned_is_over_and_its_question_withdrawn(kit: Kit) -> None:
    await district(kit, 3)
    await ask(kit)
    asked = await questions(kit)
    await kit.give(answered(asked["S0001"]))
    waits = await waiting(kit)
    await plan_all(kit)
    rows = await kit.items("read-day-proposals")
    assert {(row["state"], row["closed_for"]) for row in rows} == {("withdrawn", "read_day.cycle_planned")}
    assert await decided(second(kit), waits) == ["approval.not_pending"]
    withdrawn = await kit.published("reading.question_withdrawn.v1")
    assert sorted(fact["service_point_no"] for fact in withdrawn) == ["S0002", "S0003"]
    (kept,) = await kit.published(KEPT)
    assert (kept["service_point_no"], kept["reason"], kept["read_on"]) == (
        "S0001",
        "read_day.cycle_planned",
        "2026-03-05",
    ), "who had agreed is told that nothing changes"
    await kit.give(answered(asked["S0002"]))
    assert await waiting(kit) == []
    for point in asked:
        assert (await read_dates(kit, point))[1:] == [("2026-03", "2026-03-05"), ("2026-04", "2026-04-05")]


async def test_an_earlier_day_is_decided_before_it_comes(kit: Kit) -> None:
    await district(kit, 1)
    await ask(kit, read_day=1, from_cycle="2026-03")  # read on the first of April
    await kit.give(answered((await questions(kit))["S0001"]))
    await kit.clerk.post("/v1/read-day-requests/RD-1/withdrawal")
    assert await code(kit, request_no="RD-2", read_day=2) == (200, None)
    await kit.give(answered((await questions(kit))["S0001"]))
    waits = await waiting(kit)
    await kit.plan("2026-03-02")
    assert await decided(second(kit), waits) == ["read_day.cycle_planned"], "nobody planned to read on that day"
    await kit.plan("2026-03-05")
    assert (await read_dates(kit, "S0001"))[1:] == [("2026-03", "2026-03-05")]


async def test_a_request_is_taken_back_by_who_may_and_what_is_effective_stays(kit: Kit) -> None:
    await district(kit, 3)
    await ask(kit)
    asked = await questions(kit)
    await kit.give(answered(asked["S0001"]), answered(asked["S0002"]))
    first, other = await waiting(kit)
    assert await decided(second(kit), [first]) == ["done"]
    done = await kit.clerk.post("/v1/read-day-requests/RD-1/withdrawal")
    assert done.json()["status"] == "done"
    assert sorted((await states(kit)).values()) == ["effective", "withdrawn", "withdrawn"]
    assert len(await kit.published(KEPT)) == 1, "who had agreed and was not decided on"
    assert await decided(second(kit), [other]) == ["approval.not_pending"]
    assert (await kit.clerk.post("/v1/read-day-requests/RD-1/withdrawal")).json()["status"] == "already_done"
    unknown = await kit.clerk.post("/v1/read-day-requests/RD-9/withdrawal")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "read_day.unknown_request")


async def test_what_is_rejected_or_taken_back_by_the_approval_can_be_asked_for_again(kit: Kit) -> None:
    await district(kit, 2)
    await ask(kit)
    asked = await questions(kit)
    await kit.give(answered(asked["S0001"]), answered(asked["S0002"]))
    one, two = sorted(await waiting(kit), key=lambda each: str(each["content"]["service_point_no"]))
    assert await decided(second(kit), [one], decision="reject") == ["done"]
    await kit.clerk.post(f"/v1/approvals/{two['approval_id']}/withdrawal")
    assert await states(kit) == {"S0001": "rejected", "S0002": "withdrawn"}
    assert [(fact["service_point_no"], fact["reason"]) for fact in await kit.published(KEPT)] == [
        ("S0001", "read_day.rejected"),
        ("S0002", "read_day.taken_back"),
    ]
    assert await code(kit, request_no="RD-2") == (200, None)


async def test_a_single_visit_on_another_day_leaves_the_read_day_as_it_is(kit: Kit) -> None:
    await district(kit, 2)
    once = BODY | {"visit_on": "2026-03-10", "from_time": "09:00", "to_time": "11:00", "asked_on": "2026-02-20"}
    answer = await kit.clerk.post("/v1/read-day-requests", json=once | {"service_point_nos": ["S0001"]})
    assert answer.status_code == 200, answer.text
    question = (await questions(kit, VISIT))["S0001"]
    assert (question["purpose"], question["visit_on"], question["from_time"]) == ("one_off_read", "2026-03-10", "09:00")
    await kit.give(answered(question))
    assert await decided(second(kit), await waiting(kit)) == ["done"]
    (changed,) = await kit.published("reading.read_day_changed.v1")
    assert changed["visit_on"] == "2026-03-10"
    await kit.plan("2026-03-10")
    await plan_all(kit)
    assert (await read_dates(kit, "S0001"))[1:] == [("2026-03", "2026-03-10"), ("2026-04", "2026-04-05")]
    assert (await read_dates(kit, "S0002"))[1:] == [("2026-03", "2026-03-05"), ("2026-04", "2026-04-05")]


async def test_a_point_that_had_a_single_visit_follows_its_route_and_a_later_request_to_move_it(kit: Kit) -> None:
    await district(kit, 2)
    once = BODY | {"visit_on": "2026-03-10", "asked_on": "2026-02-20", "service_point_nos": ["S0001"]}
    await kit.clerk.post("/v1/read-day-requests", json=once)
    await kit.give(answered((await questions(kit, VISIT))["S0001"]))
    await decided(second(kit), await waiting(kit))
    await ask(kit, request_no="RD-2", from_cycle="2026-04")
    await kit.give(answered((await questions(kit))["S0002"]))
    await decided(second(kit), await waiting(kit))
    await kit.plan("2026-03-10")
    await plan_all(kit)
    assert (await read_dates(kit, "S0001"))[1:] == [("2026-03", "2026-03-10"), ("2026-04", "2026-04-05")], (
        "did not agree"
    )
    assert (await read_dates(kit, "S0002"))[1:] == [("2026-03", "2026-03-05"), ("2026-04", "2026-04-20")]


async def test_a_point_alone_is_moved_and_comes_back_to_its_routes_day(kit: Kit) -> None:
    await district(kit, 2)
    await ask(kit, service_point_nos=["S0001"])
    await kit.give(answered((await questions(kit))["S0001"]))
    await decided(second(kit), await waiting(kit))
    (route,) = await kit.items("routes")
    assert [day["read_day"] for day in route["read_days"]] == [5]
    await plan_all(kit)
    assert (await read_dates(kit, "S0001"))[1:] == [("2026-03", "2026-03-20"), ("2026-04", "2026-04-20")]
    assert await code(kit, request_no="RD-2", read_day=5, from_cycle="2026-06", asked_on="2026-04-21") == (200, None)
    assert sorted(await questions(kit)) == ["S0001"], "the others are read on the fifth as it is"
    await kit.give(answered((await questions(kit))["S0001"]))
    await decided(second(kit), await waiting(kit))
    await kit.plan("2026-05-20")
    await kit.plan("2026-06-05")
    assert (await read_dates(kit, "S0001"))[-2:] == [("2026-05", "2026-05-20"), ("2026-06", "2026-06-05")]


@in_turn(
    ("other", "wanted"),
    [
        ({"route_no": "R9"}, (404, "reading.unknown_route")),
        ({"from_cycle": "2026-02"}, (409, "read_day.cycle_planned")),
        ({"asked_on": "2026-02-16"}, (409, "read_day.too_soon")),
        ({"read_day": 5}, (422, "read_day.unchanged")),
        ({"service_point_nos": ["S0001", "S9"]}, (422, "read_day.not_on_the_route")),
        ({"months": 2, "first_month": 3}, (422, "reading.bad_first_month")),
        ({"asked_on": "2026-11-17"}, (422, "business_date.in_the_future")),
        ({"visit_on": "2026-03-07"}, (422, "request.invalid")),
        ({"read_day": None}, (422, "request.invalid")),
        ({"explanation": " "}, (422, "request.invalid")),
        ({"service_point_nos": []}, (422, "request.invalid")),
    ],
)
async def test_what_cannot_be_asked_for_is_refused_and_nobody_is_asked(
    kit: Kit, other: dict[str, Any], wanted: tuple[int, str]
) -> None:
    await district(kit, 2)
    assert await code(kit, **other) == wanted
    assert await kit.items("read-day-requests") == []
    assert await questions(kit) == {}


async def test_a_visit_is_refused_where_the_point_is_not_read_in_its_cycle(kit: Kit) -> None:
    await kit.district(1)
    await kit.put("routes", [{"route_no": "R1"} | ROUTE | {"months": 2, "first_month": 2}])
    await kit.plan("2026-02-05")
    once = BODY | {"visit_on": "2026-03-10", "asked_on": "2026-02-20"}
    answer = await kit.clerk.post("/v1/read-day-requests", json=once)
    assert (answer.status_code, answer.json()["code"]) == (422, "read_day.no_cycle")


async def test_a_route_without_a_cycle_is_put_and_not_asked_for(kit: Kit) -> None:
    await kit.district(1)
    assert await code(kit) == (409, "read_day.not_planned_yet")


async def test_a_number_is_given_once_and_a_point_has_one_request_at_a_time(kit: Kit) -> None:
    await district(kit, 2)
    assert (await ask(kit)).json()["status"] == "done"
    assert (await ask(kit)).json()["status"] == "already_done"
    assert await code(kit, read_day=21) == (409, "read_day.other_content")
    assert await code(kit, request_no="RD-2", read_day=21) == (409, "read_day.asked_already")
    assert len(await kit.published(PROPOSED)) == 2


async def test_a_day_before_one_that_is_decided_already_is_refused(kit: Kit) -> None:
    await district(kit, 1)
    await ask(kit, from_cycle="2026-05")
    await kit.give(answered((await questions(kit))["S0001"]))
    await decided(second(kit), await waiting(kit))
    assert await code(kit, request_no="RD-2", read_day=12) == (409, "read_day.moved_later")


async def test_a_point_that_has_gone_to_another_route_is_not_moved_on_its_old_one(kit: Kit) -> None:
    await district(kit, 1)
    await ask(kit)
    await kit.give(answered((await questions(kit))["S0001"]))
    await kit.put("routes", [{"route_no": "R2"} | ROUTE])
    await kit.put("service-points", [{"service_point_no": "S0001", "route_no": "R2"}])
    assert await decided(second(kit), await waiting(kit)) == ["read_day.not_on_the_route"]


async def test_another_bureau_neither_asks_nor_sees(kit: Kit) -> None:
    await district(kit, 1)
    other = kit.client("other", "reading:read", "reading:write", org_units=["zj/ningbo"])
    answer = await other.post("/v1/read-day-requests", json=MOVE)
    assert (answer.status_code, answer.json()["code"]) == (403, "auth.other_org_unit")
    await ask(kit)
    for path in ("read-day-requests", "read-day-proposals", "read-day-exceptions"):
        assert (await other.get(f"/v1/{path}")).json()["items"] == []
    assert (await other.get("/v1/read-day-requests/RD-1")).status_code == 404
    assert (await other.post("/v1/read-day-requests/RD-1/withdrawal")).status_code == 404

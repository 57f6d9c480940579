"""Somebody comes for a read when it suits the customer: proposed, told, agreed, kept or missed; on both databases."""

from datetime import date
from typing import Any

import httpx
import pytest

from shared.events.notify import CustomerAnswered, QuestionExpired
from tests.kits import orders
from tests.kits.reading import Kit, Statements

ASKED = "reading.visit_proposed.v1"
CHANGED = "reading.appointment_changed.v1"


def reader(kit: Kit, subject: str = "reader-7", **more: Any) -> httpx.AsyncClient:
    return kit.client(subject, "reading:field", **more)


def item(number: str = "A1", point: str = "S0001", **more: Any) -> dict[str, Any]:
    times = {"visit_on": "2026-02-09", "from_time": "18:00", "to_time": "20:00", "asked_on": "2026-02-03"}
    asked = {"appointment_no": number, "service_point_no": point, "reader": "reader-7", "proposed_by": "reader"}
    return asked | times | more


def by_customer(number: str = "A1", point: str = "S0001", **more: Any) -> dict[str, Any]:
    return item(number, point, proposed_by="customer", **{"way": "call"} | more)


async def post(client: httpx.AsyncClient, *items: Any, path: str = "") -> list[str]:
    answer = await client.post(f"/v1/appointments{path}", json={"items": items})
    assert answer.status_code == 200, answer.text
    return [each.get("code") or each["status"] for each in answer.json()["outcomes"]]


async def call_off(client: httpx.AsyncClient, *numbers: str, reason: str = "reader_ill") -> list[str]:
    gone = [{"appointment_no": number, "reason": reason} for number in numbers]
    return await post(client, *gone, path="/cancellations")


async def states(kit: Kit, **filters: str) -> dict[str, str]:
    return {each["appointment_no"]: each["state"] for each in await kit.items("appointments", **filters)}


async def question(kit: Kit, number: str = "A1") -> dict[str, Any]:
    (found,) = [fact for fact in await kit.published(ASKED) if fact["subject_id"] == number]
    return found


def answered(asked: dict[str, Any], answer: str = "yes") -> CustomerAnswered:
    same = {name: asked[name] for name in ("question_id", "subject_kind", "subject_id", "service_point_no")}
    return CustomerAnswered(**same, account_no="A1", answer=answer, answered_on=date(2026, 2, 4), way="link")


def silent(asked: dict[str, Any]) -> QuestionExpired:
    same = {name: asked[name] for name in ("question_id", "subject_kind", "subject_id", "service_point_no")}
    return QuestionExpired(**same, reason="silent", expired_on=date(2026, 2, 9))


async def test_who_was_not_at_home_is_asked_agrees_and_is_read_on_the_evening(kit: Kit) -> None:
    await kit.district()
    assert await post(reader(kit), item()) == ["done"]
    asked = await question(kit)
    assert (asked["purpose"], asked["visit_on"], asked["from_time"], asked["to_time"]) == (
        "appointment",
        "2026-02-09",
        "18:00",
        "20:00",
    )
    assert (asked["answers"], asked["answer_by"]) == (["yes", "no"], "2026-02-08")
    assert await states(kit) == {"A1": "asked"}
    await kit.give(answered(asked), answered(asked, "no"))
    await kit.give(answered(asked))
    assert await states(kit) == {"A1": "agreed"}
    (told,) = await kit.published(CHANGED)
    assert (told["state"], told["visit_on"], told["changed_on"]) == ("agreed", "2026-02-09", "2026-02-04")

    (order,) = await kit.items("site-orders")
    assert (order["kind"], order["due_on"], order["assignee"]) == ("appointment", "2026-02-09", "reader-7")
    assert (order["order_no"], order["reference"]) == (asked["question_id"], "A1")
    seen = orders.report(
        order["order_no"], "read", visited_at="2026-02-09T18:20:00+08:00", **orders.registers("130.00")
    )
    assert await orders.tell(reader(kit), seen) == ["awaiting_approval"]
    decision = {"order_no": order["order_no"], "version": 2}
    assert await orders.decide(kit.clerk, decision) == ["done"]
    assert await states(kit) == {"A1": "kept"}
    (done,) = await kit.published("reading.site_order_done.v1")
    assert done["read_id"] is not None


async def test_one_that_was_in_vain_is_missed_with_the_reason_and_can_be_made_anew(kit: Kit) -> None:
    await kit.district()
    await post(kit.clerk, by_customer())
    assert await states(kit) == {"A1": "agreed"}, "what the customer proposes is agreed"
    assert await kit.published(ASKED) == []
    assert await post(reader(kit), item("A2")) == ["reading.appointment_asked_already"]
    (order,) = await kit.items("site-orders")
    vain = orders.report(order["order_no"], None, not_done="nobody_home", visited_at="2026-02-09T18:20:00+08:00")
    assert await orders.tell(reader(kit), vain) == ["done"]
    (shown,) = await kit.items("appointments")
    assert (shown["state"], shown["visit_outcome"], shown["recorded_by"], shown["way"]) == (
        "missed",
        "nobody_home",
        "clerk",
        "call",
    )
    again = {"asked_on": "2026-02-10", "visit_on": "2026-02-14"}
    assert await post(reader(kit), item("A2", **again)) == ["done"]
    assert await states(kit, state="missed") == {"A1": "missed"}
    assert await states(kit, visit_on="2026-02-14") == {"A2": "asked"}


@pytest.mark.parametrize("answer", ["no", "silent"])
async def test_nobody_comes_where_the_customer_does_not_agree(kit: Kit, answer: str) -> None:
    await kit.district()
    await post(reader(kit), item())
    asked = await question(kit)
    await kit.give(silent(asked) if answer == "silent" else answered(asked, answer))
    assert await states(kit) == {"A1": "unconfirmed" if answer == "silent" else "declined"}
    assert await kit.items("site-orders") == []
    await kit.give(answered(asked))
    assert await kit.items("site-orders") == [], "an answer that comes late changes nothing"


async def test_one_that_is_called_off_needs_no_answer_or_is_told(kit: Kit) -> None:
    await kit.district(3)
    await post(kit.clerk, item("A1"), by_customer("A2", "S0002"), by_customer("A3", "S0003"))
    (first, _) = await kit.items("site-orders")
    vain = orders.report(first["order_no"], None, not_done="weather", visited_at="2026-02-09T18:20:00+08:00")
    await orders.tell(reader(kit), vain)
    missed = first["reference"]
    left = ({"A2", "A3"} - {missed}).pop()
    assert await call_off(kit.clerk, "A1", left, missed, "A9") == [
        "done",
        "done",
        "reading.appointment_over",
        "reading.unknown_appointment",
    ]
    assert await states(kit) == {"A1": "cancelled", left: "cancelled", missed: "missed"}
    assert await call_off(kit.clerk, "A1") == ["already_done"]
    assert await call_off(kit.clerk, "A1", "A1") == ["request.repeated_in_batch"] * 2
    asked = await question(kit)
    (withdrawn,) = await kit.published("reading.question_withdrawn.v1")
    assert (withdrawn["question_id"], withdrawn["reason"]) == (asked["question_id"], "reader_ill")
    told = [(fact["service_point_no"], fact["state"]) for fact in await kit.published(CHANGED)]
    assert told[2:] == [({"A2": "S0002", "A3": "S0003"}[left], "cancelled")]
    await kit.give(answered(asked))
    assert (await states(kit))["A1"] == "cancelled"


async def test_what_cannot_be_an_appointment_is_refused_by_itself(kit: Kit) -> None:
    await kit.district()
    assert await post(
        kit.clerk,
        item("A1", "S9"),
        item("A2", visit_on="2026-02-03"),
        item("A3", visit_on="2026-03-09"),
        item("A4", asked_on="2026-11-20", visit_on="2026-11-25"),
        item("A5"),
        item("A6"),
        item("A6"),
    ) == [
        "reading.unknown_service_point",
        "reading.bad_appointment_day",
        "reading.bad_appointment_day",
        "business_date.in_the_future",
        "done",
        *["request.repeated_in_batch"] * 2,
    ]
    assert await post(kit.clerk, item("A5")) == ["already_done"]
    assert await post(kit.clerk, item("A5", from_time="17:00")) == ["conflicting_duplicate"]
    for wrong in ({"way": "call"}, {"from_time": "21:00"}, {"proposed_by": "customer"}, {"from_time": "24:00"}):
        answer = await kit.clerk.post("/v1/appointments", json={"items": [item("A7") | wrong]})
        assert answer.status_code == 422, wrong
    elsewhere = reader(kit, org_units=["zj/ningbo"])
    assert await post(elsewhere, item("A8")) == ["auth.other_org_unit"]
    assert await call_off(elsewhere, "A5") == ["reading.unknown_appointment"]
    assert (await elsewhere.get("/v1/appointments")).json()["items"] == []


async def test_the_number_of_statements_is_the_same_for_2_and_200_appointments(kit: Kit) -> None:
    await kit.district(202)
    counts = []
    for first, last in ((1, 2), (3, 202)):
        given = [item(f"A{n}", f"S{n:04}") for n in range(first, last + 1)]
        with Statements(kit) as proposing:
            assert set(await post(kit.clerk, *given)) == {"done"}
        asked = [fact for fact in await kit.published(ASKED) if first <= int(fact["subject_id"][1:]) <= last]
        with Statements(kit) as taking:
            await kit.give(*map(answered, asked))
        counts.append((len(proposing.texts), len(taking.texts)))
    assert counts[0] == counts[1]

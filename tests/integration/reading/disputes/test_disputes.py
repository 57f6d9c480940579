"""Doubts about usage are opened once, led from step to step by persons, and end at any of them with an explanation."""

from collections.abc import Sequence
from typing import Any

from services.reading.disputes.tables import DISPUTE
from shared.db import bulk
from tests.integration.reading.disputes.test_joint_rereads import answered
from tests.integration.reading.disputes.test_report import adjustment
from tests.kits import orders
from tests.kits.approvals import decided
from tests.kits.disputes import doubt, january, opened, reread, result, shown, step, told
from tests.kits.effort import in_turn
from tests.kits.reading import Kit, Statements, read


async def test_a_doubt_is_opened_once_with_its_deadline_and_its_hold(kit: Kit) -> None:
    await january(kit)
    assert await opened(kit.clerk, doubt()) == ["done"]
    found = await shown(kit)
    # 14 February 2026 is worked (调休), the spring festival is 15 to 23 February
    assert (found["state"], found["due_on"], found["held_until"]) == ("opened", "2026-02-12", "2026-03-12")
    assert (found["opened_by"], found["words"]) == ("clerk", "Nobody was at home.")
    assert await opened(kit.clerk, doubt()) == ["already_done"]
    assert await opened(kit.clerk, doubt(reason="other")) == ["conflicting_duplicate"]
    assert await opened(kit.clerk, doubt("D2")) == ["dispute.there_is_one"]

    (fact,) = await kit.published("reading.dispute_changed.v1")
    assert (fact["dispute_no"], fact["cycles"], fact["version"]) == ("D1", ["2026-01"], 1)
    assert "words" not in fact
    audit = await kit.admin.get("/v1/audit-entries", params={"entity_kind": "dispute", "entity_id": "D1"})
    assert [(each["action"], each["actor"]) for each in audit.json()["items"]] == [("dispute.opened", "clerk")]


async def test_what_cannot_be_disputed_is_refused_by_itself(kit: Kit) -> None:
    await january(kit, 4)
    codes = await opened(
        kit.clerk,
        doubt("D1", "S9"),
        doubt("D2", opened_on="2026-12-01"),
        doubt("D3", "S0002", cycles=["2025-12"]),
        doubt("D4", "S0003", reason="bored"),
        doubt("D5", "S0004"),
    )
    assert codes == [
        "reading.unknown_service_point",
        "business_date.in_the_future",
        "dispute.unknown_cycle",
        "reading.unknown_reason",
        "done",
    ]
    assert await opened(kit.clerk, doubt("D6"), doubt("D7")) == ["request.repeated_in_batch"] * 2
    elsewhere = kit.client("clerk", "reading:write", "reading:read", org_units=["zj/ningbo"])
    assert await opened(elsewhere, doubt("D8")) == ["auth.other_org_unit"]
    assert (await elsewhere.get("/v1/disputes/D5")).status_code == 404
    assert await step(elsewhere, "end", "2026-02-11", number="D5", outcome="explained", explanation="x") == (
        "dispute.unknown"
    )
    assert [each["dispute_no"] for each in await kit.items("disputes")] == ["D5"]


async def test_a_doubt_can_end_at_the_history(kit: Kit) -> None:
    await january(kit)
    await opened(kit.clerk, doubt())
    assert await step(kit.clerk, "history", "2026-02-11") == "done"
    assert await step(kit.clerk, "history", "2026-02-11") == "done"
    assert await step(kit.clerk, "end", "2026-02-10", outcome="explained", explanation="-") == (
        "dispute.before_its_last_step"
    )
    assert await step(kit.clerk, "end", "2026-02-12", outcome="bad", explanation="-") == "dispute.unknown_outcome"
    ended: dict[str, Any] = {"outcome": "explained", "explanation": "The heating ran."}
    assert await step(kit.clerk, "end", "2026-02-12", **ended) == "done"
    assert await step(kit.clerk, "end", "2026-02-12", **ended) == "done"
    assert await step(kit.clerk, "hold", "2026-02-12") == "dispute.not_possible"

    found = await shown(kit)
    assert (found["state"], found["ended_at"], found["ended_by"]) == ("ended", "history", "clerk")
    assert (found["explanation"], found["due_on"], found["held_until"]) == ("The heating ran.", None, None)
    assert await told(kit) == [(1, "opened", "2026-03-12"), (2, "history", "2026-03-13"), (3, "ended", None)]
    assert await opened(kit.clerk, doubt("D2", opened_on="2026-02-13")) == ["done"]


async def test_the_history_shows_usages_reads_and_estimates_beside_the_route(kit: Kit) -> None:
    await january(kit, 3)
    await kit.plan("2026-03-01")
    await kit.push(read("M0002", "2026-03-01", "250.00"), read("M0003", "2026-03-01", "230.00"))
    await kit.close("2026-03-02")
    await opened(kit.clerk, doubt(cycles=["2026-02", "2026-01"], opened_on="2026-03-05"))
    hours: dict[str, Any] = {"meter_no": "M0001", "day": "2026-02-03", "quantity": "import", "interval_minutes": 60}
    hours |= {"unit": "Wh", "values": list(range(24)), "quality": "a" * 24}
    answer = await kit.clerk.post("/v1/curves", json={"items": [hours]})
    assert answer.json()["outcomes"][0]["status"] == "accepted", answer.text

    history = (await kit.clerk.get("/v1/disputes/D1/history")).json()
    assert (history["from_cycle"], history["to_cycle"]) == ("2024-04", "2026-03")
    shown_ = [(u["cycle"], u["quality"], u["import_wh_per_day"], u["disputed"]) for u in history["usages"]]
    assert shown_ == [("2026-01", "actual", 3225, True), ("2026-02", "estimated", 3225, True)]
    assert [(u["around_points"], u["around_mean_wh"]) for u in history["usages"]] == [(2, 100_000), (2, 40_000)]
    (register,) = history["usages"][0]["shown"]
    assert (register["meter_no"], register["from"], register["to"]) == ("M0001", "100.00", "200.00")
    (seen,) = history["reads"]
    assert (seen["source"], seen["registers"], seen["corrected"]) == ("site", {"import": "200.00"}, None)
    (curve,) = history["curves"]
    assert (curve["day"], curve["values"]) == ("2026-02-03", list(range(24)))


async def test_a_joint_reread_asks_the_customer_and_is_done_before_a_meter_is_tested(kit: Kit) -> None:
    await january(kit)
    await opened(kit.clerk, doubt())
    assert await step(kit.clerk, "verification", "2026-02-11", order_no="V1") == "dispute.not_possible"
    assert await step(kit.clerk, "joint-reread", "2026-02-11", order_no="O1", visit_on="2026-02-11") == (
        "dispute.visit_too_soon"
    )
    asked: dict[str, Any] = {"order_no": "O1", "visit_on": "2026-02-25", "from_time": "09:00"}
    assert await step(kit.clerk, "joint-reread", "2026-02-11", **asked) == "done"
    assert await step(kit.clerk, "joint-reread", "2026-02-11", **asked) == "done"
    (order,) = await kit.items("site-orders", reference="D1")
    assert (order["kind"], order["order_no"], order["due_on"]) == ("joint_reread", "O1", "2026-02-25")
    (question,) = await kit.published("reading.visit_proposed.v1")
    assert (question["purpose"], question["subject_kind"], question["subject_id"]) == ("joint_reread", "dispute", "D1")
    assert (question["visit_on"], question["answer_by"], question["answers"]) == (
        "2026-02-25",
        "2026-02-14",
        ["yes", "no"],
    )
    assert (await shown(kit))["presence"] == "asked"
    assert await step(kit.clerk, "verification", "2026-02-12", order_no="V1") == "dispute.order_unfinished"
    assert await step(kit.clerk, "end", "2026-02-12", outcome="confirmed", explanation="-") == (
        "dispute.order_unfinished"
    )


async def verified(kit: Kit, outcome: str = "beyond_limits") -> None:
    """A dispute whose meter was tested, as the visitor reports."""
    await january(kit)
    await opened(kit.clerk, doubt())
    await step(kit.clerk, "joint-reread", "2026-02-11", order_no="O1", visit_on="2026-02-25")
    await reread(kit)
    assert await step(kit.clerk, "verification", "2026-02-26", order_no="V1") == "done"
    visit = {"visited_at": "2026-03-02T09:10:00+08:00", "meter_no": "M0001"}
    assert await orders.tell(orders.visitor(kit), orders.report("V1", outcome, **visit)) == ["done"]


async def test_a_meter_is_tested_by_its_deadline_and_two_people_tell_what_that_showed(kit: Kit) -> None:
    await verified(kit)
    found = await shown(kit)
    # 28 February 2026 is worked
    assert (found["state"], found["due_on"], found["fee_fen"]) == ("verification", "2026-03-04", 0)
    assert await step(kit.clerk, "end", "2026-03-03", outcome="confirmed", explanation="-") == "dispute.result_missing"
    asked = await kit.clerk.post("/v1/disputes/D1/test-result", json=result())
    assert asked.status_code == 202, asked.text
    assert await kit.published("reading.meter_tested.v1") == []
    own = kit.client("clerk", "reading:write", "approvals:decide", "approvals:read")
    assert await decided(own, [asked.json()]) == ["approval.own_request"]
    second = kit.client("metrology", "reading:write", "approvals:decide", "approvals:read")
    assert await decided(second, [asked.json()]) == ["done"]

    (fact,) = await kit.published("reading.meter_tested.v1")
    assert (fact["error_percent"], fact["within_limits"], fact["version"]) == ("3.0", False, 1)
    assert (fact["from"], fact["to"], fact["meter_no"]) == ("2026-01-01", "2026-03-02", "M0001")
    assert (fact["entered_by"], fact["decided_by"]) == ("clerk", "metrology")
    assert (await shown(kit))["test"]["error_percent"] == "3.0"
    assert await step(kit.clerk, "end", "2026-03-04", outcome="meter_beyond_limits", explanation="3 %") == "done"
    asked = await kit.clerk.post("/v1/disputes/D1/test-result", json=result("2.5"))
    assert await decided(second, [asked.json()]) == ["done"]
    assert [each["version"] for each in await kit.published("reading.meter_tested.v1")] == [1, 2]
    tests = (await kit.clerk.get("/v1/meters/M0001/life")).json()["tests"]
    assert [(each["lab_no"], each["result"]) for each in tests] == [("D1~2", "failed")]


@in_turn(
    ("more", "code"),
    [
        ({"meter_no": "M9"}, "dispute.other_meter"),
        ({"accuracy_class": "9"}, "dispute.unknown_accuracy_class"),
        ({"from": "2025-12-01"}, "dispute.other_meter"),
        ({"from": "2026-03-02"}, "dispute.span_reversed"),
        ({"error_percent": "-100"}, "dispute.error_wrong"),
        ({"error_percent": "1.9"}, "dispute.contradicts_order"),
        ({"tested_on": "2026-03-04"}, "business_date.in_the_future"),
    ],
)
async def test_what_a_test_cannot_have_shown_is_refused(kit: Kit, more: dict[str, str], code: str) -> None:
    await verified(kit)
    answer = await kit.clerk.post("/v1/disputes/D1/test-result", json=result(**more))
    assert answer.json()["code"] == code


async def test_lists_show_what_is_due_and_whose_hold_has_lapsed(kit: Kit) -> None:
    await january(kit, 2)
    await opened(kit.clerk, doubt(), doubt("D2", "S0002"))
    await step(kit.clerk, "hold", "2026-02-20", number="D2")

    async def numbers(**query: str) -> list[str]:
        return [each["dispute_no"] for each in await kit.items("disputes", **query)]

    assert await numbers(due_by="2026-02-12") == ["D1", "D2"]
    assert await numbers(due_by="2026-02-11") == []
    assert await numbers(lapsed_on="2026-03-13") == ["D1"]
    assert await numbers(lapsed_on="2026-03-12") == []
    assert await numbers(service_point_no="S0002", state="opened", org_unit="zj") == ["D2"]
    metrics = (await kit.bare().get("/metrics")).text
    assert "wattline_disputes_open 2.0" in metrics
    # the clock of the test stands at noon of 15 November 2026, and the day by which both were due ended on 12 February
    assert "wattline_disputes_overdue_oldest_seconds 2.38032e+07" in metrics


async def test_the_number_of_statements_is_the_same_for_10_and_1000_points(kit: Kit) -> None:
    await january(kit, 1000)
    counts = []
    for first, many in ((1, 10), (11, 990)):
        numbers = range(first, first + many)
        with Statements(kit) as opening:
            assert set(await opened(kit.clerk, *(doubt(f"D{n}", f"S{n:04}") for n in numbers))) == {"done"}
        with Statements(kit) as looking:
            await kit.clerk.get(f"/v1/disputes/D{first}/history")
        asked = [
            {"question_id": f"Q{n}", "subject_kind": "dispute", "subject_id": f"D{n}", "service_point_no": f"S{n:04}"}
            for n in numbers
        ]
        await joint_rereads(kit, asked)
        with Statements(kit) as answering:
            await kit.give(*map(answered, asked))
        with Statements(kit) as adjusting:
            await kit.give(*(adjustment(f"J{n}", -n) for n in numbers))
        with Statements(kit) as listing:
            await kit.items("disputes", due_by="2026-12-31", org_unit="zj", limit="500")
            answer = await kit.clerk.get("/v1/dispute-report", params={"month": "2026-02", "org_unit": "zj"})
        assert answer.json()["items"][0]["opened"] == first - 1 + many
        counts.append(tuple(len(each.texts) for each in (opening, looking, answering, adjusting, listing)))
    assert counts[0] == counts[1]
    assert {each["presence"] for each in await kit.items("disputes", limit="500")} == {"confirmed"}


async def joint_rereads(kit: Kit, asked: Sequence[dict[str, str]]) -> None:
    """Have the customers of disputes asked about the day of a joint re-read, all at once."""
    columns = {
        "dispute_no": [each["subject_id"] for each in asked],
        "question_id": [each["question_id"] for each in asked],
        "state": ["joint_reread"] * len(asked),
        "presence": ["asked"] * len(asked),
    }
    async with kit.database.begin() as tx:
        await bulk.update_from(tx, DISPUTE, columns, key=("dispute_no",))

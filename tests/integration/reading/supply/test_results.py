"""What became of an order, as a person tells it with a form, and as a head-end calls back: late, twice, in conflict."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kits import headend
from tests.kits.headend import NOW, asked, withdrawn
from tests.kits.reading import running
from tests.kits.supplies import World

AT = "2026-11-15T11:50:00+08:00"
DONE = {"switched": True, "switched_at": AT}
NOT = {"switched": False, "reason": "no_access"}


@pytest.fixture
async def by_hand(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A service without a head-end: a person carries out all orders."""
    async with running(database_url, tmp_path) as kit:
        await kit.district(meter_type="single_phase.remote")
        yield World(kit, headend.HeadEnd())


async def taken(world: World, *orders: Any) -> None:
    await world.kit.give(*(orders or [asked("O1")]))
    assert await world.turn() == 0


async def test_without_a_head_end_an_order_stands_on_a_work_list_until_a_person_tells(by_hand: World) -> None:
    await taken(by_hand)
    (order,) = await by_hand.kit.items("supply-orders", way="person", state="waiting", due_by=NOW.isoformat())
    assert (order["order_no"], order["action"]) == ("O1", "cut")
    said = DONE | {"carried_out_by": "fitter-3", "meter_no": "M0001", "registers": {"import": "123.45"}}
    assert await by_hand.report("O1", said | {"explanation": "at the pole"}) == (200, None)
    order = await by_hand.order("O1")
    assert (order["state"], order["carried_out_by"], order["reported_by"]) == ("done", "fitter-3", "fitter-1")
    assert order["registers"] == {"import": "123.45"}
    (fact,) = await by_hand.kit.published("reading.supply_switched.v1")
    assert (fact["by"], fact["switched_at"], fact["although"]) == ("person", "2026-11-15T03:50:00Z", None)
    assert not {"explanation", "carried_out_by", "reported_by"} & fact.keys()


async def test_a_meter_that_no_head_end_switches_is_for_a_person(world: World) -> None:
    await world.kit.put(
        "meters", [{"meter_no": "M9", "org_unit": "zj", "registers": [{"quantity": "import", "digits": 8, "scale": 0}]}]
    )
    await world.kit.put("service-points", [{"service_point_no": "S9", "route_no": "R1"}])
    at = {"service_point_no": "S9", "meter_no": "M9", "installed_on": "2026-01-01", "unit": "kWh"}
    await world.kit.put("installations", [at | {"opening": {"import": "1"}}])
    await taken(world, asked("O1", service_point_no="S9"))
    assert (await world.order("O1"))["way"] == "person"


async def test_what_was_not_carried_out_has_a_reason_of_the_policy(by_hand: World) -> None:
    await taken(by_hand)
    assert await by_hand.report("O1", NOT | {"reason": "rain"}) == (422, "supply.unknown_reason")
    assert await by_hand.report("O1", NOT) == (200, None)
    assert await by_hand.report("O1", NOT) == (200, None)
    assert await by_hand.report("O1", NOT | {"reason": "unsafe"}) == (409, "supply.result_conflicts")
    assert await by_hand.told() == [("switch_failed", "O1", "no_access")]


async def test_a_result_that_comes_twice_changes_nothing_and_another_one_is_a_conflict(by_hand: World) -> None:
    await taken(by_hand)
    await by_hand.report("O1", DONE)
    again = await by_hand.kit.client("fitter-1", "reading:field").post("/v1/supply-orders/O1/result", json=DONE)
    assert again.json() == {"status": "already_done", "code": None}
    for other in (NOT, DONE | {"switched_at": "2026-11-15T11:40:00+08:00"}, DONE | {"carried_out_by": "fitter-2"}):
        assert await by_hand.report("O1", other) == (409, "supply.result_conflicts")
    assert await by_hand.told() == [("switched", "O1", None)]


@pytest.mark.parametrize(
    ("ended", "although"), [("withdrawn", "withdrawn"), ("superseded", "superseded"), ("expired", "expired")]
)
async def test_a_cut_that_was_carried_out_although_it_was_over_is_told_all_the_same(
    by_hand: World, ended: str, although: str
) -> None:
    order = asked("O1", expires_at=NOW - timedelta(minutes=30) if ended == "expired" else NOW + timedelta(days=1))
    await taken(by_hand, order)
    if ended == "withdrawn":
        await by_hand.kit.give(withdrawn("O1"))
    elif ended == "superseded":
        await by_hand.kit.give(asked("O2", "restore", 2))
    assert await by_hand.report("O1", NOT) == (409, "supply.order_over")
    assert await by_hand.report("O1", DONE) == (200, "supply.late_result")
    assert await by_hand.told() == [("switched", "O1", although), ("switch_failed", "O1", ended)]


async def test_what_was_carried_out_in_time_and_told_late_has_nothing_against_it(by_hand: World) -> None:
    await taken(by_hand, asked("O1", expires_at=NOW + timedelta(minutes=5)))
    await by_hand.turn(later=timedelta(hours=5))
    assert await by_hand.report("O1", DONE) == (200, "supply.late_result")
    assert await by_hand.told() == [("switched", "O1", None), ("switch_failed", "O1", "expired")]


async def test_who_was_early_is_told_so(by_hand: World) -> None:
    await taken(by_hand, asked("O1", not_before=NOW + timedelta(hours=1)))
    assert await by_hand.report("O1", DONE) == (200, "supply.late_result")
    assert await by_hand.told() == [("switched", "O1", "early")]


WRONG: list[tuple[dict[str, Any], int, str]] = [
    (DONE | {"switched_at": "2026-11-15T12:06:00+08:00"}, 422, "supply.in_the_future"),
    (DONE | {"switched_at": "2026-11-14T10:59:59+08:00"}, 422, "supply.too_early"),
    ({"switched": True}, 422, "request.invalid"),
    ({"switched": False}, 422, "request.invalid"),
    (DONE | {"reason": "no_access"}, 422, "request.invalid"),
    (NOT | {"switched_at": AT}, 422, "request.invalid"),
    (DONE | {"switched_at": "2026-11-15"}, 422, "request.invalid"),
    (DONE | {"registers": {"import": "1"}}, 422, "request.invalid"),
    (DONE | {"meter_no": "M1", "registers": {"import": "-1"}}, 422, "request.invalid"),
    (DONE | {"explanation": "   "}, 422, "request.invalid"),
    (DONE | {"extra": 1}, 422, "request.invalid"),
]


@pytest.mark.parametrize(("said", "status", "code"), WRONG)
async def test_what_a_person_cannot_mean_is_refused(by_hand: World, said: Any, status: int, code: str) -> None:
    await taken(by_hand)
    assert await by_hand.report("O1", said) == (status, code)
    assert await by_hand.state("O1") == "waiting"


async def test_orders_of_another_bureau_are_nobodys_business(by_hand: World) -> None:
    await taken(by_hand)
    stranger = by_hand.kit.client("fitter-9", "reading:field", org_units=("zj/ningbo",))
    assert await by_hand.report("O1", DONE, stranger) == (404, "supply_order.unknown")
    assert (await stranger.get("/v1/supply-orders/O1")).status_code == 404
    assert (await stranger.get("/v1/supply-orders")).json()["items"] == []
    assert await by_hand.report("O2", DONE) == (404, "supply_order.unknown")


async def test_the_work_list_is_filtered_and_paged(by_hand: World) -> None:
    later = asked("O3", not_before=NOW + timedelta(hours=3), service_point_no="S3", org_unit="zj/hangzhou/west")
    await taken(by_hand, asked("O1"), asked("O2", "restore", service_point_no="S2"), later)
    list_ = by_hand.kit.items

    async def numbers(**query: str) -> list[str]:
        return [item["order_no"] for item in await list_("supply-orders", **query)]

    assert await numbers() == ["O1", "O2", "O3"]
    assert await numbers(action="restore") == ["O2"]
    assert await numbers(due_by=NOW.isoformat(), state="waiting") == ["O1"]  # nobody knows S2, so that failed
    assert await numbers(org_unit="zj/hangzhou/west") == ["O3"]
    assert await numbers(service_point_no="S0001", way="person") == ["O1"]
    first = (await by_hand.kit.clerk.get("/v1/supply-orders", params={"limit": "2"})).json()
    second = await by_hand.kit.clerk.get("/v1/supply-orders", params={"limit": "2", "cursor": first["next_cursor"]})
    assert [item["order_no"] for item in second.json()["items"]] == ["O3"]


async def test_a_result_is_audited_with_who_told_it(by_hand: World) -> None:
    await taken(by_hand)
    await by_hand.report("O1", DONE | {"carried_out_by": "fitter-3"})
    answer = await by_hand.kit.admin.get("/v1/audit-entries", params={"entity_kind": "supply_order", "entity_id": "O1"})
    (entry,) = answer.json()["items"]
    assert (entry["actor"], entry["action"]) == ("fitter-1", "supply_order.switched")


async def accepted(world: World) -> None:
    world.head_end.plans["O1"] = ["accept"]
    await world.kit.give(asked("O1"))
    await world.turn()
    await world.kit.device("headend-1")


async def test_what_the_head_end_accepted_it_tells_once_it_is_done(world: World) -> None:
    await accepted(world)
    said = world.head_end.finish("O1")
    answer = await world.tell(said)
    assert (answer.status_code, answer.json()) == (200, {"status": "done", "code": None})
    assert (await world.tell(said)).json()["status"] == "already_done"
    conflict = await world.tell({"order_no": "O1", "state": "failed", "code": "relay"})
    assert (conflict.status_code, conflict.json()["code"]) == (409, "supply.result_conflicts")
    assert await world.turn(later=timedelta(hours=1)) == 0
    assert await world.told() == [("switched", "O1", None)]


async def test_what_was_told_and_is_answered_to_a_question_as_well_is_told_once(world: World) -> None:
    await accepted(world)
    world.kit.clock.at += timedelta(seconds=301)
    calls = await world.sender.turn([], 4)
    said = world.head_end.finish("O1")
    answers = [(call, await world.sender._call(call)) for call in calls]
    await world.tell(said)
    await world.sender.turn(answers, 0)
    assert await world.told() == [("switched", "O1", None)]


@pytest.mark.parametrize(("state", "code"), [("failed", "head_end_failed"), ("refused", "refused")])
async def test_what_the_head_end_could_not_do_after_all_fails(world: World, state: str, code: str) -> None:
    await accepted(world)
    assert (await world.tell({"order_no": "O1", "state": state, "code": "relay"})).status_code == 200
    assert await world.told() == [("switch_failed", "O1", code)]
    assert (await world.tell({"order_no": "O1", "state": state, "code": "relay"})).json()["status"] == "already_done"


async def test_who_is_no_head_end_or_proves_nothing_tells_nothing(world: World) -> None:
    await accepted(world)
    said = world.head_end.finish("O1")
    forged = await world.tell(said, key=b"another")
    assert (forged.status_code, forged.json()["code"]) == (401, "auth.invalid_signature")
    await world.kit.device("meter-1", meter_no="M0001")
    one_meter = await world.tell(said, device="meter-1")
    assert (one_meter.status_code, one_meter.json()["code"]) == (403, "supply.not_a_head_end")
    await world.kit.device("headend-2", org_unit="js")
    other = await world.tell(said, device="headend-2")
    assert (other.status_code, other.json()["code"]) == (404, "supply_order.unknown")
    assert await world.state("O1") == "sent"


async def test_of_an_order_that_was_never_sent_no_head_end_tells_anything(world: World) -> None:
    await world.kit.device("headend-1")
    await world.kit.give(asked("O1", not_before=NOW + timedelta(hours=1)))
    answer = await world.tell({"order_no": "O1", "state": "done", "switched_at": AT})
    assert (answer.status_code, answer.json()["code"]) == (409, "supply.not_sent")


async def test_a_person_says_of_an_order_in_flight_only_that_it_was_carried_out(world: World) -> None:
    await accepted(world)
    assert await world.report("O1", NOT) == (409, "supply.in_flight")
    assert await world.report("O1", DONE) == (200, None)
    assert await world.told() == [("switched", "O1", None)]


async def test_gauges_show_the_oldest_order_and_what_is_unknown(world: World) -> None:
    world.head_end.plans["O1"] = ["lose"]
    await world.kit.give(asked("O1", "restore"), asked("O2", service_point_no="S2", not_before=NOW + timedelta(days=1)))
    await world.turn()
    metrics = (await world.kit.bare().get("/metrics")).text
    for line in (
        "wattline_supply_orders_unknown 1.0",
        "wattline_supply_orders_due_oldest_age_seconds 3600.0",
        "wattline_supply_restores_due_oldest_age_seconds 3600.0",
        'wattline_supply_calls_total{kind="send",result="in_doubt"} 1.0',
    ):
        assert line in metrics, [x for x in metrics.splitlines() if "supply" in x]

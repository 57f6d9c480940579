"""Meters as things: what they are on a day follows from their installations and from what was recorded of them in stock."""

from typing import Any

import pytest

from tests.kits.effort import in_turn
from tests.kits.reading import UNIT, Kit
from tests.kits.stock import RANGE, install, lab, life, moved, put_on, receive, send, states

FACT = "reading.meter_taken_back.v1"


async def test_a_meter_comes_is_used_taken_back_tested_and_used_elsewhere(kit: Kit) -> None:
    await kit.district(2, opening="100.00")
    assert await receive(kit) == ["done"]
    assert await send(kit, "meter-movements", moved("to_stock", "2026-01-08", "M0901")) == ["done"]
    off = put_on("M0001", "S0001", "2026-01-01", "2026-02-01")
    assert await install(kit, off, put_on("M0901", "S0001", "2026-02-01")) == ["done", "done"]
    assert await install(kit, put_on("M0901", "S0001", "2026-02-01", "2026-03-01")) == ["done"]

    back = moved("take_back", "2026-03-03", "M0901", org_unit=f"{UNIT}/depot")
    assert await send(kit, "meter-movements", back, moved("to_test", "2026-03-04", "M0901")) == ["done", "done"]
    assert await install(kit, put_on("M0901", "S0001", "2026-03-05")) == ["reading.meter_not_tested"]
    assert await send(kit, "meter-tests", lab("passed", "2026-03-09", "M0901")) == ["done"]
    assert await send(kit, "meter-movements", moved("to_stock", "2026-03-10", "M0901")) == ["done"]
    assert await install(kit, put_on("M0901", "S0001", "2026-03-12")) == ["done"]

    depot = f"{UNIT}/depot"
    assert await states(kit, "M0901") == [
        ("received", "2026-01-05", UNIT),
        ("in_stock", "2026-01-08", UNIT),
        ("installed", "2026-02-01", "S0001"),
        ("removed", "2026-03-01", "S0001"),
        ("taken_back", "2026-03-03", depot),
        ("to_test", "2026-03-04", depot),
        ("passed", "2026-03-09", depot),
        ("in_stock", "2026-03-10", depot),
        ("installed", "2026-03-12", "S0001"),
    ]
    (told,) = await kit.published(FACT)
    names = "meter_no", "service_point_no", "taken_back_on", "version", "withdrawn"
    assert [told[name] for name in names] == ["M0901", "S0001", "2026-03-03", 1, False]
    shown = await life(kit, "M0901")
    assert (shown["state"], shown["range_no"], shown["meter_type"]) == ("installed", "PH-1", "single_phase.4g")
    assert [each["installed_on"] for each in shown["installations"]] == ["2026-02-01", "2026-03-12"]


async def test_a_meter_that_was_there_before_stock_was_kept_is_installed_as_ever(kit: Kit) -> None:
    await kit.district(2)
    assert await states(kit) == [("installed", "2026-01-01", "S0001")]
    off = put_on("M0001", "S0001", "2026-01-01", "2026-02-01")
    moved_on = [put_on("M0002", "S0002", "2026-01-01", "2026-02-01"), put_on("M0001", "S0002", "2026-02-01")]
    assert await install(kit, off, *moved_on) == ["done"] * 3
    assert await states(kit) == [("installed", "2026-01-01", "S0001"), ("installed", "2026-02-01", "S0002")]
    assert await kit.published(FACT) == []


@in_turn(
    ("records", "code"),
    [
        ([("meter-movements", moved("scrap", "2026-02-10", reason="burnt"))], "reading.meter_scrapped"),
        ([("meter-movements", moved("scrap", "2026-03-10", reason="burnt"))], "reading.meter_scrapped"),
        ([("meter-tests", lab("failed", "2026-02-10"))], "reading.meter_failed_test"),
        ([("meter-tests", lab("failed", "2026-01-20"))], "reading.meter_failed_test"),
        ([("meter-movements", moved("take_back", "2026-02-01"))], "reading.meter_not_tested"),
        (
            [("meter-tests", lab("passed", "2026-01-20")), ("meter-movements", moved("take_back", "2026-02-01"))],
            "reading.meter_not_tested",
        ),
        (
            [("meter-tests", lab("passed", "2026-02-02", next_due_on="2026-02-28"))],
            "reading.meter_verification_expired",
        ),
        ([("meter-tests", lab("passed", "2026-02-02", next_due_on="2026-03-01"))], "done"),
        ([("meter-tests", lab("failed", "2026-03-02"))], "done"),
        (
            [
                ("meter-movements", moved("take_back", "2026-02-01")),
                ("meter-tests", lab("failed", "2026-02-10")),
                ("meter-tests", lab("passed", "2026-02-20")),
            ],
            "done",
        ),
    ],
)
async def test_what_is_recorded_of_a_meter_speaks_against_its_installation(
    kit: Kit, records: list[tuple[str, Any]], code: str
) -> None:
    await kit.district(2)
    await install(kit, put_on("M0001", "S0001", "2026-01-01", "2026-02-01"))
    for path, item in records:
        assert await send(kit, path, item) == ["done"]
    assert await install(kit, put_on("M0001", "S0001", "2026-03-01")) == [code]


async def test_the_verification_of_its_maker_ends_where_no_test_came_after_it(kit: Kit) -> None:
    await kit.district()
    await install(kit, put_on("M0001", "S0001", "2026-01-01", "2026-02-01"))
    await receive(kit, verified_until="2026-01-31")
    assert await install(kit, put_on("M0901", "S0001", "2026-02-01")) == ["reading.meter_verification_expired"]
    await send(kit, "meter-tests", lab("passed", "2026-02-01", "M0901", next_due_on="2034-01-31"))
    assert await install(kit, put_on("M0901", "S0001", "2026-02-01")) == ["done"]


async def test_a_correction_does_not_bring_a_meter_into_use_that_may_not_be(kit: Kit) -> None:
    await kit.district()
    await install(kit, put_on("M0001", "S0001", "2026-01-01", "2026-02-01"))
    await send(kit, "meter-movements", moved("scrap", "2026-02-10", reason="burnt"))
    path = "/v1/installations/M0001/2026-01-01/correction"
    answer = await kit.clerk.post(path, json={"removed_on": None, "reason": "mistyped"})
    assert (answer.status_code, answer.json()["code"]) == (422, "reading.meter_scrapped")
    earlier = {"removed_on": "2026-01-30", "reason": "mistyped"}
    assert (await kit.clerk.post(path, json=earlier)).status_code == 200
    assert await states(kit) == [
        ("installed", "2026-01-01", "S0001"),
        ("removed", "2026-01-30", "S0001"),
        ("scrapped", "2026-02-10", None),
    ]


async def test_a_take_back_told_before_the_removal_waits_for_it_and_is_withdrawn_with_it(kit: Kit) -> None:
    await kit.district(2)
    assert await send(kit, "meter-movements", moved("take_back", "2026-02-03")) == ["reading.meter_movement_waits"]
    assert await send(kit, "meter-movements", moved("take_back", "2026-02-03")) == ["already_done"]
    assert [each["meter_no"] for each in await kit.items("meter-movements", waiting="true")] == ["M0001"]
    assert await kit.published(FACT) == []
    await install(kit, put_on("M0001", "S0001", "2026-01-01", "2026-02-01"))
    assert await kit.items("meter-movements", waiting="true") == []
    path = "/v1/installations/M0001/2026-01-01/annulment"
    assert (await kit.clerk.post(path, json={"reason": "wrong_meter"})).status_code == 200
    await install(kit, put_on("M0002", "S0002", "2026-01-01", "2026-01-15"))
    await install(kit, put_on("M0001", "S0002", "2026-01-15", "2026-02-01"))
    told = [(each["version"], each["service_point_no"], each["withdrawn"]) for each in await kit.published(FACT)]
    assert told == [(1, "S0001", False), (2, "S0001", True), (3, "S0002", False)]
    annulled = {"movement_no": "take_back-M0001-2026-02-03", "reason": "mistyped"}
    assert await send(kit, "meter-movements/annulments", annulled) == ["done"]
    assert await send(kit, "meter-movements/annulments", annulled) == ["already_done"]
    assert (await kit.published(FACT))[-1]["withdrawn"] is True
    assert (await states(kit))[-1] == ("removed", "2026-02-01", "S0002")


async def test_a_meter_taken_off_and_brought_back_on_one_day_is_back(kit: Kit) -> None:
    await kit.district()
    await install(kit, put_on("M0001", "S0001", "2026-01-01", "2026-02-01"))
    assert await send(kit, "meter-movements", moved("take_back", "2026-01-31")) == ["done"]
    assert await states(kit) == [("installed", "2026-01-01", "S0001"), ("taken_back", "2026-02-01", None)]


@in_turn(
    ("item", "code"),
    [
        (moved("take_back", "2026-02-03", "M9"), "reading.unknown_meter"),
        (moved("scrap", "2026-02-03"), "reading.reason_missing"),
        (moved("take_back", "2026-12-24"), "reading.in_the_future"),
        (moved("to_stock", "2026-02-03", org_unit="zj/ningbo"), "auth.other_org_unit"),
    ],
)
async def test_what_is_no_movement_is_refused_by_itself(kit: Kit, item: dict[str, Any], code: str) -> None:
    await kit.district(2)
    await install(kit, put_on("M0002", "S0002", "2026-01-01", "2026-02-01"))
    keeper = kit.client("keeper-1", "reading:read", "reading:write", org_units=["zj/hangzhou"])
    good = moved("take_back", "2026-02-03", "M0002")
    assert await send(kit, "meter-movements", item, good, client=keeper) == [code, "done"]
    again = [item | {"movement_no": "twice"}] * 2
    assert await send(kit, "meter-movements", *again) == ["request.repeated_in_batch"] * 2


async def test_a_number_with_other_content_is_a_conflict(kit: Kit) -> None:
    await kit.district()
    assert await send(kit, "meter-tests", lab("passed", "2026-02-03", number="L1")) == ["done"]
    assert await send(kit, "meter-tests", lab("failed", "2026-02-03", number="L1")) == ["conflicting_duplicate"]
    assert await send(kit, "meter-tests/annulments", {"lab_no": "L1", "reason": "mistyped"}) == ["done"]
    assert (await life(kit))["tests"] == []
    (kept,) = await kit.items("meter-tests", meter_no="M0001")
    assert (kept["result"], kept["annulled"], kept["annulled_for"]) == ("passed", True, "mistyped")


async def test_the_errors_of_a_test_are_shown_and_are_possible(kit: Kit) -> None:
    await kit.district()
    loads = [{"load_percent": 100, "power_factor": "0.5L", "error_permille": "-1.25"}]
    assert await send(kit, "meter-tests", lab("passed", "2026-02-03", errors=loads)) == ["done"]
    assert (await life(kit))["tests"][0]["errors"] == loads
    far = [loads[0] | {"error_permille": "1000.1"}]
    assert await send(kit, "meter-tests", lab("passed", "2026-02-04", errors=far)) == ["reading.error_wrong"]


async def test_only_who_may_see_a_meter_sees_its_life(kit: Kit) -> None:
    await kit.district()
    elsewhere = kit.client("keeper-9", "reading:read", org_units=["zj/ningbo"])
    assert (await elsewhere.get("/v1/meters/M0001/life")).status_code == 404
    assert (await kit.clerk.get("/v1/meters/M9/life")).status_code == 404
    for path in ("meter-states?on=2026-02-01", "meters-not-taken-back?on=2026-12-01", "meter-movements"):
        assert (await elsewhere.get(f"/v1/{path}")).json()["items"] == []


async def test_removed_meters_that_nobody_took_back_are_listed_and_counted(kit: Kit) -> None:
    await kit.district(3)
    await install(kit, *(put_on(f"M000{i}", f"S000{i}", "2026-01-01", "2026-02-01") for i in (1, 2, 3)))
    await send(kit, "meter-movements", moved("take_back", "2026-02-20", "M0002"))
    assert await kit.items("meters-not-taken-back", on="2026-02-10") == []  # ten days by policy
    assert [each["meter_no"] for each in await kit.items("meters-not-taken-back", on="2026-02-11")] == [
        "M0001",
        "M0002",
        "M0003",
    ]
    later = await kit.items("meters-not-taken-back", on="2026-02-20", org_unit="zj")
    assert [(each["meter_no"], each["service_point_no"], each["since"]) for each in later] == [
        ("M0001", "S0001", "2026-02-01"),
        ("M0003", "S0003", "2026-02-01"),
    ]
    assert "wattline_meters_not_taken_back 2.0" in (await kit.bare().get("/metrics")).text


@pytest.mark.parametrize("state", ["in_stock", "received"])
async def test_meters_are_listed_by_state_and_type(kit: Kit, state: str) -> None:
    await kit.district()
    await receive(kit)
    await send(kit, "meter-movements", moved("to_stock", "2026-01-08", "M0903", org_unit=f"{UNIT}/depot"))
    assert await kit.items("meter-states", on="2026-01-04", state=state) == []
    rows = await kit.items("meter-states", on="2026-01-08", state=state, meter_type=str(RANGE["meter_type"]))
    there = {"in_stock": ["M0903"], "received": ["M0901", "M0902", "M0904", "M0905"]}[state]
    assert [each["meter_no"] for each in rows] == there
    assert {each["org_unit"] for each in rows} == {f"{UNIT}/depot" if state == "in_stock" else UNIT}


async def test_a_meter_moves_from_one_warehouse_and_laboratory_to_another(kit: Kit) -> None:
    await receive(kit)
    depot, lab_2 = f"{UNIT}/depot", f"{UNIT}/lab"
    there = [
        moved("to_stock", "2026-01-08", "M0901"),
        moved("to_stock", "2026-01-09", "M0901", org_unit=depot),
        moved("to_test", "2026-01-10", "M0901"),
        moved("to_test", "2026-01-11", "M0901", org_unit=lab_2),
    ]
    assert await send(kit, "meter-movements", *reversed(there)) == ["done"] * 4
    assert await states(kit, "M0901") == [
        ("received", "2026-01-05", UNIT),
        ("in_stock", "2026-01-08", UNIT),
        ("in_stock", "2026-01-09", depot),
        ("to_test", "2026-01-10", depot),
        ("to_test", "2026-01-11", lab_2),
    ]


async def test_steps_of_one_day_are_told_in_the_order_in_which_they_fit(kit: Kit) -> None:
    await receive(kit)
    steps = [moved("to_stock", "2026-01-08", "M0901"), moved("to_test", "2026-01-08", "M0901")]
    assert await send(kit, "meter-movements", *steps) == ["done", "done"]
    assert (await states(kit, "M0901"))[-1] == ("to_test", "2026-01-08", UNIT)
    assert await kit.items("meter-movements", waiting="true") == []


async def test_a_movement_that_waits_is_counted_with_its_age(kit: Kit) -> None:
    await kit.district()
    assert await send(kit, "meter-movements", moved("to_stock", "2026-02-01")) == ["reading.meter_movement_waits"]
    metrics = (await kit.bare().get("/metrics")).text
    assert "wattline_stock_records_waiting 1.0" in metrics
    assert "wattline_stock_records_waiting_oldest_age_seconds" in metrics
    await send(kit, "meter-movements/annulments", {"movement_no": "to_stock-M0001-2026-02-01", "reason": "mistyped"})
    assert "wattline_stock_records_waiting 0.0" in (await kit.bare().get("/metrics")).text


async def test_what_was_annulled_is_not_done_when_it_is_sent_again(kit: Kit) -> None:
    await receive(kit)
    step, result = moved("to_stock", "2026-01-08", "M0901"), lab("passed", "2026-01-09", "M0901")
    await send(kit, "meter-movements", step)
    await send(kit, "meter-tests", result)
    await send(kit, "meter-movements/annulments", {"movement_no": step["movement_no"], "reason": "mistyped"})
    await send(kit, "meter-tests/annulments", {"lab_no": result["lab_no"], "reason": "mistyped"})
    assert await send(kit, "meter-movements", step) == ["reading.stock_record_annulled"]
    assert await send(kit, "meter-tests", result) == ["reading.stock_record_annulled"]

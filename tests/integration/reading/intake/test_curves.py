"""Day curves: which values count of all that came, what is found in them, days on which clocks change."""

import asyncio
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.reading.intake.use_cases import curves
from services.reading.intake.use_cases.intake import Uploader
from services.reading.reads.domain.curves import Curve
from shared.web import devices
from tests.kits.effort import in_turn
from tests.kits.reading import THREE, Kit, Statements, running

DAY = "2026-01-10"
FULL = [10 + i for i in range(48)]


def curve(values: list[int | None], minutes: int = 30, day: str = DAY, **more: Any) -> dict[str, Any]:
    known = {"meter_no": "M0001", "day": day, "unit": "Wh", "interval_minutes": minutes, "values": values}
    return known | more


async def push(kit: Kit, *items: Any, **more: Any) -> list[dict[str, Any]]:
    answer = await kit.clerk.post("/v1/curves", json={"items": items} | more)
    assert answer.status_code == 200, answer.text
    outcomes: list[dict[str, Any]] = answer.json()["outcomes"]
    return outcomes


async def statuses(kit: Kit, *items: Any) -> list[str]:
    """Push each in a batch of its own."""
    return [(await push(kit, item))[0]["status"] for item in items]


async def in_force(kit: Kit, day: str = DAY) -> dict[str, Any]:
    answer = await kit.clerk.get(f"/v1/curves/M0001/{day}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def versions(kit: Kit, **query: str) -> list[dict[str, Any]]:
    answer = await kit.clerk.get(f"/v1/curves/M0001/{DAY}/versions", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def findings(kit: Kit) -> list[tuple[str, dict[str, int]]]:
    found = await kit.items("findings", service_point_no="S0001")
    return sorted((each["code"], each["numbers"]) for each in found)


async def test_a_gap_is_found_and_filled_by_a_later_version_and_the_old_one_is_no_conflict(kit: Kit) -> None:
    await kit.district()
    gap = curve([None, *FULL[1:]])
    found = await statuses(kit, gap, gap, curve(FULL), curve(FULL), gap)
    assert found == ["accepted", "already_accepted", "accepted", "already_accepted", "already_accepted"]
    filled = await in_force(kit)
    assert (filled["values"], filled["missing"], filled["quality"]) == (FULL, 0, "a" * 48)
    assert await findings(kit) == [("reading.curve_gap_found", {"slots": 1, "interval_minutes": 30})]
    assert [(each["version"], each["effect"], each["missing"]) for each in await versions(kit)] == [
        (1, "used", 1),
        (2, "used", 0),
    ]


async def test_an_actual_value_stands_over_an_estimated_one_whichever_comes_first(kit: Kit) -> None:
    await kit.district(2)
    estimated = [value + 5 for value in FULL]
    for meter, order in (("M0001", (0, 1, 2)), ("M0002", (2, 1, 0))):
        given = [
            curve([*estimated[:24], *[None] * 24], quality="e" * 24 + "-" * 24, meter_no=meter),
            curve([*FULL[:12], *estimated[12:]], quality="a" * 12 + "e" * 36, meter_no=meter),
            curve([*[None] * 12, *FULL[12:36], *[None] * 12], meter_no=meter),
        ]
        assert await statuses(kit, *(given[i] for i in order)) == ["accepted"] * 3
        found = (await kit.clerk.get(f"/v1/curves/{meter}/{DAY}")).json()
        assert found["values"] == [*FULL[:36], *estimated[36:]]
        assert found["quality"] == "a" * 36 + "e" * 12


async def test_a_worse_curve_is_kept_as_a_version_and_changes_nothing(kit: Kit) -> None:
    await kit.district()
    worse = curve([value + 5 for value in FULL], quality="e" * 48)
    ((first,), (second,), (third,)) = [await push(kit, each) for each in (curve(FULL), worse, worse)]
    assert ("code" not in first, second["status"], second["code"]) == (True, "accepted", "reading.curve_no_better")
    assert third["status"] == "already_accepted"
    assert (await in_force(kit))["values"] == FULL
    assert [(each["effect"], each["quality"]) for each in await versions(kit)] == [
        ("used", "a" * 48),
        ("no_better", "e" * 48),
    ]


async def test_other_values_of_equal_quality_conflict_leave_a_finding_and_none_of_them_is_used(kit: Kit) -> None:
    await kit.district()
    other = curve([11, *FULL[1:]])
    assert await statuses(kit, curve([*FULL[:47], None]), other, other) == [
        "accepted",
        "conflicting_duplicate",
        "conflicting_duplicate",
    ]
    assert (await in_force(kit))["values"] == [*FULL[:47], None]
    assert ("reading.conflicting_duplicate", {"version": 2}) in await findings(kit)
    assert [each["effect"] for each in await versions(kit)] == ["used", "conflicts"]


async def test_finer_slots_take_the_place_of_coarser_ones_that_they_sum_up_to(kit: Kit) -> None:
    await kit.district()
    quarters = [value for half in FULL for value in (half // 2, half - half // 2)]
    found = await statuses(kit, curve(FULL), curve(quarters, 15), curve(FULL), curve([9, *quarters[1:]], 15))
    assert found == ["accepted", "accepted", "already_accepted", "conflicting_duplicate"]
    assert ((await in_force(kit))["interval_minutes"], (await in_force(kit))["values"]) == (15, quarters)
    fives = [value for quarter in quarters for value in (quarter, 0, 0)]
    tens = [fives[i] + fives[i + 1] for i in range(0, 288, 2)]
    assert await statuses(kit, curve(tens, 10), curve([None, *fives[1:]], 5), curve(fives, 5)) == ["accepted"] * 3
    assert (await in_force(kit))["values"] == fives
    assert [each["effect"] for each in await versions(kit)] == [
        "used",
        "used",
        "conflicts",
        "used",
        "no_better",
        "used",
    ]


async def test_a_value_that_the_point_cannot_use_is_found_kept_and_not_used(kit: Kit) -> None:
    await kit.district(multiplier=3, multiplier_denominator=2)
    limit = 1600 * 1000 * 3 // 2 // 48
    wild = curve([limit, 4_294_967_295, limit + 1, *FULL[3:]])
    (outcome,) = await push(kit, wild)
    assert (outcome["status"], outcome["code"]) == ("accepted", "reading.curve_beyond_possible")
    found = await in_force(kit)
    assert (found["values"][:3], found["quality"][:4], found["missing"]) == ([limit, None, None], "assa", 2)
    assert await findings(kit) == [
        ("reading.curve_beyond_possible", {"slots": 2, "highest_wh": 4_294_967_295, "limit_wh": limit}),
        ("reading.curve_gap_found", {"slots": 2, "interval_minutes": 30}),
    ]
    assert (await versions(kit))[0]["values"][1] == 4_294_967_295
    assert await statuses(kit, wild, curve([limit, 7, 8, *FULL[3:]])) == ["already_accepted", "accepted"]
    assert (await in_force(kit))["values"][:3] == [limit, 7, 8]


async def test_what_the_connection_cannot_carry_is_not_used_until_it_is_known_to_carry_more(kit: Kit) -> None:
    await kit.district()
    point = {"service_point_no": "S0001", "route_no": "R1"}
    high = curve([5000, 5001, *FULL[2:]])
    for kw, values, codes in ((10, [5000, None], ["reading.curve_beyond_possible"]), (11, [5000, 5001], [None])):
        assert [each["status"] for each in await kit.put("service-points", [point | {"connection_kw": kw}])] == ["done"]
        assert [each.get("code") for each in await push(kit, high)] == codes
        assert (await in_force(kit))["values"][:2] == values


async def test_a_malformed_curve_refuses_itself_alone_and_the_message_is_named_by_its_number(kit: Kit) -> None:
    await kit.district()
    items = [curve(FULL, quality="x" * 48), {"meter_no": "M0001"}, 7, curve(FULL, colour="red"), curve(FULL)]
    outcomes = await push(kit, *items, message_id="headend-1.7")
    assert [(each["status"], each.get("code")) for each in outcomes] == [
        *[("refused", "reading.malformed_item")] * 4,
        ("accepted", None),
    ]
    assert outcomes[0]["message"] == "malformed: quality"
    (version,) = await versions(kit)
    upload = (await kit.admin.get(f"/v1/trace/upload/{version['upload_id']}")).json()["document"]
    assert (upload["message_id"], upload["received"], upload["accepted"], upload["refused"]) == ("headend-1.7", 5, 1, 4)
    assert (version["uploader"], upload["uploader"]) == ("clerk", "clerk")
    body = await kit.clerk.post("/v1/curves", json={"items": items, "message": 1})
    assert body.status_code == 422


async def test_no_more_versions_of_a_curve_are_kept_than_a_list_can_show(kit: Kit) -> None:
    await kit.district()
    outcomes = await push(kit, *(curve([n, *FULL[1:]]) for n in range(51)))
    assert [each["status"] for each in outcomes] == ["accepted", *["conflicting_duplicate"] * 49, "refused"]
    assert outcomes[-1]["code"] == "reading.too_many_versions"
    assert len(await versions(kit)) == 50


def _clerk() -> Uploader:
    return Uploader(kind="person", subject="clerk", message_id="", may_see=lambda _: True, sources=frozenset())


def _given(meter_no: str, values: list[int | None], day: str = DAY) -> curves.Given:
    known = Curve(
        meter_no=meter_no,
        day=date.fromisoformat(day),
        quantity="import",
        interval_minutes=30,
        values=tuple(values),
        quality="".join("-" if value is None else "a" for value in values),
    )
    return curves.Given(unit="Wh", curve=known)


async def test_a_version_that_somebody_else_keeps_first_is_refused_without_the_rest_of_its_batch(
    postgres_database: str, tmp_path: Path
) -> None:
    async with running(postgres_database, tmp_path) as kit:
        await kit.district(2)
        own = kit.service.app.state.context
        async with kit.database.begin() as tx:
            first = [_given("M0001", [None, *FULL[1:]])]
            await curves.record(tx, items=first, uploader=_clerk(), policies=own.policies, zone=own.zone)
            late = asyncio.create_task(push(kit, curve(FULL), curve(FULL, meter_no="M0002")))
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not await tx.scalar(waits):  # noqa: ASYNC110 the database says so to who asks
                await asyncio.sleep(0.02)  # until the other batch waits for the number that is being taken
            assert not late.done()
        assert [(each["status"], each.get("code")) for each in await late] == [
            ("refused", "request.changed_meanwhile"),
            ("accepted", None),
        ]
        assert await statuses(kit, curve(FULL)) == ["accepted"]
        assert (await in_force(kit))["missing"] == 0


async def test_a_device_pushes_the_curves_of_its_org_unit(kit: Kit) -> None:
    await kit.district()
    answers = []
    for device_id, org_unit in (("headend-1", "zj"), ("headend-2", "zj/ningbo")):
        await kit.device(device_id, org_unit)
        body = json.dumps({"items": [curve(FULL)]}).encode()
        signed = devices.sign(
            key=kit.device_keys[device_id], device_id=device_id, method="POST", target="/v1/curves", body=body
        )
        headers = signed | {"Content-Type": "application/json"}
        for _ in range(2):  # the same message again
            answers.append(await kit.bare(headers).post("/v1/curves", content=body))
    first, again, foreign, _ = answers
    assert first.json()["outcomes"][0]["status"] == "accepted"
    assert (again.status_code, again.json()["code"]) == (401, "auth.replayed_message")
    assert foreign.json()["outcomes"][0]["code"] == "auth.other_org_unit"


async def test_a_curve_is_shown_to_who_may_see_its_meter_by_its_quantity(kit: Kit) -> None:
    await kit.district(registers=THREE)
    await push(kit, curve(FULL, quantity="import.peak"))
    assert len(await versions(kit, quantity="import.peak")) == 1
    other = kit.client("other", "reading:read", org_units=("zj/ningbo",))
    for path in (f"/v1/curves/M0001/{DAY}", f"/v1/curves/M0001/{DAY}/versions"):
        assert (await kit.clerk.get(path)).status_code == 404
        assert (await other.get(path, params={"quantity": "import.peak"})).status_code == 404


@pytest.mark.parametrize("minutes", [5, 10, 15, 30, 60])
async def test_days_of_23_and_25_hours_have_as_many_slots_as_they_last(
    database_url: str, tmp_path: Path, minutes: int
) -> None:
    async with running(database_url, tmp_path, WATTLINE_UTILITY_TIMEZONE="Europe/London") as kit:
        await kit.district()
        for day, hours in (("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)):
            slots = hours * 60 // minutes
            for wrong in (slots - 1, slots + 1 if slots < 300 else slots - 2):
                (outcome,) = await push(kit, curve([1] * wrong, minutes, day))
                assert (outcome["status"], outcome["code"]) == ("refused", "reading.curve_gap")
            assert await statuses(kit, curve(list(range(slots)), minutes, day)) == ["accepted"]
            assert (await in_force(kit, day))["values"] == list(range(slots))


async def test_a_day_that_is_no_multiple_of_the_slots_is_refused(database_url: str, tmp_path: Path) -> None:
    async with running(database_url, tmp_path, WATTLINE_UTILITY_TIMEZONE="Australia/Lord_Howe") as kit:
        await kit.district()
        hourly, halves = curve([1] * 24, 60, "2026-04-05"), curve([1] * 49, 30, "2026-04-05")  # of 24 hours and a half
        (refused,), (accepted,) = await push(kit, hourly), await push(kit, halves)
        assert (refused["code"], accepted["status"]) == ("reading.bad_interval", "accepted")


@in_turn(
    ("change", "code"),
    [
        ({"values": [1] * 47}, "reading.curve_gap"),
        ({"values": [-1, *[1] * 47]}, "reading.negative"),
        ({"interval_minutes": 20}, "reading.bad_interval"),
        ({"quality": "a" * 47}, "reading.bad_quality"),
        ({"quality": "a" * 47 + "-"}, "reading.bad_quality"),
        ({"values": [None, *[1] * 47], "quality": "a" * 48}, "reading.bad_quality"),
        ({"unit": "kWh"}, "reading.wrong_unit"),
        ({"quantity": "export"}, "reading.unknown_register"),
        ({"day": "2026-12-01"}, "reading.in_the_future"),
        ({"meter_no": "M9"}, "reading.unknown_meter"),
    ],
)
async def test_a_bad_curve_is_refused(kit: Kit, change: dict[str, Any], code: str) -> None:
    await kit.district()
    before = await kit.counts()
    assert [each["code"] for each in await push(kit, curve([1] * 48) | change)] == [code]
    assert await kit.counts() == before


async def test_the_number_of_statements_is_the_same_for_10_and_1000_curves(kit: Kit) -> None:
    await kit.district(1000)
    counts = []
    for day, count in (("2026-01-10", 10), ("2026-01-11", 1000)):
        items = [curve([*FULL[1:], None], day=day, meter_no=f"M{i:04d}") for i in range(1, count + 1)]
        with Statements(kit) as statements:
            assert [outcome["status"] for outcome in await push(kit, *items)] == ["accepted"] * count
        counts.append(len(statements.texts))
    assert counts[0] == counts[1]


async def test_a_day_told_as_a_whole_after_both_its_halves_says_nothing_new(kit: Kit) -> None:
    await kit.district()
    halves = [FULL[:24] + [None] * 24, [None] * 24 + FULL[24:]]
    assert await statuses(kit, *(curve(half) for half in halves), curve(FULL)) == [
        "accepted",
        "accepted",
        "already_accepted",
    ]
    assert (await in_force(kit))["values"] == FULL

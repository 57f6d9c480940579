"""Roll-outs of meters: what is planned, what failed, and what is done, which installations say and nobody enters."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from tests.kits.effort import in_turn
from tests.kits.reading import ONE, UNIT, Kit, Statements
from tests.kits.stock import install, put_on, send

TYPE = "single_phase.remote"
PROGRAMME = {
    "programme_no": "P1",
    "org_unit": "zj",
    "route_nos": ["R1"],
    "meter_type": TYPE,
    "planned_count": 3,
    "starts_on": "2026-02-01",
    "ends_on": "2026-06-01",
}


def planned(n: int, on: str = "2026-02-10", programme: str = "P1") -> dict[str, Any]:
    return {"programme_no": programme, "service_point_no": f"S{n:04}", "planned_on": on}


def failed(n: int, on: str, reason: str = "no_access") -> dict[str, Any]:
    return {"programme_no": "P1", "service_point_no": f"S{n:04}", "failed_on": on, "reason": reason}


async def put(kit: Kit, path: str, *items: Any, client: Any = None) -> list[str]:
    answer = await (client or kit.clerk).put(f"/v1/{path}", json={"items": items})
    assert answer.status_code == 200, answer.text
    return [each.get("code") or each["status"] for each in answer.json()["outcomes"]]


async def begun(kit: Kit, points: int = 4) -> None:
    """A district with a roll-out of which points 1 to 3 are planned, and new meters N0001…; the clerk's is `zj`."""
    await kit.district(points)
    new = [
        {"meter_no": f"N{n:04}", "org_unit": UNIT, "registers": ONE, "meter_type": TYPE} for n in range(1, points + 1)
    ]
    await kit.put("meters", new)
    assert await put(kit, "rollouts", PROGRAMME) == ["done"]
    assert await put(kit, "rollout-points", planned(1), planned(2), planned(3, "2026-03-10")) == ["done"] * 3


async def exchange(kit: Kit, n: int, on: str, new: str = "") -> None:
    off = put_on(f"M{n:04}", f"S{n:04}", "2026-01-01", on)
    assert await install(kit, off, put_on(new or f"N{n:04}", f"S{n:04}", on)) == ["done", "done"]


async def points(kit: Kit, on: str, **more: str) -> list[tuple[Any, ...]]:
    names = "service_point_no", "state", "overdue", "done_on", "meter_no", "failed_on", "reason"
    return [tuple(each[name] for name in names) for each in await kit.items("rollout-points", on=on, **more)]


async def test_done_follows_from_the_installation_of_a_meter_of_the_type(kit: Kit) -> None:
    await begun(kit)
    await exchange(kit, 1, "2026-02-10")
    await kit.put(
        "meters", [{"meter_no": "N0009", "org_unit": UNIT, "registers": ONE, "meter_type": "single_phase.old"}]
    )
    await exchange(kit, 2, "2026-02-10", "N0009")
    assert await send(kit, "rollout-failures", failed(2, "2026-02-10")) == ["done"]
    assert await points(kit, "2026-02-09") == [
        (f"S000{n}", "planned", False, None, None, None, None) for n in (1, 2, 3)
    ]
    assert await points(kit, "2026-02-11") == [
        ("S0001", "done", False, "2026-02-10", "N0001", None, None),
        ("S0002", "failed", True, None, None, "2026-02-10", "no_access"),
        ("S0003", "planned", False, None, None, None, None),
    ]
    path = "/v1/installations/N0001/2026-02-10/annulment"
    assert (await kit.clerk.post(path, json={"reason": "wrong_meter"})).status_code == 200
    assert (await points(kit, "2026-02-11"))[0][1:5] == ("planned", True, None, None)


async def test_what_failed_is_done_later_and_stays_noted(kit: Kit) -> None:
    await begun(kit)
    assert await send(kit, "rollout-failures", failed(1, "2026-02-10"), failed(1, "2026-02-20", "box_unfit")) == [
        "done",
        "done",
    ]
    assert await send(kit, "rollout-failures", failed(1, "2026-02-10")) == ["already_done"]
    assert await send(kit, "rollout-failures", failed(1, "2026-02-10", "no_signal")) == ["conflicting_duplicate"]
    assert (await points(kit, "2026-02-19"))[0][-1] == "no_access"
    await exchange(kit, 1, "2026-03-05")
    assert (await points(kit, "2026-03-04"))[0] == ("S0001", "failed", True, None, None, "2026-02-20", "box_unfit")
    assert (await points(kit, "2026-03-05"))[0][1:5] == ("done", False, "2026-03-05", "N0001")


async def test_progress_is_told_by_district_and_month_and_opens_to_its_points(kit: Kit) -> None:
    await begun(kit)
    xihu = {"service_point_no": "S0009", "route_no": "R1", "org_unit": f"{UNIT}/xihu"}
    await kit.put("service-points", [xihu])
    assert await put(kit, "rollout-points", planned(9, "2026-03-01")) == ["done"]
    await exchange(kit, 1, "2026-02-10")
    await exchange(kit, 3, "2026-02-12")
    await send(kit, "rollout-failures", failed(2, "2026-02-10"), failed(2, "2026-03-01"), failed(9, "2026-03-01"))
    rows = await kit.items("rollout-progress", on="2026-03-05", programme_no="P1")
    assert [tuple(row.values()) for row in rows] == [
        ("P1", UNIT, 3, 3, 0, 2, 1, 0, 1, 666),
        ("P1", f"{UNIT}/xihu", 3, 1, 0, 0, 1, 0, 1, 0),
    ]
    for row in rows:
        for state in ("planned", "done", "failed"):
            opened = await points(kit, "2026-03-05", org_unit=row["org_unit"], alone="true", state=state)
            assert len(opened) == row[state]
        opened = await points(kit, "2026-03-05", org_unit=row["org_unit"], alone="true", overdue="true")
        assert len(opened) == row["overdue"]
    months = await kit.items("rollout-progress/months", on="2026-03-05", programme_no="P1")
    assert [tuple(month.values()) for month in months] == [("2026-02", 2, 2, 1), ("2026-03", 2, 0, 2)]


async def test_a_point_is_planned_otherwise_withdrawn_and_planned_again(kit: Kit) -> None:
    await begun(kit)
    assert await put(kit, "rollout-points", planned(1)) == ["already_done"]
    assert await put(kit, "rollout-points", planned(1, "2026-04-01")) == ["done"]
    away = {"programme_no": "P1", "service_point_no": "S0001", "reason": "pulled_down"}
    assert await send(kit, "rollout-points/withdrawals", away) == ["done"]
    assert await send(kit, "rollout-points/withdrawals", away) == ["already_done"]
    assert await send(kit, "rollout-points/withdrawals", away | {"service_point_no": "S0004"}) == [
        "rollout.not_planned"
    ]
    assert [each[0] for each in await points(kit, "2026-02-11")] == ["S0002", "S0003"]
    assert await put(kit, "rollout-points", planned(1, "2026-04-01")) == ["done"]
    assert [each[0] for each in await points(kit, "2026-02-11")] == ["S0001", "S0002", "S0003"]


@in_turn(
    ("path", "item", "code"),
    [
        ("rollout-points", planned(4, programme="P9"), "rollout.unknown"),
        ("rollout-points", planned(99), "reading.unknown_service_point"),
        ("rollout-points", planned(5), "rollout.outside"),
        ("rollout-points", planned(6), "auth.other_org_unit"),
        ("rollouts", PROGRAMME | {"ends_on": "2026-02-01"}, "reading.bad_period"),
        ("rollouts", PROGRAMME | {"org_unit": "js"}, "auth.other_org_unit"),
        ("rollouts", PROGRAMME | {"ends_on": "2026-03-10"}, "rollout.outside_days"),
        ("rollouts", PROGRAMME | {"starts_on": "2026-02-11"}, "rollout.outside_days"),
        ("rollout-points", planned(4, "2026-01-31"), "rollout.outside_days"),
        ("rollout-points", planned(4, "2026-06-01"), "rollout.outside_days"),
        ("rollout-failures", failed(1, "2026-01-31"), "rollout.outside_days"),
        ("rollout-failures", failed(4, "2026-02-10"), "rollout.not_planned"),
        ("rollout-failures", failed(1, "2026-02-10", "bad_weather"), "rollout.unknown_reason"),
        ("rollout-failures", failed(1, "2026-12-24"), "reading.in_the_future"),
    ],
)
async def test_what_cannot_be_is_refused_by_itself(kit: Kit, path: str, item: dict[str, Any], code: str) -> None:
    await begun(kit)
    await kit.put(
        "routes", [{"route_no": n, "org_unit": unit, "read_day": 1} for n, unit in (("R2", "zj"), ("R3", "js"))]
    )
    await kit.put("service-points", [{"service_point_no": f"S000{n}", "route_no": f"R{n - 3}"} for n in (5, 6)])
    planner = kit.client("planner", "reading:write", org_units=["zj"])
    call = send if path == "rollout-failures" else put
    assert await call(kit, path, item, client=planner) == [code]


async def test_the_share_of_points_that_are_read_remotely_is_by_type_or_device_of_the_day(kit: Kit) -> None:
    await begun(kit)
    await kit.put("service-points", [{"service_point_no": "S0004", "route_no": "R1", "org_unit": f"{UNIT}/xihu"}])
    await exchange(kit, 1, "2026-02-10")
    await kit.device("concentrator-1", UNIT)  # of all meters: it says of none that it is reached
    await kit.device("module-4", UNIT, meter_no="M0004")
    before, today, later = (str(kit.clock.now().date() + timedelta(days=days)) for days in (-1, 0, 9))
    assert [tuple(row.values()) for row in await kit.items("remote-shares", on=before)] == [
        ("zj/hangzhou", 3, 1, 333),
        ("zj/hangzhou/xihu", 1, 0, 0),
    ]
    rows = await kit.items("remote-shares", on=today)
    assert [tuple(row.values()) for row in rows] == [("zj/hangzhou", 3, 1, 333), ("zj/hangzhou/xihu", 1, 1, 1000)]
    for row in rows:
        opened = await kit.items("remote-shares/points", on=today, org_unit=row["org_unit"])
        assert (len(opened), sum(each["remote"] for each in opened)) == (row["points"], row["remote"])
    (one,) = await kit.items("remote-shares/points", on=today, org_unit=UNIT, remote="true")
    assert (one["service_point_no"], one["meter_no"], one["meter_type"]) == ("S0001", "N0001", TYPE)
    kit.clock.at += timedelta(days=5)
    off = {"org_unit": UNIT, "meter_no": "M0004", "active": False}
    assert (await kit.clerk.put("/v1/devices/module-4", json=off)).status_code == 200
    assert [row["remote"] for row in await kit.items("remote-shares", on=today)] == [1, 1]
    assert [row["remote"] for row in await kit.items("remote-shares", on=later)] == [1, 0]


async def test_the_remote_share_of_a_district_sums_all_below_it(kit: Kit) -> None:
    await begun(kit)
    for n, unit in ((3, "xihu/north"), (4, "xihu/south")):
        await kit.put(
            "service-points", [{"service_point_no": f"S000{n}", "route_no": "R1", "org_unit": f"{UNIT}/{unit}"}]
        )
    await exchange(kit, 3, "2026-02-10")
    rows = await kit.items("remote-shares", on="2026-02-10", below="true")
    assert [tuple(row.values())[:3] for row in rows] == [
        ("zj", 4, 1),
        ("zj/hangzhou", 4, 1),
        ("zj/hangzhou/xihu", 2, 1),
        ("zj/hangzhou/xihu/north", 1, 1),
        ("zj/hangzhou/xihu/south", 1, 0),
    ]
    for row in rows:
        opened = await kit.items("remote-shares/points", on="2026-02-10", org_unit=row["org_unit"], below="true")
        assert (len(opened), sum(each["remote"] for each in opened)) == (row["points"], row["remote"])
    own = kit.client("chief-1", "reading:read", org_units=[f"{UNIT}/xihu"])
    shown = (await own.get("/v1/remote-shares?on=2026-02-10&below=true&limit=2")).json()
    assert [row["org_unit"] for row in shown["items"]] == [f"{UNIT}/xihu", f"{UNIT}/xihu/north"]
    rest = (await own.get(f"/v1/remote-shares?on=2026-02-10&below=true&cursor={shown['next_cursor']}")).json()
    assert [row["org_unit"] for row in rest["items"]] == [f"{UNIT}/xihu/south"]


async def test_a_point_whose_new_meter_was_taken_off_again_is_not_done(kit: Kit) -> None:
    await begun(kit)
    await exchange(kit, 1, "2026-02-10")
    old = {"meter_no": "OLD1", "org_unit": UNIT, "registers": ONE, "meter_type": "single_phase.old"}
    again = {"meter_no": "N0009", "org_unit": UNIT, "registers": ONE, "meter_type": TYPE}
    await kit.put("meters", [old, again])
    off = put_on("N0001", "S0001", "2026-02-10", "2026-03-01")
    assert await install(kit, off, put_on("OLD1", "S0001", "2026-03-01")) == ["done", "done"]
    assert (await points(kit, "2026-02-28"))[0][1:5] == ("done", False, "2026-02-10", "N0001")
    assert (await points(kit, "2026-04-01"))[0][1:5] == ("planned", True, None, None)
    assert [month["done"] for month in await kit.items("rollout-progress/months", on="2026-04-01")] == [0, 0]
    assert await install(
        kit, put_on("OLD1", "S0001", "2026-03-01", "2026-04-10"), put_on("N0009", "S0001", "2026-04-10")
    ) == ["done", "done"]
    assert (await points(kit, "2026-04-10"))[0][1:5] == ("done", False, "2026-04-10", "N0009")


async def test_another_meter_of_the_type_leaves_a_point_done_since_the_first(kit: Kit) -> None:
    await begun(kit)
    await exchange(kit, 1, "2026-02-10")
    await kit.put("meters", [{"meter_no": "N0009", "org_unit": UNIT, "registers": ONE, "meter_type": TYPE}])
    off = put_on("N0001", "S0001", "2026-02-10", "2026-03-01")
    assert await install(kit, off, put_on("N0009", "S0001", "2026-03-01")) == ["done", "done"]
    assert (await points(kit, "2026-04-01"))[0][1:5] == ("done", False, "2026-02-10", "N0001")


async def test_a_point_that_had_its_meter_before_the_roll_out_is_none_of_its_work(kit: Kit) -> None:
    await begun(kit)
    await exchange(kit, 1, "2026-01-15")
    await exchange(kit, 2, "2026-02-10")
    assert (await points(kit, "2026-03-01"))[0][1:5] == ("fitted_before", False, "2026-01-15", "N0001")
    (row,) = await kit.items("rollout-progress", on="2026-03-01")
    shown = {name: row[name] for name in ("points", "done", "fitted_before", "planned", "overdue", "done_permille")}
    assert shown == {"points": 3, "done": 1, "fitted_before": 1, "planned": 1, "overdue": 0, "done_permille": 500}
    months = await kit.items("rollout-progress/months", on="2026-03-01")
    assert [(month["month"], month["done"]) for month in months] == [("2026-02", 1), ("2026-03", 0)]


async def test_what_is_withdrawn_cannot_fail_and_what_failed_is_planned_anew(kit: Kit) -> None:
    await begun(kit)
    away = {"programme_no": "P1", "service_point_no": "S0001", "reason": "pulled_down"}
    assert await send(kit, "rollout-points/withdrawals", away) == ["done"]
    assert await send(kit, "rollout-failures", failed(1, "2026-02-10")) == ["rollout.point_withdrawn"]
    assert await send(kit, "rollout-failures", failed(2, "2026-02-10")) == ["done"]
    assert (await points(kit, "2026-02-20"))[0][:3] == ("S0002", "failed", True)
    assert await put(kit, "rollout-points", planned(2, "2026-05-10")) == ["done"]
    assert (await points(kit, "2026-02-20"))[0][:3] == ("S0002", "planned", False)
    assert await send(kit, "rollout-failures", failed(2, "2026-05-10", "no_signal")) == ["done"]
    assert (await points(kit, "2026-05-11"))[0][:3] == ("S0002", "failed", True)


@pytest.mark.parametrize("path", ["rollout-points", "rollout-progress", "rollout-progress/months", "remote-shares"])
async def test_every_list_is_a_file_and_is_of_who_may_see_it(kit: Kit, path: str) -> None:
    await begun(kit)
    answer = await kit.clerk.get(f"/v1/{path}?on=2026-02-11&format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    shown = await kit.items(path, on="2026-02-11")
    assert [{name: "" if value is None else str(value) for name, value in row.items()} for row in shown] == rows
    assert rows
    elsewhere = kit.client("planner-9", "reading:read", org_units=["js"])
    assert (await elsewhere.get(f"/v1/{path}?on=2026-02-11")).json()["items"] == []


async def test_the_number_of_statements_is_the_same_for_2_and_100_points(kit: Kit) -> None:
    await kit.district(102)
    await put(kit, "rollouts", PROGRAMME)
    counts = []
    for first, many in ((1, 2), (3, 100)):
        numbers = range(first, first + many)
        with Statements(kit) as calls:
            assert set(await put(kit, "rollout-points", *(planned(n) for n in numbers))) == {"done"}
            assert set(await send(kit, "rollout-failures", *(failed(n, "2026-02-10") for n in numbers))) == {"done"}
            for path in ("rollout-points", "rollout-progress", "rollout-progress/months", "remote-shares"):
                await kit.items(path, on="2026-02-11")
        counts.append(len(calls.texts))
    assert counts[0] == counts[1]

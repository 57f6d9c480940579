"""The sheet of a route: its meters in walking order, with what they last showed and should show."""

from typing import Any

import pytest

from tests.integration.reading.field.test_entries import enter, reader, seen
from tests.kits.reading import ONE, UNIT, Kit, Statements, january


async def sheet(kit: Kit, cycle: str = "2026-02", **query: str) -> Any:
    answer = await reader(kit).get("/v1/routes/R1/sheet", params={"cycle": cycle} | query)
    assert answer.status_code == 200, answer.text
    return answer.text if query else answer.json()


async def test_points_are_in_walking_order_with_what_a_reader_needs(kit: Kit) -> None:
    await january(kit, 3)
    await kit.put(
        "service-points",
        [
            {"service_point_no": "S0003", "route_no": "R1", "walk_order": 1, "access_notes": ["key_at_office", "dog"]},
            {"service_point_no": "S0002", "route_no": "R1", "walk_order": 2},
        ],
    )
    shown = await sheet(kit)
    assert (shown["read_date"], shown["unit"]) == ("2026-03-01", "kWh")
    assert [line["service_point_no"] for line in shown["lines"]] == ["S0003", "S0002", "S0001"]
    first = shown["lines"][0]
    assert (first["meter_no"], first["access_notes"], first["last_on"]) == (
        "M0003",
        ["key_at_office", "dog"],
        "2026-02-01",
    )
    assert first["registers"] == [
        {"quantity": "import", "last": "200.00", "expected_from": "240.32", "expected_to": "340.32"}
    ]
    points = await kit.items("service-points", route_no="R1")
    assert [(each["walk_order"], each["access_notes"]) for each in points][2] == (1, ["key_at_office", "dog"])


async def test_the_same_sheet_is_a_file_for_spreadsheets(kit: Kit) -> None:
    await january(kit)
    await kit.put("service-points", [{"service_point_no": "S0001", "route_no": "R1", "walk_order": 7}])
    assert (await sheet(kit, format="csv")).splitlines() == [
        "walk_order,service_point_no,meter_no,access_notes,last_on,quantity,last,expected_from,expected_to",
        "7,S0001,M0001,,2026-02-01,import,200.00,240.32,340.32",
    ]


@pytest.mark.parametrize(("value", "findings"), [("340.32", []), ("340.33", ["reading.high_usage"])])
async def test_what_the_sheet_expects_is_what_a_batch_is_measured_by(kit: Kit, value: str, findings: list[str]) -> None:
    await january(kit)
    assert (await sheet(kit))["lines"][0]["registers"][0]["expected_to"] == "340.32"
    await enter(reader(kit), seen(1, value))
    (found,) = await kit.items("field-batches")
    (entry,) = (await kit.clerk.get(f"/v1/field-batches/{found['batch_id']}")).json()["entries"]
    assert entry["findings"] == findings


async def test_a_new_meter_shows_its_opening_and_nothing_is_expected_without_a_usage_before(kit: Kit) -> None:
    await kit.district()
    (line,) = (await sheet(kit, "2026-01"))["lines"]
    assert line["last_on"] == "2026-01-01"
    assert line["registers"] == [{"quantity": "import", "last": "100.00", "expected_from": None, "expected_to": None}]


async def test_a_meter_that_came_since_goes_on_from_its_opening(kit: Kit) -> None:
    await january(kit)
    await kit.put("meters", [{"meter_no": "M9", "org_unit": UNIT, "registers": list(ONE)}])
    stood = {"service_point_no": "S0001", "unit": "kWh"}
    await kit.put(
        "installations",
        [
            stood
            | {"meter_no": "M0001", "installed_on": "2026-01-01", "opening": {"import": "100.00"}}
            | {"removed_on": "2026-02-11", "closing": {"import": "230.00"}},
            stood | {"meter_no": "M9", "installed_on": "2026-02-11", "opening": {"import": "5.00"}},
        ],
    )
    (line,) = (await sheet(kit))["lines"]
    assert (line["meter_no"], line["last_on"], line["registers"][0]["last"]) == ("M9", "2026-02-11", "5.00")
    assert line["registers"][0]["expected_to"] == "113.06"  # 18 days of 100 kWh in 31: 58.06, and 50


async def test_a_route_that_is_not_there_or_not_read_for_a_cycle_has_no_sheet(kit: Kit) -> None:
    await january(kit)
    await kit.put("routes", [{"route_no": "R2", "org_unit": UNIT, "read_day": 1, "months": 2}])
    other = reader(kit, org_units=["zj/ningbo"])
    for client, path in (
        (reader(kit), "/v1/routes/R9/sheet?cycle=2026-02"),
        (reader(kit), "/v1/routes/R2/sheet?cycle=2026-01"),
        (other, "/v1/routes/R1/sheet?cycle=2026-02"),
    ):
        assert (await client.get(path)).status_code == 404, path
    assert (await reader(kit).get("/v1/routes/R2/sheet?cycle=2026-02")).json()["lines"] == []


async def test_the_number_of_statements_is_the_same_for_10_and_990_points(kit: Kit) -> None:
    await kit.district(1000)
    await kit.put("routes", [{"route_no": "R2", "org_unit": UNIT, "read_day": 1}])
    await kit.put("service-points", [{"service_point_no": f"S{n:04}", "route_no": "R2"} for n in range(1, 11)])
    counts = []
    for route_no, points in (("R1", 990), ("R2", 10)):
        with Statements(kit) as asking:
            answer = await reader(kit).get(f"/v1/routes/{route_no}/sheet?cycle=2026-01")
        assert len(answer.json()["lines"]) == points
        counts.append(len(asking.texts))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("notes", [["Frau Li, 3. Stock"], ["x"] * 9, "dog"])
async def test_notes_of_access_are_codes(kit: Kit, notes: Any) -> None:
    await kit.district()
    point = {"service_point_no": "S0001", "route_no": "R1", "access_notes": notes}
    assert (await kit.clerk.put("/v1/service-points", json={"items": [point]})).status_code == 422


async def test_no_fact_tells_how_a_point_is_reached(kit: Kit) -> None:
    await kit.district()
    await kit.put(
        "service-points",
        [{"service_point_no": "S0001", "route_no": "R1", "walk_order": 1, "access_notes": ["key_at_office"]}],
    )
    told = await kit.published("reading.service_point_changed.v1")
    assert not any({"walk_order", "access_notes"} & fact.keys() for fact in told)

"""Day curves."""

from typing import Any

import pytest

from tests.kits.reading import Kit, Statements


async def test_a_curve_is_kept_once_its_gaps_may_be_filled_and_nothing_else_changes(kit: Kit) -> None:
    await kit.district()
    gap = {"meter_no": "M0001", "day": "2026-01-10", "unit": "Wh", "interval_minutes": 30}
    values = [10 + i for i in range(48)]
    statuses = []
    for given in ([None, *values[1:]], [None, *values[1:]], values, values, [9, *values[1:]]):
        answer = await kit.clerk.post("/v1/curves", json={"items": [gap | {"values": given}]})
        statuses.append(answer.json()["outcomes"][0]["status"])
    assert statuses == ["accepted", "already_accepted", "accepted", "already_accepted", "conflicting_duplicate"]
    curve = (await kit.clerk.get("/v1/curves/M0001/2026-01-10")).json()
    assert (curve["values"], curve["missing"]) == (values, 0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"values": [1] * 47}, "reading.curve_gap"),
        ({"values": [-1, *[1] * 47]}, "reading.negative"),
        ({"interval_minutes": 20}, "reading.bad_interval"),
        ({"unit": "kWh"}, "reading.wrong_unit"),
        ({"quantity": "export"}, "reading.unknown_register"),
        ({"day": "2026-12-01"}, "reading.in_the_future"),
        ({"day": "2025-12-01"}, "reading.not_installed"),
        ({"meter_no": "M9"}, "reading.unknown_meter"),
    ],
)
async def test_a_bad_curve_is_refused(kit: Kit, change: dict[str, Any], code: str) -> None:
    await kit.district()
    before = await kit.counts()
    good = {"meter_no": "M0001", "day": "2026-01-10", "unit": "Wh", "interval_minutes": 30, "values": [1] * 48}
    answer = await kit.clerk.post("/v1/curves", json={"items": [good | change]})
    assert answer.json()["outcomes"][0]["code"] == code
    assert await kit.counts() == before


async def test_the_number_of_statements_is_the_same_for_10_and_1000_curves(kit: Kit) -> None:
    await kit.district(1000)
    curve = {"unit": "Wh", "interval_minutes": 30, "values": [10] * 48}
    counts = []
    for day, count in (("2026-01-10", 10), ("2026-01-11", 1000)):
        items = [curve | {"meter_no": f"M{i:04d}", "day": day} for i in range(1, count + 1)]
        with Statements(kit) as statements:
            answer = await kit.clerk.post("/v1/curves", json={"items": items})
        assert [outcome["status"] for outcome in answer.json()["outcomes"]] == ["accepted"] * count
        counts.append(len(statements.texts))
    assert counts[0] == counts[1]

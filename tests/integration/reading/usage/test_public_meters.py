"""Public meter data: the usage of accumulated registers is the quantity that their files state."""

from collections import Counter

from tests.kits import nem13
from tests.kits.nem13 import Row
from tests.kits.reading import UNIT, Kit, read


async def _told(kit: Kit, rows: list[Row]) -> dict[int, dict[str, object]]:
    """Install each register as a meter of its own, read it, ask for an end on that day; return the usages by row."""
    made = [await kit.put("routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 1}])]
    points = [f"S{row.number}" for row in rows]
    made.append(await kit.put("service-points", [{"service_point_no": p, "route_no": "R1"} for p in points]))
    meters = [{"meter_no": f"M{r.number}", "org_unit": UNIT, "registers": [r.register()]} for r in rows]
    made.append(await kit.put("meters", meters))
    there = [
        {"service_point_no": f"S{row.number}", "meter_no": f"M{row.number}", "unit": "kWh"}
        | {"installed_on": row.before_at.date().isoformat(), "opening": {row.quantity: row.before}}
        for row in rows
    ]
    made.append(await kit.put("installations", there))
    ends = [
        {"service_point_no": f"S{row.number}", "day": row.current_at.date().isoformat()}
        | {"kind": "control", "reason": "as_in_file"}
        for row in rows
    ]
    made.append(await kit.put("asked-ends", ends))
    assert {outcome["status"] for outcomes in made for outcome in outcomes} == {"done"}, made
    items = [
        read(f"M{row.number}", "", {row.quantity: row.current}, "estimated" if row.estimated else "remote")
        | {"read_at": row.current_at.isoformat()}
        for row in rows
    ]
    assert {outcome["status"] for outcome in await kit.push(*items)} == {"accepted"}
    facts = await kit.published("reading.usage_measured.v1")
    return {int(fact["service_point_no"][1:]): fact for fact in facts}


async def test_registers_run_what_their_files_say_rolled_over_and_counting_down_as_well(kit: Kit) -> None:
    rows = nem13.rows()
    told = await _told(kit, rows)
    assert len(told) == len(rows) == 120
    assert {n: fact["energy_wh"] for n, fact in told.items()} == {r.number: {r.quantity: r.registers_wh} for r in rows}
    agree = [row for row in rows if row.registers_wh == row.wh]
    kinds = Counter("turned" if row.turned else "down" if row.down else "up" for row in agree)
    assert kinds == {"up": 94, "down": 13, "turned": 10}
    assert {n for n, fact in told.items() if fact["quality"] == "estimated"} == {r.number for r in rows if r.estimated}
    turned = [finding["entity_id"] for finding in await kit.items("findings", limit="200")]
    assert sorted(str(each).split("~")[0] for each in turned) == sorted(f"M{r.number}" for r in rows if r.turned)


def test_three_rows_contradict_themselves() -> None:
    wrong = {(row.registers_wh, row.wh) for row in nem13.rows() if row.registers_wh != row.wh}
    assert wrong == {(172_000, 31_000), (0, 10_000), (868_000, 868_294)}

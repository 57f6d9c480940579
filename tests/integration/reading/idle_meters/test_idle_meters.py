"""Idle meters and what they cost: numbers by hand, and every figure opens to its meters."""

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.reading.settings import SHIPPED_POLICY
from tests.kits.reading import UNIT, Kit, Statements, read, running
from tests.kits.stock import RANGE, install, lab, moved, put_on, receive, send

COSTS = {
    "*": {"purchase_fen": 100, "verification_fen": 10, "visit_fen": 150},
    "single_phase.4g": {"purchase_fen": 200, "verification_fen": 20, "visit_fen": 0},
}


@pytest.fixture
async def kit(database_url: str, tmp_path: Path) -> AsyncIterator[Kit]:
    """A service whose policy calls a meter idle after two cycles without use, and two types by their costs."""
    document = json.loads(SHIPPED_POLICY.read_text())
    document["versions"][0]["idle"] = {"unused_cycles": 2, "stock_days": 60, "costs": COSTS}
    (tmp_path / "policy.json").write_text(json.dumps(document))
    async with running(database_url, tmp_path, WATTLINE_READING_POLICY=str(tmp_path / "policy.json")) as made:
        yield made


async def cycle(kit: Kit, day: str, closed_on: str, **values: str) -> None:
    """A read date of route R1; a meter without a value is estimated."""
    await kit.plan(day)
    await kit.push(*(read(meter_no, day, value) for meter_no, value in values.items()))
    await kit.close(closed_on)


async def quarter(kit: Kit) -> None:
    """Five meters read for January to March: M0001 unused, M0002 used, M0003 used once, M0004 unused twice, then used; M0005
    is unused and then not read."""
    await kit.district(5)
    await cycle(kit, "2026-02-01", "2026-02-02", M0001="100.00", M0002="110", M0003="130", M0004="100", M0005="100")
    await cycle(kit, "2026-03-01", "2026-03-02", M0001="100.00", M0002="120", M0003="130", M0004="100", M0005="100")
    await cycle(kit, "2026-04-01", "2026-04-02", M0001="100.00", M0002="130", M0003="130", M0004="101")


async def idle(kit: Kit, on: str, **more: str) -> list[tuple[Any, ...]]:
    names = "kind", "meter_no", "since", "months", "month_fen", "total_fen"
    return [tuple(each[name] for name in names) for each in await kit.items("idle-meters", on=on, **more)]


async def test_a_meter_is_unused_after_enough_read_cycles_without_use(kit: Kit) -> None:
    await quarter(kit)
    assert await idle(kit, "2026-02-28") == []
    # since January: two months and 0 days; 100 + 10 + 150 fen a month
    assert [each[1] for each in await idle(kit, "2026-03-01")] == ["M0001", "M0004", "M0005"]
    assert await idle(kit, "2026-04-20") == [
        ("unused", "M0001", "2026-01-01", 3, 260, 780),
        ("unused", "M0003", "2026-02-01", 2, 260, 520),
    ]  # an estimate proves nothing, and M0004 is used again


async def test_a_correction_of_a_read_ends_what_was_idle(kit: Kit) -> None:
    await quarter(kit)
    (wrong,) = [u for u in await kit.usages("S0003") if u["period_from"] == "2026-03-01"]
    (read_id,) = [each for each in wrong["read_ids"] if "20260331" in each]
    body = {"registers": {"import": "131"}, "unit": "kWh", "reason": "misread"}
    answer = await kit.client("editor", "reading:write").post(f"/v1/reads/{read_id}/correction", json=body)
    assert answer.status_code == 200, answer.text
    assert [each[1] for each in await idle(kit, "2026-04-20")] == ["M0001"]


async def test_what_is_fed_in_is_used(kit: Kit) -> None:
    both = [{"quantity": name, "digits": 8, "scale": 2} for name in ("import", "export")]
    await kit.district(2, both)
    for day, closed_on, fed in (("2026-02-01", "2026-02-02", "150"), ("2026-03-01", "2026-03-02", "200")):
        await cycle(
            kit,
            day,
            closed_on,
            M0001={"import": "100", "export": fed},
            M0002={"import": "100", "export": "100"},  # type: ignore[arg-type]
        )
    assert [each[1] for each in await idle(kit, "2026-03-10")] == ["M0002"]


async def test_another_meter_at_the_point_begins_anew(kit: Kit) -> None:
    await quarter(kit)
    off = put_on("M0001", "S0001", "2026-01-01", "2026-03-01")
    await kit.put("meters", [{"meter_no": "M0006", "org_unit": UNIT, "registers": RANGE["registers"]}])
    assert await install(kit, off, put_on("M0006", "S0001", "2026-03-01")) == ["done", "done"]
    kinds = {each[1]: each[0] for each in await idle(kit, "2026-04-20")}
    assert kinds == {"M0001": "not_taken_back", "M0003": "unused"}


async def test_stock_that_lies_too_long_and_what_nobody_took_back_cost_too(kit: Kit) -> None:
    await kit.district()
    await receive(kit)
    await send(kit, "meter-movements", moved("to_stock", "2026-02-10", "M0901", org_unit=f"{UNIT}/depot"))
    await send(kit, "meter-movements", moved("scrap", "2026-02-10", "M0902", reason="broken"))
    await install(kit, put_on("M0001", "S0001", "2026-01-01", "2026-03-01"))
    await install(kit, put_on("M0903", "S0001", "2026-03-01", "2026-03-02"))
    # nobody comes to read them: 220 fen a month of the type, 110 of the others
    assert await idle(kit, "2026-03-11") == [
        ("not_taken_back", "M0001", "2026-03-01", 0, 110, 0),
        ("in_stock", "M0901", "2026-01-05", 2, 220, 440),
        ("in_stock", "M0904", "2026-01-05", 2, 220, 440),
        ("in_stock", "M0905", "2026-01-05", 2, 220, 440),
    ]
    # the clock of the warehouse runs on: in stock since February, in hand since January
    assert await idle(kit, "2026-04-11", kind="in_stock", org_unit=f"{UNIT}/depot") == [
        ("in_stock", "M0901", "2026-01-05", 3, 220, 660)
    ]
    figures = await kit.items("idle-meters/figures", on="2026-04-11")
    assert [tuple(each.values()) for each in figures] == [
        ("in_stock", UNIT, "single_phase.4g", "utility", 2, 440, 1320),
        ("in_stock", f"{UNIT}/depot", "single_phase.4g", "utility", 1, 220, 660),
        ("not_taken_back", UNIT, None, "utility", 1, 110, 110),
        ("not_taken_back", UNIT, "single_phase.4g", "utility", 1, 220, 220),
    ]
    for figure in figures:
        opened = {name: figure[name] for name in ("kind", "org_unit", "meter_type", "owner") if figure[name]}
        opened |= {"alone": "true", "typed": str(figure["meter_type"] is not None).lower()}
        rows = await kit.items("idle-meters", on="2026-04-11", **opened)
        assert len(rows) == figure["meters"]
        assert sum(row["month_fen"] for row in rows) == figure["month_fen"]
        assert sum(row["total_fen"] for row in rows) == figure["total_fen"]


async def test_whatever_a_warehouse_or_laboratory_has_is_idle_since_it_came_there(kit: Kit) -> None:
    await kit.district()
    await receive(kit, received_on="2025-01-05")
    await send(
        kit,
        "meter-movements",
        moved("to_stock", "2025-03-10", "M0901"),
        moved("to_stock", "2026-03-15", "M0901", org_unit=f"{UNIT}/depot"),
        moved("to_test", "2025-02-10", "M0902"),
    )
    await send(kit, "meter-tests", lab("failed", "2025-02-10", "M0903"), lab("passed", "2026-03-01", "M0904"))
    await install(kit, put_on("M0001", "S0001", "2026-01-01", "2026-01-10"))
    await send(kit, "meter-movements", moved("take_back", "2026-01-12", "M0001"))
    await install(kit, put_on("M0905", "S0001", "2026-02-01", "2026-02-10"))
    await send(kit, "meter-movements", moved("take_back", "2026-02-12", "M0905"))
    rows = await kit.items("idle-meters", on="2026-03-20", kind="in_stock")
    assert [(each["meter_no"], each["state"], each["since"], each["months"]) for each in rows] == [
        ("M0001", "taken_back", "2026-01-12", 2),
        ("M0901", "in_stock", "2025-01-05", 14),
        ("M0902", "to_test", "2025-01-05", 14),
        ("M0903", "failed", "2025-01-05", 14),
        ("M0904", "passed", "2025-01-05", 14),
    ]  # M0905 stood at a point since then: of it the days in hand begin anew
    later = await kit.items("idle-meters", on="2026-04-20", kind="in_stock")
    assert ("M0905", "2026-02-12") in [(each["meter_no"], each["since"]) for each in later]


async def test_what_a_customer_owns_costs_the_utility_nothing_and_is_told_apart(kit: Kit) -> None:
    await receive(kit, owner="customer", to_no="M0902")
    await receive(kit, range_no="PH-2", from_no="M0903")
    assert [each[-2:] for each in await idle(kit, "2026-04-10", owner="customer")] == [(0, 0), (0, 0)]
    assert [each[-2:] for each in await idle(kit, "2026-04-10", owner="utility")] == [(220, 660)] * 3
    figures = await kit.items("idle-meters/figures", on="2026-04-10")
    assert [(each["owner"], each["meters"], each["total_fen"]) for each in figures] == [
        ("customer", 2, 0),
        ("utility", 3, 1980),
    ]


async def test_each_month_costs_what_the_policy_said_then(database_url: str, tmp_path: Path) -> None:
    document = json.loads(SHIPPED_POLICY.read_text())
    (first,) = document["versions"]
    idle_rules = {"unused_cycles": 2, "stock_days": 60, "costs": COSTS}
    dearer = {name: each | {"purchase_fen": each["purchase_fen"] + 1000} for name, each in COSTS.items()}
    until, since = {"from": "2000-01-01", "to": "2026-03-01"}, {"from": "2026-03-01", "to": None}
    later = first | {"version": "2", "effective": since, "idle": idle_rules | {"costs": dearer}}
    document["versions"] = [first | {"effective": until, "idle": idle_rules}, later]
    (tmp_path / "policy.json").write_text(json.dumps(document))
    async with running(database_url, tmp_path, WATTLINE_READING_POLICY=str(tmp_path / "policy.json")) as kit:
        await receive(kit, received_on="2025-12-31", to_no="M0901")
        # months from 31 December, 31 January, 28 February by the old rules, from 31 March by the new ones
        assert await idle(kit, "2026-05-01") == [("in_stock", "M0901", "2025-12-31", 4, 1220, 3 * 220 + 1220)]
        (figure,) = await kit.items("idle-meters/figures", on="2026-05-01")
        assert figure["total_fen"] == 3 * 220 + 1220


async def test_cycles_around_one_that_nobody_read_are_not_in_a_row(kit: Kit) -> None:
    await kit.district(2)
    await cycle(kit, "2026-02-01", "2026-02-02", M0001="100.00", M0002="100.00")
    await kit.plan("2026-03-01")
    await cycle(kit, "2026-04-01", "2026-04-02", M0001="100.00", M0002="100.00")
    assert [each["quality"] for each in await kit.usages("S0001")] == ["actual", "estimated", "actual"]
    assert await idle(kit, "2026-04-20") == []


async def test_the_list_and_the_figures_are_paged_and_are_files(kit: Kit) -> None:
    await kit.district()
    await receive(kit)
    for path, count in (("idle-meters", 5), ("idle-meters/figures", 1)):
        answer = await kit.clerk.get(f"/v1/{path}?on=2026-06-01&format=csv")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        shown = await kit.items(path, on="2026-06-01")
        assert [{name: str(value or "") for name, value in row.items()} for row in shown] == rows
        assert len(rows) == count
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"on=2026-06-01&limit=2{f'&cursor={cursor}' if cursor else ''}"
        page = (await kit.clerk.get(f"/v1/idle-meters?{query}")).json()
        seen += [each["meter_no"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ["M0901", "M0902", "M0903", "M0904", "M0905"]


async def test_only_who_may_see_a_point_or_warehouse_sees_what_is_idle_there(kit: Kit) -> None:
    await receive(kit)
    elsewhere = kit.client("keeper-9", "reading:read", org_units=["zj/ningbo"])
    for path in ("idle-meters", "idle-meters/figures"):
        assert (await elsewhere.get(f"/v1/{path}?on=2026-06-01")).json()["items"] == []
        assert len(await kit.items(path, on="2026-06-01")) > 0


@pytest.mark.parametrize("path", ["idle-meters", "idle-meters/figures"])
async def test_the_number_of_statements_is_the_same_for_5_and_200_meters(kit: Kit, path: str) -> None:
    counts = []
    for number, meters in (("PH-1", 5), ("PH-2", 200)):
        assert await receive(kit, range_no=number, from_no=f"{number}001", to_no=f"{number}{meters:03}") == ["done"]
        with Statements(kit) as looking:
            await kit.items(path, on="2026-06-01")
        counts.append(len(looking.texts))
    assert counts[0] == counts[1]

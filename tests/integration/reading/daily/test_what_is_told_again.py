"""What a daily register says beside energy, and what it rests on, may change: it is told again, or told as nothing."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.reading.daily.use_cases import telling
from shared import packed
from tests.kits import daily
from tests.kits.daily import account, last, told
from tests.kits.reading import UNIT, Kit, Statements
from tests.kits.usages import install

FACE = {"quantity": "import", "digits": 6, "scale": 2}


async def prepaid(kit: Kit, registers: list[dict[str, Any]] | None = None, **more: Any) -> None:
    """S0001, prepaid since its meter came on 1 January."""
    await (kit.district(registers=registers, **more) if registers else kit.district(**more))
    await kit.give(account())


async def newest(kit: Kit) -> dict[str, Any]:
    """The fact that was told last of S0001."""
    await daily.tell(kit)
    found: dict[str, Any] = (await kit.published("reading.daily_register.v1"))[-1]
    return found


async def test_a_point_that_moves_to_another_route_is_told_with_that_route(kit: Kit) -> None:
    await prepaid(kit)
    await kit.push_one("M0001", "2026-01-05", "112.50")
    assert (await newest(kit))["route_no"] == "R1"
    route = {"route_no": "R9", "org_unit": UNIT, "read_day": 15, "months": 1, "first_month": 1}
    await kit.put("routes", [route])
    await kit.put("service-points", [{"service_point_no": "S0001", "route_no": "R9"}])
    fact = await newest(kit)
    assert (fact["route_no"], fact["read_date"], fact["energy_wh"]) == ("R9", "2026-01-15", {"import": 12_500})


async def test_another_read_day_of_a_route_without_a_cycle_is_told_as_the_day_on_which_the_cycle_ends(
    kit: Kit,
) -> None:
    await prepaid(kit)
    assert (await newest(kit))["read_date"] == "2026-02-01"
    (outcome,) = await kit.put(
        "routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 20, "months": 1, "first_month": 1}]
    )
    assert outcome["status"] == "done", outcome
    assert (await newest(kit))["read_date"] == "2026-01-20"


async def test_a_route_of_points_that_are_not_prepaid_is_put_without_telling_anything(kit: Kit) -> None:
    await kit.district(2)
    await kit.put("routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 20, "months": 1, "first_month": 1}])
    with Statements(kit) as seen:
        assert await daily.tell(kit) == 0
    assert sum("service_point" in text for text in seen.texts) == 1, "a look at the index"


async def test_a_point_that_has_neither_meter_nor_contract_any_more_is_told_as_nothing(kit: Kit) -> None:
    await prepaid(kit)
    await kit.push_one("M0001", "2026-01-05", "112.50")
    assert await last(kit) == ("2026-01-01", "2026-01-05", 12_500)
    await kit.give(account(version=2, contracts=[daily.contract(annulled=True)]))
    answer = await kit.clerk.post("/v1/installations/M0001/2026-01-01/annulment", json={"reason": "wrong_meter"})
    assert answer.is_success, answer.text
    assert await last(kit) == ("2026-01-01", "2026-01-01", 0)
    count = len(await told(kit))
    assert await daily.tell(kit) == 0
    assert len(await told(kit)) == count


async def test_however_many_registers_contradict_the_others_the_newest_good_one_is_told(kit: Kit) -> None:
    await prepaid(kit)
    for day in range(2, 12):
        await kit.push_one("M0001", f"2026-01-{day:02}", f"{100 + 10 * day}.00")
    for day in range(12, 18):
        await kit.push_one("M0001", f"2026-01-{day:02}", f"{50 - day}.00")
    assert await last(kit) == ("2026-01-01", "2026-01-11", 110_000)


async def test_a_face_that_turned_is_counted_as_in_usages(kit: Kit) -> None:
    await prepaid(kit, registers=[{"quantity": "import", "digits": 5, "scale": 1}], opening="9990.0")
    await kit.push_one("M0001", "2026-01-20", "10.0")
    fact = await newest(kit)
    assert fact["energy_wh"] == {"import": 20_000}
    assert fact["registers"][0]["turns"] == {"import": 1}


async def test_the_highest_demand_so_far_is_told(kit: Kit) -> None:
    registers = [FACE, {"quantity": "demand", "digits": 5, "scale": 2, "kind": "demand"}]
    await kit.district(registers=registers)
    await kit.give(account())
    for day, shown in (("2026-01-04", "3.50"), ("2026-01-08", "2.00")):
        await kit.push_one("M0001", day, {"import": f"1{day[-2:]}.00", "demand": shown})
    assert (await newest(kit))["demand_w"] == {"demand": 3_500}


async def test_load_curves_go_with_it_where_the_contract_states_slots(kit: Kit) -> None:
    await kit.district()
    await kit.give(account(curve_minutes=30))
    await kit.push_one("M0001", "2026-01-04", "114.40")
    items = [
        {"meter_no": "M0001", "day": str(day), "unit": "Wh", "interval_minutes": 30, "values": [100] * 48}
        for day in (date(2026, 1, 1) + timedelta(days=n) for n in range(3))
    ]
    await daily.tell(kit)
    answer = await kit.clerk.post("/v1/curves", json={"items": items})
    assert answer.is_success, answer.text
    fact = await newest(kit)
    (curve,) = fact["curves"]
    assert fact["energy_wh"]["import"] == 14_400
    assert sum(packed.unpack(curve["values"])) == 14_400, "aligned with what the registers say"


async def test_an_installation_that_is_corrected_is_told_again(kit: Kit) -> None:
    await prepaid(kit)
    await kit.push_one("M0001", "2026-01-05", "112.50")
    assert (await last(kit))[1:] == ("2026-01-05", 12_500)
    body = {"unit": "kWh", "reason": "mistyped", "opening": {"import": "110.00"}}
    answer = await kit.clerk.post("/v1/installations/M0001/2026-01-01/correction", json=body)
    assert answer.status_code == 200, answer.text
    assert (await last(kit))[1:] == ("2026-01-05", 2_500)


async def test_a_usage_that_is_withdrawn_gives_its_days_back(kit: Kit) -> None:
    await prepaid(kit)
    await kit.plan("2026-02-01")
    one = await kit.push_one("M0001", "2026-02-01", "200.00")
    await kit.push_one("M0001", "2026-02-04", "212.00")
    assert await last(kit) == ("2026-02-01", "2026-02-04", 12_000)
    answer = await kit.clerk.post(f"/v1/reads/{one['id']}/annulment", json={"reason": "wrong_meter"})
    assert answer.is_success, answer.text
    assert await last(kit) == ("2026-01-01", "2026-02-04", 112_000)


async def test_what_a_unit_of_work_that_died_was_to_tell_is_told_once_by_the_next(kit: Kit, monkeypatch: Any) -> None:
    await prepaid(kit)
    await kit.push_one("M0001", "2026-01-05", "112.50")

    async def dies(*_: Any) -> None:
        raise RuntimeError("the process ends")

    with monkeypatch.context() as broken:
        broken.setattr(telling.points, "note_daily", dies)
        with pytest.raises(RuntimeError):
            await daily.tell(kit)
    assert await kit.published("reading.daily_register.v1") == []
    assert [version for version, *_ in await told(kit)] == [1]


async def test_a_meter_that_came_before_all_was_told_moves_the_first_day(kit: Kit) -> None:
    await prepaid(kit)
    await kit.push_one("M0001", "2026-01-05", "112.50")
    assert await last(kit) == ("2026-01-01", "2026-01-05", 12_500)
    meter = {"meter_no": "M9", "org_unit": UNIT, "registers": [{"quantity": "import", "digits": 6, "scale": 2}]}
    await kit.put("meters", [meter])
    earlier = {"meter_no": "M9", "installed_on": "2025-12-20", "removed_on": "2026-01-01"}
    await install(kit, earlier | {"opening": {"import": "1.00"}, "closing": {"import": "9.00"}})
    assert (await last(kit))[1:] == ("2026-01-05", 12_500), "of the days of the contract"

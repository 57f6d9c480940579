"""Load curves of usages: where the contract states slots, a usage carries the curve of its period and the highest demand."""

import threading
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.reading.reads.domain import curve_alignment
from shared import packed
from shared.events.billing import AccountChanged, Contract
from tests.kits.curves import LONDON, by_day, days, real
from tests.kits.reading import UNIT, Kit, Statements, read, running

FLAT = [100] * 48
MONTH = days(date(2026, 1, 1), date(2026, 2, 1))
TOLD = "reading.usage_measured.v1"


async def contract(kit: Kit, *points: int, minutes: int | None = 30, version: int = 1, **more: str) -> None:
    await kit.give(
        *(
            AccountChanged(
                account_no=f"A{n}",
                org_unit=UNIT,
                customer_class="home",
                opened_on=date(2026, 1, 1),
                version=version,
                contracts=(
                    Contract.model_validate(
                        {"contract_no": f"K{n}", "service_point_no": f"S{n:04d}", "from": "2026-01-01"}
                        | {"curve_minutes": minutes}
                        | more
                    ),
                ),
            )
            for n in points
        )
    )


def curve(day: date, values: Any = FLAT, meter: int = 1, **more: Any) -> dict[str, Any]:
    known = {"meter_no": f"M{meter:04d}", "day": str(day), "unit": "Wh", "interval_minutes": 30, "values": values}
    return known | more


async def push(kit: Kit, *items: dict[str, Any]) -> list[str]:
    answer = await kit.clerk.post("/v1/curves", json={"items": items})
    assert answer.status_code == 200, answer.text
    return [outcome["status"] for outcome in answer.json()["outcomes"]]


async def january(kit: Kit, wh: int = 31 * 4800, *, meters: int = 1, minutes: int | None = 30) -> None:
    """A point whose register runs `wh` in January; Wh of its face's last digit are 10."""
    await kit.district(meters)
    await contract(kit, *range(1, meters + 1), minutes=minutes)
    await kit.plan("2026-02-01")
    value = f"{100 + wh / 1000:.2f}"
    await kit.push(*(read(f"M{n:04d}", "2026-02-01", value) for n in range(1, meters + 1)))


async def told(kit: Kit) -> list[tuple[int, int, list[str]]]:
    """Version, sum of the curve (0 without one) and findings of what was told."""
    return [
        (
            fact["version"],
            sum(sum(packed.unpack(each["values"])) for each in fact["curves"]),
            fact["findings"],
        )
        for fact in await kit.published(TOLD)
    ]


async def test_a_usage_carries_the_curve_of_its_period_and_the_highest_demand(kit: Kit) -> None:
    await kit.district()
    await contract(kit, 1)
    high = [100, 900, *FLAT[2:]]
    await push(kit, *(curve(day, high if day.day == 9 else FLAT) for day in MONTH))
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", "249.60")  # 31 * 4.8 + 0.8
    (fact,) = await kit.published(TOLD)
    (own,) = fact["curves"]
    assert (own["quantity"], own["start"], own["minutes"]) == ("import", "2025-12-31T16:00:00Z", 30)
    assert packed.unpack(own["values"]) == [v for day in MONTH for v in (high if day.day == 9 else FLAT)]
    assert (fact["energy_wh"], fact["demand_w"], fact["findings"]) == ({"import": 149_600}, {"demand": 1800}, [])
    (usage,) = await kit.usages()
    assert "curves" not in usage
    shown = (await kit.clerk.get(f"/v1/usages/{usage['usage_id']}")).json()
    assert shown["curves"] == [own | {"values": packed.unpack(own["values"])}]


@pytest.mark.parametrize("minutes", [30, None])
async def test_curves_that_come_after_the_usage_tell_it_again_once_and_only_where_the_contract_needs_them(
    kit: Kit, minutes: int | None
) -> None:
    await january(kit, minutes=minutes)
    await push(kit, *(curve(day) for day in MONTH[:-1]))
    await push(kit, *(curve(day) for day in MONTH[:-1]))  # again: nothing new
    gap = (1, 0, ["reading.curve_gap"] if minutes else [])
    whole = (2, 31 * 4800, ["reading.curve_filled"])
    # one day is missing, but others of its weekday are there
    assert await told(kit) == ([gap, whole] if minutes else [gap])
    await push(kit, curve(MONTH[-1], [100] * 47 + [None]))  # what was filled is what is measured now: nothing changes
    await push(kit, curve(MONTH[-1]))
    await push(
        kit, curve(MONTH[-1], [99] * 48), curve(date(2026, 2, 3))
    )  # a conflict, and a day that nothing was told of
    assert await told(kit) == ([gap, whole, (3, 31 * 4800, [])] if minutes else [gap])
    if minutes:
        facts = await kit.published(TOLD)
        assert {fact["replaces_reason"] for fact in facts[1:]} == {"curve_changed"}
        assert {fact["energy_wh"]["import"] for fact in facts} == {31 * 4800}
        found = [each["code"] for each in await kit.items("findings", service_point_no="S0001")]
        assert {code: found.count(code) for code in ("reading.curve_gap", "reading.curve_filled")} == {
            "reading.curve_gap": 1,
            "reading.curve_filled": 1,
        }


@pytest.mark.parametrize(
    ("changed", "wh", "minutes", "code"),
    [
        ({}, 31 * 4800 + 4000, 30, "reading.curve_sum_differs"),
        ({8: {"values": [None] * 48}, 9: {"values": [None] * 48}, 10: {"values": [None] * 48}, 11: {"values": [None] * 48}},
         31 * 4800, 30, "reading.curve_gap"),
        ({8: {"values": [200] * 24, "interval_minutes": 60}}, 31 * 4800, 30, "reading.curve_slots_unfit"),
    ],
)  # fmt: skip
async def test_a_curve_that_does_not_fit_is_left_out_and_the_usage_says_why(
    kit: Kit, changed: dict[int, Any], wh: int, minutes: int, code: str
) -> None:
    await january(kit, wh, minutes=minutes)
    await push(kit, *(curve(day, **changed.get(day.day, {})) for day in MONTH))
    facts = await kit.published(TOLD)
    assert (facts[-1]["curves"], facts[-1]["findings"], facts[-1]["demand_w"]) == ([], [code], {})
    assert facts[-1]["energy_wh"] == {"import": wh}
    assert code in {each["code"] for each in await kit.items("findings", service_point_no="S0001")}


async def test_a_contract_that_states_slots_later_or_no_more_tells_its_usages_again(kit: Kit) -> None:
    await january(kit, minutes=None)
    await push(kit, *(curve(day) for day in MONTH))
    await contract(kit, 1, minutes=60, version=2)
    await contract(kit, 1, minutes=None, version=3)
    assert await told(kit) == [(1, 0, []), (2, 31 * 4800, []), (3, 0, [])]
    assert [len(fact["curves"]) for fact in await kit.published(TOLD)] == [0, 1, 0]


async def test_a_contract_that_was_told_before_its_point_was_known_has_its_curve(kit: Kit) -> None:
    await contract(kit, 1)
    await kit.district()
    await push(kit, *(curve(day) for day in MONTH[:-1]))
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", "248.80")
    filled = (1, 31 * 4800, ["reading.curve_filled"])
    assert await told(kit) == [filled]
    await push(kit, curve(MONTH[-1]))
    assert await told(kit) == [filled, (2, 31 * 4800, [])]


async def test_what_is_fed_in_has_a_curve_of_its_own(kit: Kit) -> None:
    await kit.district(registers=[{"quantity": q, "digits": 8, "scale": 2} for q in ("import", "export")])
    await contract(kit, 1)
    await push(kit, *(curve(day) for day in MONTH), *(curve(day, [50] * 48, quantity="export") for day in MONTH))
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", {"import": "248.80", "export": "174.40"})
    (fact,) = await kit.published(TOLD)
    assert [(each["quantity"], sum(packed.unpack(each["values"]))) for each in fact["curves"]] == [
        ("import", 148_800),
        ("export", 74_400),
    ]
    assert fact["demand_w"] == {"demand": 200}


async def test_a_demand_register_stands_over_the_demand_of_the_curve(kit: Kit) -> None:
    registers = [{"quantity": "import", "digits": 8, "scale": 2}]
    registers.append({"quantity": "demand", "digits": 6, "scale": 3, "kind": "demand"})
    await kit.district(registers=registers, opening="100.00")
    await contract(kit, 1)
    await push(kit, *(curve(day) for day in MONTH))
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", {"import": "248.80", "demand": "0.231"})
    (fact,) = await kit.published(TOLD)
    assert (fact["demand_w"], len(fact["curves"])) == ({"demand": 231}, 1)


async def test_curves_of_both_meters_of_an_exchange_make_one(kit: Kit) -> None:
    await kit.district()
    await contract(kit, 1)
    await kit.put(
        "meters",
        [{"meter_no": "M0002", "org_unit": UNIT, "registers": [{"quantity": "import", "digits": 6, "scale": 2}]}],
    )
    old = {"service_point_no": "S0001", "meter_no": "M0001", "installed_on": "2026-01-01", "unit": "kWh"}
    new = {"service_point_no": "S0001", "meter_no": "M0002", "installed_on": "2026-01-16", "unit": "kWh"}
    closing = {"removed_on": "2026-01-16", "closing": {"import": "174.40"}}  # 15.5 days
    await kit.put("installations", [old | {"opening": {"import": "100.00"}} | closing])
    await kit.put("installations", [new | {"opening": {"import": "0.00"}}])
    await kit.plan("2026-02-01")
    await kit.push_one("M0002", "2026-02-01", "74.40")
    half = [100] * 24, [None] * 24
    await push(kit, *(curve(day) for day in MONTH[:15]), curve(MONTH[15], [*half[0], *half[1]]))
    await push(kit, curve(MONTH[15], [*half[1], *half[0]], meter=2), *(curve(day, meter=2) for day in MONTH[16:]))
    facts = await kit.published(TOLD)
    assert packed.unpack(facts[-1]["curves"][0]["values"]) == FLAT * 31
    assert (facts[-1]["findings"], facts[-1]["energy_wh"]) == ([], {"import": 148_800})


async def test_the_number_of_statements_is_the_same_for_any_number_of_points_and_none_more_without_curves(
    kit: Kit,
) -> None:
    await january(kit, meters=12)
    counts = []
    for day, meters in ((10, range(1, 3)), (11, range(3, 13))):
        items = [curve(each, meter=n) for n in meters for each in MONTH if each.day != day][: 31 * len(meters)]
        with Statements(kit) as statements:
            await push(kit, *items)
        counts.append(len(statements.texts))
    assert counts[0] == counts[1]
    assert [fact["version"] for fact in await kit.published(TOLD)] == [1] * 12 + [2] * 12
    await contract(kit, *range(1, 13), minutes=None, version=2)
    with Statements(kit) as statements:
        await push(kit, curve(MONTH[9], meter=1))
    assert not any(" usage" in text or "FOR UPDATE" in text for text in statements.texts)


async def test_others_are_answered_while_curves_are_aligned(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    threads, aligned = [], curve_alignment.aligned

    def noted(*given: Any, **more: Any) -> curve_alignment.Aligned:
        threads.append(threading.current_thread())
        return aligned(*given, **more)

    monkeypatch.setattr(curve_alignment, "aligned", noted)
    await january(kit)
    await push(kit, *(curve(day) for day in MONTH))
    assert threads
    assert threading.current_thread() not in threads


@pytest.mark.parametrize(("year", "month", "slots"), [(2013, 3, 1486), (2012, 10, 1490)])
async def test_a_real_meter_where_clocks_change(tmp_path: Path, year: int, month: int, slots: int) -> None:
    from_ = date(year, month, 1)
    to = (from_ + timedelta(days=31)).replace(day=1)
    own = by_day(real("uk_half_hours.csv.gz"), from_, to, 30, LONDON)
    given = [value for values in own.values() for value in values]
    wh = sum(value or 0 for value in given) * len(given) // (len(given) - given.count(None))
    url = f"sqlite+aiosqlite:///{tmp_path}/reading.db"
    async with running(url, tmp_path, WATTLINE_UTILITY_TIMEZONE="Europe/London") as kit:
        await kit.district(
            registers=[{"quantity": "import", "digits": 6, "scale": 3}], opening="0.000", installed_on=str(from_)
        )
        await contract(kit, 1, **{"from": str(from_)})
        await push(kit, *(curve(day, values) for day, values in own.items()))
        await kit.plan(str(to))
        at = f"{to}T00:00:00{'+01:00' if month == 3 else '+00:00'}"
        await kit.push(read("M0001", str(to), f"{wh / 1000:.3f}", read_at=at))
        facts = await kit.published(TOLD)
    (told_curve,) = facts[-1]["curves"]
    values = packed.unpack(told_curve["values"])
    assert (len(values), sum(values), facts[-1]["energy_wh"]) == (slots, wh, {"import": wh})
    assert [value for value, own in zip(values, given, strict=True) if own is not None] == [
        value for value in given if value is not None
    ]
    assert facts[-1]["demand_w"] == {"demand": 2 * max(value or 0 for value in given)}

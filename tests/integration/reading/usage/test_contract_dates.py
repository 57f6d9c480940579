"""Contract dates are boundaries, whether they were read or not, and whenever they are told."""

from typing import Any

import pytest

from tests.kits.reading import Kit, read
from tests.kits.usages import in_force, month, periods, sign, signed

JANUARY = ("2026-01-01", "2026-02-01", "actual", 100_000)


async def _february(kit: Kit, *, told: str) -> None:
    """56 kWh in 28 days; one customer to 15 February, another from then on, told before or after the read."""
    await kit.district()
    await sign(kit, "A", "2026-01-01")
    await month(kit, "2026-02-01", "200.00")
    if told == "before":
        await sign(kit, "A", "2026-01-01", "2026-02-15", version=2)
        await sign(kit, "B", "2026-02-15")
    await month(kit, "2026-03-01", "256.00")
    if told == "after":
        await sign(kit, "A", "2026-01-01", "2026-02-15", version=2)
        await sign(kit, "B", "2026-02-15")


@pytest.mark.parametrize("told", ["before", "after"])
async def test_a_change_of_contract_without_a_read_is_cut_by_days_in_both_parts(kit: Kit, told: str) -> None:
    await _february(kit, told=told)
    first, second = (await in_force(kit))[1:]
    assert [(u["period_from"], u["period_to"], u["quality"], u["energy_wh"]["import"]) for u in (first, second)] == [
        ("2026-02-01", "2026-02-15", "estimated", 28_000),
        ("2026-02-15", "2026-03-01", "actual", 28_000),
    ]
    assert (first["estimate_reason"], first["cycle"], second["cycle"]) == ("cut_by_days", "2026-02", "2026-02")
    assert (first["registers"][0]["to"], second["registers"][0]["from"]) == ("228.00", "228.00")


async def test_dates_told_after_the_bill_withdraw_the_usage_that_spans_them(kit: Kit) -> None:
    await _february(kit, told="after")
    told = [(u["period_to"], u["version"], u["withdrawn"], u["late"]) for u in await kit.usages()]
    assert sorted(told) == [
        ("2026-02-01", 1, False, False),
        ("2026-02-15", 3, False, True),
        ("2026-03-01", 1, False, False),
        ("2026-03-01", 2, True, False),
        ("2026-03-01", 3, False, True),
    ]
    whole = [fact for fact in await kit.published("reading.usage_measured.v1") if fact["withdrawn"]]
    assert [(f["period_from"], f["period_to"], f["energy_wh"]) for f in whole] == [
        ("2026-02-01", "2026-03-01", {"import": 0})
    ]


async def test_the_first_days_of_a_contract_before_its_first_read_are_its_own(kit: Kit) -> None:
    await kit.district()
    await sign(kit, "A", "2026-01-10")
    await month(kit, "2026-02-01", "131.00")
    assert await periods(kit) == [
        ("2026-01-01", "2026-01-10", "estimated", 9_000),
        ("2026-01-10", "2026-02-01", "actual", 22_000),
    ]


async def test_a_contract_that_ends_where_nobody_reads_is_told_by_its_own_basis_once_the_next_window_has_closed(
    kit: Kit,
) -> None:
    await kit.district()
    await sign(kit, "A", "2026-01-01", "2026-02-15")
    await month(kit, "2026-02-01", "200.00")
    await month(kit, "2026-03-01", close=False)
    assert await periods(kit) == [JANUARY], "the window is open: a read may still come"
    await kit.close("2026-03-02")
    final = ("2026-02-01", "2026-02-15", "estimated", 45_160)  # 14 days of 100 kWh in 31
    assert await periods(kit) == [JANUARY, final], "what runs under no contract has no basis of its own"
    await kit.push_one("M0001", "2026-02-15", "240.00", "site")
    assert await periods(kit) == [JANUARY, ("2026-02-01", "2026-02-15", "actual", 40_000)]


@pytest.mark.parametrize("to", ["2026-02-08", "2026-02-22"])
async def test_a_contract_date_that_is_moved_moves_its_boundary(kit: Kit, to: str) -> None:
    await _february(kit, told="before")
    await sign(kit, "A", "2026-01-01", to, version=3)
    await sign(kit, "B", to, version=2)
    first = (int(to[-2:]) - 1) * 2_000
    assert (await periods(kit))[1:] == [
        ("2026-02-01", to, "estimated", first),
        (to, "2026-03-01", "actual", 56_000 - first),
    ]


async def test_a_contract_date_that_is_taken_back_is_no_boundary_any_more(kit: Kit) -> None:
    await _february(kit, told="before")
    await sign(kit, "B", "2026-02-15", version=2, annulled=True)
    await sign(kit, "A", "2026-01-01", version=3)
    assert await periods(kit) == [JANUARY, ("2026-02-01", "2026-03-01", "actual", 56_000)]


async def test_a_contract_date_is_cut_between_the_reads_around_it_of_any_day(kit: Kit) -> None:
    await kit.district()
    await sign(kit, "A", "2026-01-01", "2026-02-15")
    await sign(kit, "B", "2026-02-15")
    await month(kit, "2026-02-01", "200.00")
    await kit.push(read("M0001", "2026-02-11", "210.00", "self"), read("M0001", "2026-02-21", "250.00", "self"))
    await month(kit, "2026-03-01", "256.00")
    assert (await periods(kit))[1:] == [
        ("2026-02-01", "2026-02-15", "estimated", 26_000),  # 10 and 4 of the next 10 days' 40
        ("2026-02-15", "2026-03-01", "actual", 30_000),
    ]


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize(
    ("later", "again"),
    [
        ({"from_": "2026-01-01", "annulled": True}, ["2026-02-01", "2026-03-01"]),
        ({"from_": "2026-02-01"}, ["2026-02-01"]),
        ({"from_": "2026-01-01", "to": "2026-02-01"}, ["2026-03-01"]),
    ],
)
async def test_days_that_a_contract_covers_no_more_are_told_again_however_fast_its_states_came(
    kit: Kit, later: dict[str, Any], again: list[str], *, together: bool
) -> None:
    await kit.district()
    for day, shown in (("2026-02-01", "200.00"), ("2026-03-01", "256.00")):
        await month(kit, day, shown)
    states = [signed("A", "2026-01-01"), signed("A", version=2, **later)]
    for batch in [states] if together else [states[:1], states[1:]]:
        await kit.give(*batch)
    told = [u["period_to"] for u in await kit.usages() if u["version"] > 1]
    assert sorted(told) == again
    await kit.give(*states)
    assert [u["period_to"] for u in await kit.usages() if u["version"] > 1] == told, (
        "what is heard again changes nothing"
    )


async def test_a_contract_that_was_annulled_loses_no_more_days_by_what_is_told_of_it_later(kit: Kit) -> None:
    await kit.district()
    await month(kit, "2026-02-01", "200.00")
    await kit.give(signed("A", "2026-01-01"), signed("A", "2026-01-01", version=2, annulled=True))
    told = await kit.usages()
    await kit.give(signed("A", "2026-01-01", "2026-01-15", version=3, annulled=True))
    assert await kit.usages() == told

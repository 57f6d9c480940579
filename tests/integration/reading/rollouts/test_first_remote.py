"""Who has the first meter that is read remotely is told so once, whatever comes in which order."""

from itertools import permutations
from typing import Any

import pytest

from tests.integration.reading.rollouts.test_rollouts import exchange
from tests.kits.reading import ONE, UNIT, Kit, Statements
from tests.kits.stock import install, put_on

TOLD = "reading.first_remote_meter_fitted.v1"
JOB = "tell-first-remote-meters"


async def meters(kit: Kit, points: int) -> None:
    """A district with old meters, and for each point a remote one (N…) and another one (L…)."""
    await kit.district(points)
    new = [("N", "single_phase.remote"), ("P", "single_phase.remote"), ("L", "single_phase.local")]
    for letter, kind in new:
        items = [
            {"meter_no": f"{letter}{n:04}", "org_unit": UNIT, "registers": ONE, "meter_type": kind}
            for n in range(1, points + 1)
        ]
        await kit.put("meters", items)


async def told(kit: Kit) -> list[tuple[Any, ...]]:
    return [(each["service_point_no"], each["meter_no"], each["fitted_on"]) for each in await kit.published(TOLD)]


async def test_a_point_is_told_of_its_first_remote_meter_once(kit: Kit) -> None:
    await meters(kit, 3)
    await exchange(kit, 1, "2026-02-10")
    await exchange(kit, 2, "2026-02-10", "L0002")
    assert (await kit.job(JOB, "2026-02-09"))["counts"] == {}
    assert (await kit.job(JOB, "2026-02-11"))["counts"] == {"told": 1}
    assert await told(kit) == [("S0001", "N0001", "2026-02-10")]
    off = put_on("N0001", "S0001", "2026-02-10", "2026-03-01")
    assert await install(kit, off, put_on("P0001", "S0001", "2026-03-01")) == ["done", "done"]
    for day in ("2026-02-11", "2026-02-12", "2026-03-02"):
        await kit.job(JOB, day)
    assert await told(kit) == [("S0001", "N0001", "2026-02-10")]


async def test_who_has_had_one_for_a_season_is_told_no_more(kit: Kit) -> None:
    await meters(kit, 2)
    await exchange(kit, 1, "2026-02-10")
    await exchange(kit, 2, "2026-02-11")
    assert (await kit.job(JOB, "2026-05-13"))["counts"] == {"told": 1}
    assert await told(kit) == [("S0002", "N0002", "2026-02-11")]


@pytest.mark.parametrize("order", list(permutations(("fit", "look", "other"))))
async def test_the_order_of_what_comes_decides_nothing(kit: Kit, order: tuple[str, ...]) -> None:
    await meters(kit, 2)
    for step in (*order, "look"):
        if step == "look":
            await kit.job(JOB, f"2026-02-{12 + order.index('look')}")
        else:
            await exchange(kit, 1 if step == "fit" else 2, "2026-02-10")
    await kit.job(JOB, "2026-02-20")
    assert sorted(await told(kit)) == [("S0001", "N0001", "2026-02-10"), ("S0002", "N0002", "2026-02-10")]


async def test_telling_costs_as_many_statements_for_100_as_for_10(kit: Kit) -> None:
    await meters(kit, 110)
    counts = []
    for first, count, day in ((1, 10, "2026-02-10"), (11, 100, "2026-02-20")):
        for n in range(first, first + count):
            await exchange(kit, n, day)
        with Statements(kit) as seen:
            await kit.job(JOB, day)
        counts.append(len(seen.texts))
    assert counts[0] == counts[1]

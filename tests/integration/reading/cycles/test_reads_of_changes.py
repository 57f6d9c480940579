"""Days on which prices change: billing needs their registers, and a period ends there as soon as they are read."""

import pytest

from shared.events.billing import RereadRequested
from tests.kits.reading import UNIT, Kit


def wanted(day: str = "2026-01-11") -> RereadRequested:
    return RereadRequested.model_validate(
        {
            "account_no": "A1", "request_id": "Q1", "service_point_no": "S0001", "org_unit": UNIT, "bill_id": "B1",
            "cycle": "2026-01", "reason": "read_missing_at_change", "requested_by": "system:billing", "day": day,
        }
    )  # fmt: skip


async def periods(kit: Kit) -> list[tuple[str, str, int]]:
    told = [f for f in await kit.published("reading.usage_measured.v1") if not f.get("withdrawn")]
    return [(u["period_from"], u["period_to"], u["energy_wh"]["import"]) for u in told]


@pytest.mark.parametrize("read_first", [True, False])
async def test_a_period_is_cut_at_the_read_of_a_day_of_change_whenever_it_comes(kit: Kit, read_first: bool) -> None:
    await kit.district()
    if read_first:
        await kit.push_one("M0001", "2026-01-11", "110.00")
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", "150.00")
    await kit.give(wanted())
    if not read_first:
        assert await periods(kit) == [("2026-01-01", "2026-02-01", 50_000)]
        await kit.push_one("M0001", "2026-01-11", "110.00")
    assert await periods(kit) == [
        ("2026-01-01", "2026-02-01", 50_000),
        ("2026-01-01", "2026-01-11", 10_000),
        ("2026-01-11", "2026-02-01", 40_000),
    ]
    assert await kit.items("site-orders") == []


async def test_an_end_that_is_asked_for_already_stays_as_it_is(kit: Kit) -> None:
    await kit.district()
    await kit.put("asked-ends", [{"service_point_no": "S0001", "day": "2026-01-11", "kind": "move", "reason": "moves"}])
    await kit.give(wanted(), wanted("2026-01-21"), wanted("2026-01-21"))
    assert [(a["day"], a["kind"], a["reason"]) for a in await kit.items("asked-ends")] == [
        ("2026-01-11", "move", "moves"),
        ("2026-01-21", "change", "read_missing_at_change"),
    ]

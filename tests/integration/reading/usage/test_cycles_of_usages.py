"""Which reading cycle a usage is, or is a part of: told with it, so that a bill knows what its days are of."""

from shared.events.billing import AccountChanged, Contract
from tests.kits.reading import UNIT, Kit


async def read_on(kit: Kit, value: str, day: str) -> None:
    await kit.plan(day)
    await kit.push_one("M0001", day, value)


async def told(kit: Kit) -> list[tuple[str, str, str, str]]:
    """First day of the cycle, the period, and the read date of each usage that was told."""
    facts = await kit.published("reading.usage_measured.v1")
    return [
        (f["cycle_from"], f["period_from"], f["period_to"], f["read_date"]) for f in facts if not f.get("withdrawn")
    ]


async def test_a_period_from_read_day_to_read_day_is_its_cycle(kit: Kit) -> None:
    await kit.district()
    await read_on(kit, "150.00", "2026-02-01")
    await read_on(kit, "180.00", "2026-03-01")
    assert await told(kit) == [
        ("2026-01-01", "2026-01-01", "2026-02-01", "2026-02-01"),
        ("2026-02-01", "2026-02-01", "2026-03-01", "2026-03-01"),
    ]


async def test_parts_of_a_cycle_name_it(kit: Kit) -> None:
    await kit.district()
    await read_on(kit, "150.00", "2026-02-01")
    await kit.put("asked-ends", [{"service_point_no": "S0001", "day": "2026-02-11", "kind": "move"}])
    await kit.push_one("M0001", "2026-02-11", "160.00")
    await read_on(kit, "180.00", "2026-03-01")
    assert (await told(kit))[1:] == [
        ("2026-02-01", "2026-02-01", "2026-02-11", "2026-03-01"),
        ("2026-02-01", "2026-02-11", "2026-03-01", "2026-03-01"),
    ]


async def test_a_cycle_that_a_new_read_day_makes_longer_or_shorter(kit: Kit) -> None:
    await kit.district()
    await read_on(kit, "150.00", "2026-02-01")
    await kit.move(15, "2026-02")
    await read_on(kit, "160.00", "2026-02-15")
    await kit.move(1, "2026-03")
    await read_on(kit, "220.00", "2026-04-01")
    assert (await told(kit))[1:] == [
        ("2026-02-01", "2026-02-01", "2026-02-15", "2026-02-15"),
        ("2026-02-15", "2026-02-15", "2026-04-01", "2026-04-01"),
    ]


async def test_who_comes_within_a_cycle_has_a_part_of_it(kit: Kit) -> None:
    await kit.district(installed_on="2026-01-11")
    contract = Contract.model_validate({"contract_no": "C1", "service_point_no": "S0001", "from": "2026-01-11"})
    await kit.give(
        AccountChanged(
            account_no="A1", version=1, org_unit=UNIT, customer_class="residential", opened_on="2026-01-11",
            contracts=(contract,),
        )
    )  # fmt: skip
    await read_on(kit, "150.00", "2026-02-01")
    assert await told(kit) == [("2026-01-01", "2026-01-11", "2026-02-01", "2026-02-01")]

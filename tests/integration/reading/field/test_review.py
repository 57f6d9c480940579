"""What another person sees of a batch: what is out of range, unread, or was not looked at, by the rules of validation."""

import pytest

from tests.integration.reading.field.test_entries import AT, batch, enter, reader, release, seen
from tests.kits.reading import Kit, estimated_february, january, read

# January: 100 kWh in 31 days from 100.00 on. High is 50 % and 50 kWh above 90.32 kWh for the 28 days of February.


@pytest.mark.parametrize(
    ("value", "findings"),
    [
        ("290.00", []),
        ("340.32", []),
        ("340.33", ["reading.high_usage"]),
        ("240.33", []),
        ("240.32", ["reading.low_usage"]),
        ("199.99", ["reading.negative_usage"]),
        ("99999.00", ["reading.impossible_usage"]),
        ("290.001", ["reading.too_many_digits"]),
    ],
)
async def test_a_value_is_measured_by_what_is_expected_of_its_day(kit: Kit, value: str, findings: list[str]) -> None:
    await january(kit)
    await kit.plan("2026-03-01")
    await enter(reader(kit), seen(1, value))
    (entry,) = (await batch(kit))["entries"]
    assert entry["findings"] == findings


async def test_a_value_is_measured_from_the_last_known_register_where_the_month_before_was_estimated(kit: Kit) -> None:
    await estimated_february(kit)  # its register of 290.32 is nobody's
    await kit.plan("2026-04-01")
    await enter(reader(kit), seen(1, "280.00", at="2026-04-01T09:30:00+08:00"))
    (entry,) = (await batch(kit))["entries"]
    assert entry["findings"] == ["reading.low_usage"]


async def test_a_value_that_comes_after_the_next_period_is_measured_from_the_period_before(kit: Kit) -> None:
    await january(kit)
    await kit.plan("2026-03-01")
    await kit.push(read("M0001", "2026-03-01", "290.00"))
    await kit.close("2026-03-02")
    await kit.plan("2026-04-01")
    await kit.push(read("M0001", "2026-04-01", "390.00"))
    await enter(reader(kit), seen(1, "285.00", at="2026-02-28T09:30:00+08:00"))
    (entry,) = (await batch(kit))["entries"]
    assert entry["findings"] == []


async def test_what_is_out_of_range_comes_first_and_then_what_was_not_read(kit: Kit) -> None:
    await january(kit, 4)
    await kit.plan("2026-03-01")
    times = [f"2026-03-01T0{hour}:00:00+08:00" for hour in range(1, 5)]
    values = ("290.00", None, "900.00", "291.00")
    await enter(reader(kit), *(seen(n, values[n - 1], at=times[n - 1]) for n in range(1, 5)))
    assert [each["entry_no"] for each in (await batch(kit))["entries"]] == ["e-3", "e-2", "e-1", "e-4"]


async def test_points_with_neither_an_entry_nor_a_read_are_untouched(kit: Kit) -> None:
    await january(kit, 6)
    await kit.plan("2026-03-01")
    await kit.push(read("M0004", "2026-03-01", "290.00"))
    await enter(reader(kit), seen(1), seen(2, None), seen(6))
    await enter(reader(kit, "reader-8"), seen(3))
    await release(kit, await batch(kit), refused={})
    shown = await batch(kit)
    assert (shown["untouched_count"], shown["untouched"]) == (1, ["S0005"])


async def test_what_was_refused_and_an_annulled_read_leave_a_point_untouched(kit: Kit) -> None:
    await january(kit, 2)
    await kit.plan("2026-03-01")
    await kit.push(read("M0002", "", "290.00", read_at=AT))
    await kit.clerk.post("/v1/reads/M0002~20260301T013000Z~remote/annulment", json={"reason": "wrong_meter"})
    await enter(reader(kit), seen(1))
    await release(kit, await batch(kit), refused={"e-1": "misread"})
    assert (await batch(kit))["untouched"] == ["S0001", "S0002"]


async def test_before_a_route_is_planned_its_untouched_points_are_those_that_will_be_read(kit: Kit) -> None:
    await january(kit, 2)
    await enter(reader(kit), seen(1, at="2026-02-28T09:00:00+08:00"))
    assert (await batch(kit))["untouched"] == ["S0002"]

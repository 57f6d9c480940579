"""Which changes of meters give billed days another multiplier."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from services.reading.network.domain.changes import Change
from services.reading.network.domain.installations import Placement
from services.reading.network.domain.registers import Register
from services.reading.usage.domain.billed import Billed, recounted
from services.reading.usage.domain.usages import MeterSpan


def day(number: int) -> date:
    return date(2026, 1, number)


def stands(since: int, until: int | None = None, ratio: int = 1, meter: str = "M", **register: Any) -> Placement:
    return Placement(
        service_point_no="S",
        meter_no=meter,
        installed_on=day(since),
        removed_on=until and day(until),
        registers=(Register("import", 8, 2, ratio, **register),),
        opening=(0,),
        closing=until and (1,),
    )


def told(since: int, until: int, ratio: int = 1) -> Billed:
    span = MeterSpan(
        meter_no="M",
        installed_on=day(1),
        from_on=day(since),
        to_on=day(until),
        multiplier=ratio,
        multiplier_denominator=1,
        shown={},
        turns={},
    )
    return Billed(from_=day(since), to=day(until), spans=[span])


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ([stands(1)], [stands(1, ratio=30)], True),
        ([stands(1)], [stands(1, ratio=2, denominator=2)], True),
        ([stands(1)], [stands(1, meter="N", ratio=2, denominator=2)], False),
        ([stands(1)], [stands(1, 10), stands(10, ratio=30, meter="N")], True),
        ([stands(1)], [stands(1, 20), stands(20, ratio=30, meter="N")], False),
        ([stands(1)], [stands(1, 19), stands(19, ratio=30, meter="N")], True),
        ([stands(1)], [stands(1, 10), stands(10, meter="N")], False),
        ([stands(1)], [stands(3)], False),
        ([stands(1)], [], False),
        ([], [stands(1, ratio=30)], True),
        ([], [stands(20, ratio=30)], False),
        ([], [stands(1)], False),
        ([stands(1, 8)], [stands(1, 12)], False),
        ([stands(1, 8, 30)], [stands(1, 12, 30)], True),
        ([stands(1, 8, 30), stands(12, 20, 30, "N")], [stands(1, 20, 30)], True),
    ],
)
def test_what_gives_days_that_were_told_up_to_the_twentieth_another_multiplier(
    before: Sequence[Placement], after: Sequence[Placement], found: bool
) -> None:
    own = (Register("import", 8, 2),)
    change = Change(meter_no="M", before=before, after=after, own_before=own, own_after=own)

    assert recounted([change], {"S": [told(1, 20)]}) == ({"S"} if found else set())
    assert recounted([change], {"T": [told(1, 20)]}) == set()
    assert recounted([change], {}) == set()


def test_what_stood_right_before_counts_not_what_was_told_before_that() -> None:
    own = (Register("import", 8, 2),)
    change = Change(
        meter_no="M", before=[stands(1, ratio=30)], after=[stands(1, 15, 30)], own_before=own, own_after=own
    )

    assert recounted([change], {"S": [told(1, 20), told(1, 20, 30)]}) == set()

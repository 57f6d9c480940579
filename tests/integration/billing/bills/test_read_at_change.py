"""A tariff whose change is split by the read of its day: billing asks for that read, and bills the parts once it is there."""

from datetime import date
from typing import Any

import pytest

from shared.events.billing import RereadRequested
from tests.kits.billing import Desk, account, month, part, usage, withdrawn
from tests.unit.billing.rating.documents import PLAIN, changed

CHANGE = date(2026, 2, 15)
FEE = {"name": "fee", "kind": "fixed", "price": "10", "per": "month"}


async def change_of_price(desk: Desk, **on_change: str) -> None:
    """0.5 yuan until 15 February, then 0.8, and a fee of 10 yuan a month."""
    for version, price, days in ((1, "0.5", ("2020-01-01", "2026-02-15")), (2, "0.8", ("2026-02-15", None))):
        charges = [{"name": "energy", "kind": "energy", "price": price}, FEE]
        effective = dict(zip(("from", "to"), days, strict=True))
        values = {"/version": version, "/effective": effective, "/charges": charges}
        await desk.activate(changed(PLAIN, values | {"/on_change": {"usage": "split_by_read"} | on_change}))
    await desk.open(account(1, tariff="t/plain"))


WHOLE = usage(1, 2, 100).model_copy(update={"cycle_from": month(2)})
PARTS = [
    one.model_copy(update={"cycle_from": month(2), "read_date": month(3)})
    for one in (part(1, month(2), CHANGE, 30), part(1, CHANGE, month(3), 70))
]


async def in_force(desk: Desk) -> list[tuple[str, int]]:
    bills = await desk.bills("period_from", "total_fen", "status")
    return [(f"{day}", fen) for day, fen, status in bills if status in ("ready", "issued")]


async def findings(desk: Desk) -> list[dict[str, Any]]:
    async with desk.client() as client:
        (bill,) = (await client.get("/v1/bills")).json()["items"]
    found: list[dict[str, Any]] = bill["findings"]
    return found


@pytest.mark.parametrize("told_in_parts", [True, False])
async def test_a_change_is_billed_by_the_read_of_its_day_at_once_or_when_it_comes(
    desk: Desk, told_in_parts: bool
) -> None:
    await change_of_price(desk)
    if told_in_parts:
        await desk.measure(*PARTS)
        assert await desk.published(RereadRequested) == []
    else:
        await desk.measure(WHOLE)
        assert await in_force(desk) == []
        await desk.measure(withdrawn(WHOLE), *PARTS)
    assert await in_force(desk) == [("2026-02-01", 1500 + 500), ("2026-02-15", 5600 + 500)]


async def test_the_read_is_asked_for_and_the_bill_is_held_with_its_day_until_it_comes(desk: Desk) -> None:
    await change_of_price(desk)
    await desk.measure(WHOLE)
    (asked,) = await desk.published(RereadRequested)
    assert (asked.service_point_no, asked.day, asked.reason) == ("SP1", CHANGE, "read_missing_at_change")
    (finding,) = [f for f in await findings(desk) if f["code"] == "billing.not_rated"]
    assert finding["severity"] == "hold"
    assert finding["values"] == {"code": "read_missing_at_change", "pointer": "/usage", "day": "2026-02-15"}
    assert await desk.bills("status") == [("held",)]


async def test_a_tariff_may_divide_by_days_where_no_read_comes(desk: Desk) -> None:
    await change_of_price(desk, without_read="split_by_days")
    await desk.measure(WHOLE)
    # 14 days of 28 at each price; the read is wanted all the same, and corrects the bill when it comes
    assert await in_force(desk) == [("2026-02-01", 2500 + 4000 + 1000)]
    assert [f["code"] for f in await findings(desk)] == ["rating.read_missing_at_change"]
    assert [asked.day for asked in await desk.published(RereadRequested)] == [CHANGE]
    await desk.measure(withdrawn(WHOLE), *PARTS)
    assert await in_force(desk) == [("2026-02-01", 2000), ("2026-02-15", 6100)]

"""Supply that was cut is there again once its reason is gone, in the time of the rules and on the utility's day."""

from datetime import date, datetime, timedelta

import pytest

from services.collection.supply.domain import restored_by
from services.collection.supply.tables import CUT_ORDER
from tests.kits import cuts
from tests.kits.collection import Kit


async def test_what_is_asked_for_early_in_the_morning_is_of_the_utilitys_day(kit: Kit) -> None:
    await cuts.ordered(kit)
    await cuts.switched(kit)
    cuts.at(kit, "2026-04-23", "06:30")  # still the 22nd in UTC
    await kit.pay(100_000, on="2026-04-23")
    restore = (await kit.facts("collection.supply_order_requested.v1"))[-1]
    assert (restore["action"], restore["asked_on"]) == ("restore", "2026-04-23")
    assert (await kit.rows(CUT_ORDER))[-1]["asked_on"] == date(2026, 4, 23)


@pytest.mark.parametrize(("day", "hours"), [("2024-05-31", 72), ("2024-06-01", 24)])
def test_how_soon_supply_is_restored_is_as_the_edition_of_the_day_says(day: str, hours: int) -> None:
    now = datetime.fromisoformat(f"{day}T06:00:00+08:00")
    assert restored_by(now, date.fromisoformat(day)) - now == timedelta(hours=hours)


@pytest.mark.parametrize("code", ["held", "protected"])
async def test_what_is_held_or_protected_only_after_it_was_cut_has_supply_again(kit: Kit, code: str) -> None:
    await cuts.ordered(kit)
    await cuts.switched(kit)
    assert (await cuts.turn(kit), await cuts.state(kit)) == (0, ("cut", ""))
    mark = {"org_unit": "zj/hangzhou", "from": "2026-01-01", "kind": "life_support"}
    if code == "held":
        answer = await kit.clerk.post("/v1/accounts/A1/dunning-holds", json={"reason": "claim", "until": "2026-05-10"})
    else:
        answer = await kit.clerk.put(f"/v1/service-points/{cuts.POINT}/marks", json=mark)
    assert answer.status_code in (200, 201), answer.text
    assert await cuts.turn(kit) == 1
    assert await cuts.state(kit) == ("restoring", code)
    assert [action for action, _ in await cuts.orders(kit)] == ["cut", "restore"]
    assert await cuts.turn(kit) == 0
    await cuts.switched(kit, "restore")
    assert await cuts.state(kit) == ("ended", "restored")


async def test_a_ban_restores_nothing_that_was_cut_before_it(kit: Kit) -> None:
    await cuts.ordered(kit)
    await cuts.switched(kit)
    ban = {"org_unit": "zj", "from": "2026-04-22T00:00:00+08:00", "until": "2026-04-24T00:00:00+08:00"}
    ban |= {"reason": "dangerous_weather", "explanation": "Storm warning."}
    assert (await kit.clerk.post("/v1/cut-bans", json=ban)).status_code in (200, 201)
    assert (await cuts.turn(kit), await cuts.state(kit)) == (0, ("cut", ""))

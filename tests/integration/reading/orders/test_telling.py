"""Somebody is to be told at the door: notify asks for a site order, and its end is told like any other's."""

from datetime import date
from itertools import permutations
from typing import Any

import pytest

from shared.events.billing import SiteOrderRequested
from shared.events.notify import VisitAsked, VisitWithdrawn
from tests.kits.orders import report, shown, tell, withdraw
from tests.kits.reading import UNIT, Kit

ENDS = ("reading.site_order_done.v1", "reading.site_order_not_done.v1", "reading.site_order_withdrawn.v1")


def asked(number: str = "N1.2", **more: Any) -> VisitAsked:
    given: dict[str, Any] = {"account_no": "A1", "order_no": number, "notice_id": "N1", "service_point_no": "S0001"}
    given |= {"org_unit": UNIT, "template": "reminder", "asked_on": "2026-02-03"}
    return VisitAsked(**given | more)


async def test_a_visit_that_notify_asks_for_is_a_site_order_once(kit: Kit) -> None:
    await kit.district()
    await kit.give(asked(), asked())
    await kit.give(asked())
    order = await shown(kit, "N1.2")
    names = "kind", "origin", "requested_by", "reason", "reference", "due_on", "state"
    assert [order[name] for name in names] == [
        *("tell_person", "notify", "notify", "reminder"),
        *("N1", "2026-02-06", "open"),
    ]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"result": "told"}, (0, {"result": "told", "visited_by": "reader-7"})),
        ({"result": None, "not_done": "moved_away"}, (1, {"reason": "moved_away", "visited_by": "reader-7"})),
        (None, (2, {"reason": "told_by_phone"})),
    ],
)
async def test_each_end_of_it_is_told_with_the_notice(
    kit: Kit, said: dict[str, Any] | None, told: tuple[int, dict[str, Any]]
) -> None:
    await kit.district()
    await kit.give(asked())
    if said is None:
        status = await withdraw(kit.clerk, {"order_no": "N1.2", "reason": "told_by_phone"})
    else:
        status = await tell(kit.client("reader-7", "reading:field"), report("N1.2", **said))
    assert status == ["done"]
    place, expected = told
    (fact,) = await kit.published(ENDS[place])
    assert (fact["order_no"], fact["reference"], fact["kind"]) == ("N1.2", "N1", "tell_person")
    assert {name: fact[name] for name in expected} == expected


def not_needed(number: str = "N1.2") -> VisitWithdrawn:
    given: dict[str, Any] = {"account_no": "A1", "order_no": number, "notice_id": "N1", "org_unit": UNIT}
    return VisitWithdrawn(**given, reason="settled", withdrawn_on=date(2026, 2, 4))


async def test_in_any_order_a_visit_that_is_not_needed_is_not_made_and_it_is_told_once(kit: Kit) -> None:
    await kit.district()
    orders = sorted(set(permutations((asked, not_needed, not_needed), 3)), key=str)
    for number, steps in enumerate(orders):
        for step in steps:
            await kit.give(step(f"N{number}.2"))
    for number in range(len(orders)):
        order = await shown(kit, f"N{number}.2")
        assert (order["state"], order["outcome"]) == ("withdrawn", "settled")
    facts = await kit.published(ENDS[2])
    assert sorted(fact["order_no"] for fact in facts) == [f"N{number}.2" for number in range(len(orders))]
    assert {fact["withdrawn_on"] for fact in facts} == {"2026-02-04"}


async def test_what_a_visitor_has_told_stays_and_an_order_of_another_service_is_not_notifys_to_withdraw(
    kit: Kit,
) -> None:
    await kit.district()
    await kit.give(asked())
    assert await tell(kit.client("reader-7", "reading:field"), report("N1.2", result="told")) == ["done"]
    await kit.give(not_needed())
    assert (await shown(kit, "N1.2"))["state"] != "withdrawn"
    assert await kit.published(ENDS[2]) == []
    inspection: dict[str, Any] = {
        "account_no": "A1",
        "request_id": "R1",
        "kind": "inspection",
        "service_point_no": "S0001",
    }
    inspection |= {"org_unit": UNIT, "reason": "high_usage", "requested_by": "c", "asked_on": "2026-02-03"}
    await kit.give(SiteOrderRequested(**inspection))
    await kit.give(not_needed("R1"))
    assert (await shown(kit, "R1"))["state"] == "open"

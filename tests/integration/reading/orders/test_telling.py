"""Somebody is to be told at the door: notify asks for a site order, and its end is told like any other's."""

from typing import Any

import pytest

from shared.events.notify import VisitAsked
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

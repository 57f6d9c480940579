"""What billing asks for on site is answered with a structured result, or not needed any more, whichever comes first."""

from datetime import date
from itertools import permutations
from typing import Any

import pytest

from shared.events.billing import SiteOrderWithdrawalRequested
from tests.kits.orders import decide, registers, report, requested, reread, shown, tell
from tests.kits.reading import UNIT, Kit, Statements, january

DONE, WITHDRAWN = "reading.site_order_done.v1", "reading.site_order_withdrawn.v1"


def taken_back(number: str = "Q1", point: str = "S0001", **more: Any) -> SiteOrderWithdrawalRequested:
    said: dict[str, Any] = {"account_no": "A1", "org_unit": UNIT, "reason": "not_needed", "requested_by": "reviewer-2"}
    said |= {"asked_on": "2026-02-04", "request_id": number, "service_point_no": point}
    return SiteOrderWithdrawalRequested(**said | more)


@pytest.mark.parametrize(
    ("kind", "results", "with_registers"),
    [
        ("reread", ["as_read", "read_otherwise"], True),
        ("inspection", ["in_order", "fault_found", "tampered"], False),
        ("use_check", ["as_agreed", "other_use"], False),
        ("closing_check", ["unused", "in_use", "gone"], False),
        ("final_read", ["read"], True),
    ],
)
async def test_each_kind_is_answered_with_a_result_of_its_own_and_registers_with_their_read(
    kit: Kit, kind: str, results: list[str], with_registers: bool
) -> None:
    await january(kit)
    asked = reread("Q1") if kind == "reread" else requested("Q1", kind, bill_id=None, reference="closing-7")
    await kit.give(asked)
    seen = registers("215.00") if with_registers else {}
    assert await tell(kit.client("reader-7", "reading:field"), report("Q1", "no_such_result", **seen)) == [
        "reading.unknown_result"
    ]
    (status,) = await tell(kit.client("reader-7", "reading:field"), report("Q1", results[-1], **seen))
    if with_registers:
        assert status == "awaiting_approval"
        uploader = kit.client("uploader-9", "reading:upload")
        assert await decide(uploader, {"order_no": "Q1", "version": (await shown(kit, "Q1"))["version"]}) == ["done"]
    (told,) = await kit.published(DONE)
    assert (told["kind"], told["result"], told["visited_by"]) == (kind, results[-1], "reader-7")
    assert told["reference"] == ("B1" if kind == "reread" else "closing-7")
    assert (told["registers"], told["read_id"] is not None) == (seen.get("registers", {}), with_registers)


@pytest.mark.parametrize("asked", [requested("Q1"), reread("Q1")], ids=["use_check", "reread"])
async def test_what_billing_needs_no_more_is_withdrawn_whichever_comes_first(kit: Kit, asked: Any) -> None:
    await kit.district(2)
    await kit.plan("2026-02-01")
    told: list[Any] = []
    for n, order in enumerate(permutations(("ask", "take back"))):
        point, number = f"S000{n + 1}", f"Q{n}"
        facts = {
            "ask": asked.model_copy(update={"request_id": number, "service_point_no": point}),
            "take back": taken_back(number, point),
        }
        for step in (*order, *order):
            await kit.give(facts[step])
        found = await shown(kit, number)
        assert (found["state"], found["outcome"]) == ("withdrawn", "not_needed")
        told = [fact for fact in await kit.published(WITHDRAWN) if fact["order_no"] == number]
        assert [(fact["reason"], fact["withdrawn_on"], fact["reference"]) for fact in told] == [
            ("not_needed", "2026-02-04", "B1")
        ]
    assert [task["reread"] for task in await kit.items("tasks")] == [False, False]
    audit = await kit.admin.get("/v1/audit-entries", params={"entity_kind": "site_order", "entity_id": "Q0"})
    assert [(entry["action"], entry["actor"]) for entry in audit.json()["items"]] == [
        ("site_order.withdrawn", "reviewer-2")
    ]


async def test_what_a_visitor_has_reported_on_goes_on(kit: Kit) -> None:
    await january(kit)
    await kit.give(reread("Q1"))
    said = report("Q1", "as_read", **registers("215.00"))
    assert await tell(kit.client("reader-7", "reading:field"), said) == ["awaiting_approval"]
    await kit.give(taken_back("Q1"))
    assert (await shown(kit, "Q1"))["state"] == "reported"
    version = (await shown(kit, "Q1"))["version"]
    assert await decide(kit.client("uploader-9", "reading:upload"), {"order_no": "Q1", "version": version}) == ["done"]
    await kit.give(taken_back("Q1"))
    assert await kit.published(WITHDRAWN) == []


async def test_only_billings_own_orders_are_taken_back_by_its_word(kit: Kit) -> None:
    await kit.district()
    await kit.clerk.post(
        "/v1/site-orders",
        json={
            "items": [
                {
                    "order_no": "Q1",
                    "kind": "inspection",
                    "service_point_no": "S0001",
                    "asked_on": "2026-02-03",
                    "reason": "own",
                }
            ]
        },
    )
    await kit.give(taken_back("Q1"))
    assert (await shown(kit, "Q1"))["state"] == "open"


async def test_taking_back_costs_as_many_statements_for_100_as_for_10(kit: Kit) -> None:
    await kit.district(100)
    counts = []
    for first, count in ((1, 10), (1, 100)):
        day = date(2026, 2, first)
        points = [f"S{n:04}" for n in range(first, first + count)]
        await kit.give(*(requested(f"Q{count}-{point}", service_point_no=point) for point in points))
        with Statements(kit) as seen:
            await kit.give(*(taken_back(f"Q{count}-{point}", point, asked_on=day) for point in points))
        counts.append(len(seen.texts))
    assert counts[0] == counts[1]

"""What billing adjusts for a meter that erred is posted as a debt, below zero as a credit, and taken back by its opposite."""

from datetime import date
from itertools import permutations
from typing import Any

import pytest

from shared.events.billing import AdjustmentIssued, Component
from tests.kits.collection import Kit, account, bill, issued
from tests.kits.effort import in_turn


def adjustment(number: str, fen: int, **more: Any) -> AdjustmentIssued:
    said: dict[str, Any] = {
        "account_no": "A1",
        "dispute_no": "D1",
        "service_point_no": "S-A1",
        "org_unit": "zj/hangzhou",
    }
    said |= {"cycle": "2026-03", "issued_on": date(2026, 3, 10), "due_on": date(2026, 3, 30), "energy_wh": fen * 20}
    parts = (Component(component="energy", amount_fen=fen),)
    return AdjustmentIssued(adjustment_id=number, total_fen=fen, components=parts, **said | more)


async def test_a_refund_is_a_credit_that_settles_what_is_open_and_its_reversal_is_owed(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await kit.give(adjustment("J1", -300), adjustment("J1", -300))
    assert await kit.money() == (700, 0)
    await kit.give(adjustment("J2", 300, reverses="J1"), adjustment("J3", -450))
    assert await kit.money() == (550, 0)
    owed = (await kit.clerk.get("/v1/receivables?account_no=A1&cycle=2026-03")).json()["items"]
    assert [each["derived_from"][0]["kind"] for each in owed] == ["adjustment"] * 3
    assert (await kit.clerk.get("/v1/invariants")).json()
    assert (await kit.admin.get("/v1/control-totals?cycle=2026-03")).json()["posted_fen"] == -450


@pytest.mark.parametrize("first", ["bill", "adjustment", "account"])
async def test_any_order_ends_in_the_same_books(kit: Kit, first: str) -> None:
    facts = {
        "bill": issued(bill("B2", 1_000, account_no="A2")),
        "adjustment": adjustment("J1", -300, account_no="A2"),
        "account": account("A2"),
    }
    for name in (first, *(each for each in facts if each != first)):
        await kit.give(facts[name])
    assert await kit.money("A2") == (700, 0)
    assert (await kit.admin.get("/v1/control-totals?cycle=2026-03")).json()["documents_waiting"] == 0


@in_turn("order", list(permutations(("bill", "account", "adjustment", "back"))))
async def test_an_adjustment_and_its_opposite_leave_what_was_in_any_order(kit: Kit, order: tuple[str, ...]) -> None:
    facts = {
        "bill": issued(bill("B2", 1_000, account_no="A2")),
        "account": account("A2"),
        "adjustment": adjustment("J1", 400, account_no="A2", case_no="CASE-1"),
        "back": adjustment("J2", -400, account_no="A2", case_no="CASE-1", reverses="J1"),
    }
    for name in order:
        await kit.give(facts[name])
    assert await kit.money("A2") == (1_000, 0)
    assert (await kit.clerk.get("/v1/invariants")).json()["holds"]
    assert (await kit.admin.get("/v1/control-totals?cycle=2026-03")).json()["documents_waiting"] == 0

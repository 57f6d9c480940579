"""Nobody is reminded of a bill whose usage is in doubt, as long as reading holds it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from shared.events.disputes import DisputeChanged
from tests.kits.collection import Kit, adjusted, bill, corrected, issued

DUE = date(2026, 2, 22)


async def remind(kit: Kit, day: str) -> list[str]:
    """Return the documents that were reminded of by then."""
    answer = await kit.admin.post("/v1/jobs/remind/runs", json={"business_date": day})
    assert answer.status_code in (200, 201), answer.text
    facts = await kit.facts("collection.dunning_step_due.v1")
    return sorted({debt["document_id"] for fact in facts for debt in fact["debts"]})


def dispute(version: int = 1, until: str | None = "2026-03-12", **more: Any) -> DisputeChanged:
    said: dict[str, Any] = {"dispute_no": "D1", "service_point_no": "S-A1", "org_unit": "zj/hangzhou"}
    said |= {"cycles": ("2026-01",), "state": "opened", "opened_on": date(2026, 2, 10), "changed_on": date(2026, 2, 10)}
    said |= {"held_until": until and date.fromisoformat(until)} | more
    return DisputeChanged(version=version, **said)


BILLS = (issued(bill("B1", cycle="2026-01")), issued(bill("B2", cycle="2026-02")))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_the_disputed_bill_is_not_reminded_of_while_it_is_held_whichever_comes_first(
    kit: Kit, order: Sequence[int]
) -> None:
    for number in order:
        await kit.give(*([dispute()], BILLS)[number])
    assert await remind(kit, "2026-03-12") == ["B2"]
    assert await remind(kit, "2026-03-13") == ["B1", "B2"]
    open_ = (await kit.clerk.get("/v1/receivables?document_id=B1")).json()["items"]
    assert [(each["outstanding_fen"], each["service_point_no"]) for each in open_] == [(10_000, "S-A1")]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_a_hold_is_renewed_and_ends_with_its_dispute_in_any_order(kit: Kit, order: Sequence[int]) -> None:
    await kit.give(*BILLS)
    renewed = {1: dispute(1), 2: dispute(2, "2026-03-20", state="history")}
    await kit.give(*(renewed[version] for version in order))
    assert await remind(kit, "2026-03-20") == ["B2"]
    ended = dispute(3, None, state="ended", ended_at="history", outcome="explained", changed_on=date(2026, 3, 20))
    await kit.give(ended)
    await kit.give(renewed[2])
    assert await remind(kit, "2026-03-20") == ["B2"], "the run of that day is done"
    assert await remind(kit, "2026-03-21") == ["B1", "B2"]


async def test_what_corrects_a_disputed_bill_is_held_too(kit: Kit) -> None:
    await kit.give(dispute(until="2026-05-01"))
    old, new = bill("B1"), bill("B1b", 12_000, due_on=DUE)
    await kit.give(issued(old), issued(bill("B2", cycle="2026-02")))
    await kit.give(corrected("K1", [old], [new], date(2026, 2, 10)))
    await kit.give(adjusted("K2", [(new, bill("B1c", 13_000))], date(2026, 2, 12)))
    assert await remind(kit, "2026-04-16") == ["B2"]


async def test_bills_of_another_point_of_the_account_are_reminded_of(kit: Kit) -> None:
    await kit.give(dispute(service_point_no="S-other"))
    await kit.give(*BILLS)
    assert await remind(kit, "2026-03-10") == ["B1", "B2"]


async def test_holds_are_listed_those_that_nobody_renewed_apart(kit: Kit) -> None:
    await kit.give(dispute(cycles=("2026-01", "2026-02")))
    await kit.give(dispute(dispute_no="D2", service_point_no="S-A2", until="2026-04-01"))

    async def listed(**query: str) -> list[tuple[str, str]]:
        answer = await kit.clerk.get("/v1/dispute-holds", params=query)
        return [(each["dispute_no"], each["cycle"]) for each in answer.json()["items"]]

    assert await listed() == [("D1", "2026-01"), ("D1", "2026-02"), ("D2", "2026-01")]
    assert await listed(held_on="2026-03-12", service_point_no="S-A1") == [("D1", "2026-01"), ("D1", "2026-02")]
    assert await listed(lapsed_on="2026-03-13") == [("D1", "2026-01"), ("D1", "2026-02")]
    assert await listed(lapsed_on="2026-03-12") == []
    elsewhere = kit.client("clerk", "collection:read", org_units=["zj/ningbo"])
    assert (await elsewhere.get("/v1/dispute-holds")).json()["items"] == []

"""A meter that erred is adjusted for by a document of its own, once its span is billed, and again where its bills change."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from services.billing.adjustments.tables import ADJUSTMENT
from shared.events.billing import AdjustmentIssued
from shared.events.disputes import MeterTested
from tests.kits import billing as billing_kit
from tests.kits.billing import Desk, account, usage

PRICE = 0.538


def shown(error: str = "3.0", version: int = 1, point: str = "SP1", **more: Any) -> MeterTested:
    said: dict[str, Any] = {"dispute_no": "D1", "service_point_no": point, "org_unit": "zj/hangzhou"}
    said |= {"meter_no": "M1", "error_percent": error, "accuracy_class": "2", "within_limits": False}
    said |= {"from_": date(2026, 1, 1), "to": date(2026, 3, 1), "tested_on": date(2026, 3, 1)}
    said |= {"decided_on": date(2026, 3, 3), "entered_by": "clerk-1", "decided_by": "metrology-1"}
    return MeterTested(version=version, **said | more)


async def hear(desk: Desk, *facts: MeterTested) -> None:
    assert desk.service.consumer is not None
    async with desk.db.begin() as tx:
        await desk.service.consumer.handlers[MeterTested.type](tx, facts)


async def adjust(desk: Desk, day: str = "2026-03-10") -> dict[str, int]:
    async with desk.client() as client:
        answer = await client.post("/v1/jobs/adjust-meters/runs", json={"business_date": day})
    assert answer.status_code == 200, answer.text
    counts: dict[str, int] = answer.json()["counts"]
    return counts


async def listed(desk: Desk, path: str = "adjustments", **query: str) -> list[dict[str, Any]]:
    async with desk.client() as client:
        answer = await client.get(f"/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def told(facts: Sequence[AdjustmentIssued]) -> list[tuple[str, int, int]]:
    return [(fact.account_no, fact.energy_wh, fact.total_fen) for fact in facts]


async def test_a_meter_that_ran_fast_gives_back_half_of_its_span(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 103))
    await desk.released(usage(1, 2, 103))
    await hear(desk, shown())
    assert await adjust(desk) == {"issued": 1, "asked": 0, "waiting": 0}

    # 206 kWh were recorded: 206 ÷ 1.03 − 206 = −6, of which half; 0.538 yuan each in the first tier
    (fact,) = await desk.published(AdjustmentIssued)
    assert (fact.account_no, fact.energy_wh, fact.total_fen) == ("A1", -3_000, -161)
    assert (fact.issued_on, fact.due_on, fact.cycle) == (date(2026, 3, 10), date(2026, 3, 30), "2026-03")
    assert sum(part.amount_fen for part in fact.components) == fact.total_fen
    (found,) = await listed(desk, account_no="A1")
    async with desk.client() as client:
        working = (await client.get(f"/v1/adjustments/{found['adjustment_id']}")).json()["working"]
    assert (working["recorded_kwh"], working["kwh"], working["policy"]) == ("206", "-3", "CN/supply-rules@2024")
    assert [bill["recorded_kwh"] for bill in working["bills"]] == ["103", "103"]
    assert (await listed(desk, "meter-tests"))[0]["state"] == "settled"
    assert await adjust(desk, "2026-03-11") == {"issued": 0, "asked": 0, "waiting": 0}


async def test_what_is_issued_again_after_a_restore_is_the_same_document(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 103))
    await desk.released(usage(1, 2, 103))
    await hear(desk, shown())
    await adjust(desk)
    (before,) = await listed(desk)
    async with desk.db.begin() as tx:
        await tx.execute(delete(ADJUSTMENT))
    await adjust(desk, "2026-03-20")
    (after,) = await listed(desk)
    assert after["adjustment_id"] == before["adjustment_id"], "collection posts a document once"
    assert after["issued_on"] == "2026-03-20"


async def test_refunds_are_at_the_highest_tier_reached_and_recovered_kwh_at_the_first(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    for n in (1, 2):
        await desk.released(usage(n, 1, 3000, route=f"R{n}"))  # 2,760 in the first tier, the rest in the second
    for held in await desk.bills("bill_id", status="held"):
        await desk.decide(held[0], "approve", "2026-02-02")
    await desk.work()
    span = {"to": date(2026, 2, 1), "tested_on": date(2026, 2, 1)}
    await hear(desk, shown("25", **span), shown("-25", dispute_no="D2", point="SP2", **span))
    await adjust(desk)
    # 3000 ÷ 1.25 − 3000 = −600, half −300 at 0.588; 3000 ÷ 0.75 − 3000 = 1000, half 500 at 0.538
    assert sorted(told(await desk.published(AdjustmentIssued))) == [("A1", -300_000, -17_640), ("A2", 500_000, 26_900)]


async def test_an_error_within_the_limits_changes_nothing(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1), usage(1, 2))
    await hear(desk, shown("1.9", within_limits=True))
    assert await adjust(desk) == {"issued": 0, "asked": 0, "waiting": 0}
    assert (await listed(desk, "meter-tests", state="within_limits"))[0]["dispute_no"] == "D1"
    assert await listed(desk) == []


async def test_a_test_waits_until_its_span_is_billed_and_says_from_which_day(desk: Desk) -> None:
    await hear(desk, shown())
    assert await adjust(desk, "2026-03-02") == {"issued": 0, "asked": 0, "waiting": 1}
    assert (await listed(desk, "meter-tests", state="waiting"))[0]["waits_for"] == "2026-01-01"
    await desk.open(account(1))
    await desk.released(usage(1, 1, 103))
    await desk.measure(usage(1, 2, 103))
    await adjust(desk, "2026-03-03")
    (test,) = await listed(desk, "meter-tests", state="waiting")
    assert test["waits_for"] == "2026-02-01"
    async with desk.client() as client:
        assert "wattline_meter_tests_waiting 1.0" in (await client.get("/metrics")).text
    await desk.released(usage(1, 2, 103))
    assert (await adjust(desk, "2026-03-10"))["issued"] == 1


async def test_a_corrected_bill_is_followed_by_a_reversal_and_a_new_adjustment(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 103))
    await desk.released(usage(1, 2, 103))
    await hear(desk, shown())
    await adjust(desk)
    await desk.measure(usage(1, 2, 206, version=2, replaces_reason="reread"))
    assert (await adjust(desk, "2026-03-11"))["issued"] == 2
    facts = await desk.published(AdjustmentIssued)
    assert told(facts) == [("A1", -3_000, -161), ("A1", 3_000, 161), ("A1", -4_500, -242)]
    assert [fact.reverses for fact in facts] == [None, facts[0].adjustment_id, None]
    totals = await desk.totals("2026-03")
    assert (totals["adjustments_issued"], totals["adjustments_fen"]) == (3, -242)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_another_result_of_the_test_takes_the_place_of_the_first_in_any_order(
    desk: Desk, order: Sequence[int]
) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 103))
    await desk.released(usage(1, 2, 103))
    for version in order:
        await hear(desk, shown("3.0") if version == 1 else shown("1.0", 2, within_limits=True))
        await adjust(desk, f"2026-03-{10 + version}" if order == (1, 2) else f"2026-03-{14 - version}")
    facts = await desk.published(AdjustmentIssued)
    assert sum(fact.total_fen for fact in facts) == 0
    assert len(facts) == (2 if order == (1, 2) else 0)


@pytest.fixture
async def strict(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk whose policy wants two people from 1 yuan on."""
    steps = {"adjustment.issue": [{"from_fen": 100, "second": "billing:review"}], "bill.decision": []}
    file = billing_kit.policy_file(tmp_path / "policy.json", approvals=steps)
    async with billing_kit.desk(database_url, tmp_path, WATTLINE_BILLING_POLICY=str(file)) as made:
        yield made


async def test_a_large_adjustment_is_asked_for_and_anew_where_bills_change(strict: Desk) -> None:
    desk = strict
    await desk.open(account(1))
    await desk.released(usage(1, 1, 103))
    await desk.released(usage(1, 2, 103))
    await hear(desk, shown())

    async def pending() -> list[dict[str, Any]]:
        return await listed(desk, "approvals", state="pending", kind="adjustment.issue")

    assert await adjust(desk) == {"issued": 0, "asked": 1, "waiting": 0}
    (first,) = await pending()
    assert (first["requested_by"], first["subject_id"]) == ("metrology-1", "D1")
    await desk.measure(usage(1, 2, 206, version=2, replaces_reason="reread"))
    assert await desk.second(first) == ("refused", "adjustment.changed_meanwhile")
    await adjust(desk, "2026-03-11")
    (second,) = await pending()
    assert second["content"]["documents"][0]["total_fen"] == -242
    assert await desk.second(second, subject="metrology-1") == ("refused", "approval.own_request")
    assert await desk.second(second) == ("done", None)
    assert told(await desk.published(AdjustmentIssued)) == [("A1", -4_500, -242)]
    assert await adjust(desk, "2026-03-12") == {"issued": 0, "asked": 0, "waiting": 0}


async def test_what_was_rejected_is_not_asked_for_again(strict: Desk) -> None:
    desk = strict
    await desk.open(account(1))
    await desk.released(usage(1, 1, 103))
    await desk.released(usage(1, 2, 103))
    await hear(desk, shown())
    await adjust(desk)
    (asked,) = await listed(desk, "approvals", state="pending", kind="adjustment.issue")
    assert await desk.second(asked, decision="reject") == ("done", None)
    assert [each["state"] for each in await listed(desk, "meter-tests")] == ["rejected"]
    assert await adjust(desk, "2026-03-11") == {"issued": 0, "asked": 0, "waiting": 0}
    assert [each["state"] for each in await listed(desk, "meter-tests")] == ["rejected"]
    assert await listed(desk) == []


async def test_the_number_of_statements_is_the_same_for_2_and_40_tests(desk: Desk) -> None:
    assert len(set(await _counts(desk))) == 1
    assert await listed(desk, "approvals", state="pending") == []


async def test_large_ones_by_many_persons_are_put_before_a_second_one_in_as_many_statements(strict: Desk) -> None:
    assert len(set(await _counts(strict))) == 1
    asked = await listed(strict, "approvals", state="pending", kind="adjustment.issue", limit="500")
    assert {each["requested_by"] for each in asked} == {f"metrology-{n}" for n in range(1, 43)}


async def _counts(desk: Desk) -> list[int]:
    """Statements for 2 and 40 tests, each decided by another person."""
    counts = []
    for first, many in ((1, 2), (3, 40)):
        numbers = range(first, first + many)
        await desk.open(*(account(n) for n in numbers))
        await desk.released(*(usage(n, 1, 103, route=f"R{first}") for n in numbers))
        span: dict[str, Any] = {"to": date(2026, 2, 1), "tested_on": date(2026, 2, 1)}
        tests = [shown("9.0", dispute_no=f"D{n}", point=f"SP{n}", decided_by=f"metrology-{n}", **span) for n in numbers]
        await hear(desk, *tests)
        seen = desk.watch()
        await adjust(desk, f"2026-03-{first:02}")
        counts.append(len(seen))
    return counts

"""A wrong wiring, multiplier or meter ends in an adjustment by two people: a document, without penalty, never a usage."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.billing.business_day import store as business_day
from services.billing.usages.tables import USAGE
from shared.events.billing import AdjustmentIssued, ChargeIssued
from tests.kits import billing as billing_kit
from tests.kits.billing import Desk, account
from tests.kits.cases import ask, got, listed, opened

WIRING = {
    "rate": "2",
    "parts": [
        {"name": "peak", "kwh": "30000", "price": "0.6"},
        {"name": "valley", "kwh": "20000", "price": "0.2"},
        {"name": "flat", "kwh": "30000", "price": "0.4"},
    ],
}
SAID = {"explanation": "tested on site", "business_date": "2026-02-20"}


async def proposed(desk: Desk, number: str, name: str, given: dict[str, Any], calculation: int = 1) -> dict[str, Any]:
    path = f"cases/{number}"
    body = {"calculation": name, "breach_on": "2010-06-01", "input": given}
    seen = (await got(desk, path))["row_version"]
    assert (await ask(desk, f"{path}/calculations", body, seen=seen))[0] == 200
    status, told = await ask(desk, f"{path}/proposal", SAID | {"calculation": calculation}, seen=seen + 1)
    assert status == 202
    return dict(told)


@pytest.mark.parametrize(
    ("kind", "name", "given", "wh", "fen"),
    [
        # 80,000 kWh were recorded, the published example recovers 160,000 more for 68,000 yuan
        ("wrong_wiring", "wrong_wiring", WIRING, 160_000_000, 6_800_000),
        (
            "wrong_multiplier",
            "wrong_multiplier",
            {"kwh": "3000", "used": "30", "true": "40", "price": "1"},
            1_000_000,
            100_000,
        ),
        # 1,050 kWh at +5 %: half of the span is given back
        ("meter_error", "meter_error", {"kwh": "1050", "error": "0.05", "price": "0.5"}, -25_000, -1_250),
    ],
)
async def test_a_metering_fault_is_adjusted_for_by_two_people(
    desk: Desk, kind: str, name: str, given: dict[str, Any], wh: int, fen: int
) -> None:
    await desk.open(account(1))
    number = await opened(desk, kind)
    told = await proposed(desk, number, name, given)
    (asked,) = await listed(desk, "approvals", state="pending")
    assert (asked["kind"], asked["content"]["adjustment_fen"], asked["content"]["penalty_fen"]) == (
        "case.adjust",
        fen,
        0,
    )
    assert await desk.second(told, subject="inspector-1") == ("refused", "approval.own_request")
    assert await desk.second(told, subject="second-1") == ("done", None)
    (fact,) = await desk.published(AdjustmentIssued)
    assert (fact.case_no, fact.account_no, fact.energy_wh, fact.total_fen) == (number, "A1", wh, fen)
    assert [(part.component, part.amount_fen) for part in fact.components] == [("energy", fen)]
    case = await got(desk, f"cases/{number}")
    assert (case["state"], case["outcome_fen"], case["charges"]) == ("adjusted", fen, [])
    (shown,) = await listed(desk, "adjustments", case_no=number)
    working = (await got(desk, f"adjustments/{shown['adjustment_id']}"))["working"]
    assert (working["calculation"], working["policy"]) == (name, "CN/supply-rules@1996")
    assert await desk.published(ChargeIssued) == []
    assert await desk.count(USAGE) == 0
    totals = await desk.totals("2026-02")
    assert (totals["adjustments_issued"], totals["adjustments_fen"], totals["charges_issued"]) == (1, fen, 0)


async def test_adjusted_anew_the_document_before_is_taken_back(desk: Desk) -> None:
    await desk.open(account(1))
    number = await opened(desk, "wrong_multiplier")
    given = {"kwh": "3000", "used": "30", "true": "40", "price": "1"}
    await desk.second(await proposed(desk, number, "wrong_multiplier", given))
    path = f"cases/{number}"
    seen = (await got(desk, path))["row_version"]
    async with desk.db.begin() as tx:
        await business_day.advance(tx, date(2026, 3, 9))
    assert (await ask(desk, f"{path}/reopening", {"reason": "the ratio plate was read again"}, seen=seen))[0] == 200
    again = {"calculation": "wrong_multiplier", "breach_on": "2010-06-01", "input": given | {"true": "45"}}
    await ask(desk, f"{path}/calculations", again, seen=seen + 1)
    late = {"explanation": "read again", "business_date": "2026-03-09", "calculation": 2}
    _, told = await ask(desk, f"{path}/proposal", late, seen=seen + 2)
    assert await desk.second(told) == ("done", None)
    facts = await desk.published(AdjustmentIssued)
    assert [(fact.total_fen, fact.reverses is None) for fact in facts] == [
        (100_000, True),
        (-100_000, False),
        (150_000, True),
    ]
    assert facts[1].reverses == facts[0].adjustment_id
    assert {fact.issued_on for fact in facts[1:]} == {date(2026, 3, 9)}
    assert (await got(desk, path))["outcome_fen"] == 150_000


async def test_what_is_rejected_is_adjusted_for_by_nobody(desk: Desk) -> None:
    await desk.open(account(1))
    number = await opened(desk, "meter_error")
    told = await proposed(desk, number, "meter_error", {"kwh": "1050", "error": "0.05", "price": "0.5"})
    assert await desk.second(told, decision="reject") == ("done", None)
    assert (await got(desk, f"cases/{number}"))["state"] == "investigating"
    assert await desk.published(AdjustmentIssued) == []


GIVEN = {"kwh": "3000", "used": "30", "true": "40", "price": "1"}
BACK = {"cause": "mistaken", "explanation": "the ratio plate was misread"}


async def adjusted(desk: Desk) -> tuple[str, str]:
    """Return a case of a wrong multiplier that was adjusted for, and the document."""
    await desk.open(account(1))
    number = await opened(desk, "wrong_multiplier")
    assert await desk.second(await proposed(desk, number, "wrong_multiplier", GIVEN)) == ("done", None)
    (fact,) = await desk.published(AdjustmentIssued)
    return number, fact.adjustment_id


async def test_an_adjustment_is_taken_back_by_two_people_with_its_opposite(desk: Desk) -> None:
    number, document = await adjusted(desk)
    before = await got(desk, f"adjustments/{document}")
    async with desk.db.begin() as tx:
        await business_day.advance(tx, date(2026, 3, 9))
    path = f"adjustments/{document}/withdrawal"
    assert await ask(desk, path, BACK, org_units=["zj/ningbo"]) == (404, "adjustment.unknown")
    status, told = await ask(desk, path, BACK)
    assert status == 202
    (asked,) = await listed(desk, "approvals", state="pending", kind="adjustment.withdraw")
    assert (asked["content"]["total_fen"], asked["content"]["case_no"]) == (100_000, number)
    assert len(await desk.published(AdjustmentIssued)) == 1
    assert await desk.second(told, subject="inspector-1") == ("refused", "approval.own_request")
    assert await desk.second(told) == ("done", None)
    was, fact = await desk.published(AdjustmentIssued)
    assert (fact.reverses, fact.case_no, fact.account_no) == (document, number, was.account_no)
    assert (fact.total_fen, fact.energy_wh, fact.issued_on) == (-100_000, -1_000_000, date(2026, 3, 9))
    assert [(part.component, part.amount_fen) for part in fact.components] == [("energy", -100_000)]
    assert await got(desk, f"adjustments/{document}") == before
    working = (await got(desk, f"adjustments/{fact.adjustment_id}"))["working"]
    assert (working["cause"], working["asked_by"]) == ("mistaken", "inspector-1")
    case = await got(desk, f"cases/{number}")
    assert (case["state"], case["outcome_fen"], case["stands"]) == ("adjusted", 0, [])
    for each in (document, fact.adjustment_id):
        assert await ask(desk, f"adjustments/{each}/withdrawal", BACK) == (409, "adjustment.withdrawn")
    # with nothing left of it, it is dismissed, or adjusted for anew
    reopening = {"reason": "read again", "business_date": "2026-03-09"}
    seen = case["row_version"]
    assert (await ask(desk, f"cases/{number}/reopening", reopening, seen=seen))[0] == 200
    dismissal = {"explanation": "the plate was right", "business_date": "2026-03-09"}
    assert (await ask(desk, f"cases/{number}/dismissal", dismissal, seen=seen + 1))[0] == 200


async def test_what_was_taken_back_meanwhile_is_not_taken_back_again(desk: Desk) -> None:
    number, document = await adjusted(desk)
    _, told = await ask(desk, f"adjustments/{document}/withdrawal", BACK)
    assert await ask(desk, f"adjustments/{document}/withdrawal", BACK | {"cause": "waived"}) == (
        *(409, "approval.asked_already"),
    )
    seen = (await got(desk, f"cases/{number}"))["row_version"]
    await ask(desk, f"cases/{number}/reopening", {"reason": "read again", "business_date": "2026-02-20"}, seen=seen)
    again = await proposed(desk, number, "wrong_multiplier", GIVEN | {"true": "45"}, calculation=2)
    assert await desk.second(again) == ("done", None)
    assert await desk.second(told) == ("refused", "adjustment.withdrawn")
    facts = await desk.published(AdjustmentIssued)
    assert [fact.total_fen for fact in facts] == [100_000, -100_000, 150_000]
    assert (await got(desk, f"cases/{number}"))["outcome_fen"] == 150_000


async def test_policy_may_want_nobody_else_to_take_a_small_one_back(desk: Desk) -> None:
    _, document = await adjusted(desk)
    desk.two_people(adjustment__withdraw=[{"from_fen": 100_001, "second": "billing:review"}])
    assert (await ask(desk, f"adjustments/{document}/withdrawal", BACK))[0] == 200
    assert sum(fact.total_fen for fact in await desk.published(AdjustmentIssued)) == 0


@pytest.mark.postgres
async def test_an_adjustment_is_taken_back_once_by_two_at_the_same_moment(
    postgres_database: str, tmp_path: Path
) -> None:
    async with billing_kit.desk(postgres_database, tmp_path) as desk:
        number, document = await adjusted(desk)
        _, told = await ask(desk, f"adjustments/{document}/withdrawal", BACK)
        seen = (await got(desk, f"cases/{number}"))["row_version"]
        reopening = {"reason": "read again", "business_date": "2026-02-20"}
        await ask(desk, f"cases/{number}/reopening", reopening, seen=seen)
        again = await proposed(desk, number, "wrong_multiplier", GIVEN | {"true": "45"}, calculation=2)
        withdrawn, anew = await asyncio.gather(desk.second(told), desk.second(again))
        assert anew == ("done", None)
        assert withdrawn in (("done", None), ("refused", "adjustment.withdrawn"))
        facts = await desk.published(AdjustmentIssued)
        assert sum(fact.total_fen for fact in facts) == 150_000
        assert [fact.reverses for fact in facts if fact.reverses] == [document]

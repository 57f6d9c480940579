"""A wrong wiring, multiplier or meter ends in an adjustment by two people: a document, without penalty, never a usage."""

from datetime import date
from typing import Any

import pytest

from services.billing.business_day import store as business_day
from services.billing.usages.tables import USAGE
from shared.events.billing import AdjustmentIssued, ChargeIssued
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

"""Usage version n+1: replaced without a trace where nothing went out, reversed and replaced in one group where it did."""

from datetime import date, timedelta

import pytest

from services.billing.bills.tables import CORRECTION
from services.billing.bills.use_cases import corrections
from shared.events.billing import BillCorrected, BillIssued
from shared.events.reading import UsageMeasured
from tests.kits import verdicts
from tests.kits.billing import Desk, account, closed, usage


def replaced(base: UsageMeasured, **values: object) -> UsageMeasured:
    return base.model_copy(update=values)


def again(n: int, cycle: int, kwh: int, version: int = 2, **more: object):  # type: ignore[no-untyped-def]
    return usage(n, cycle, kwh, version=version, replaces_reason="misread", **more)


async def test_a_bill_that_was_not_issued_is_replaced_without_reversal(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 200))
    await desk.measure(again(1, 1, 300))
    assert await desk.bills("version", "status", "total_fen") == [(1, "replaced", 10760), (2, "ready", 16140)]
    assert await desk.published(BillCorrected) == []


async def test_an_issued_bill_is_reversed_and_replaced_in_one_fact(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    await desk.measure(again(1, 1, 200))
    (fact,) = await desk.published(BillCorrected)
    (issued,) = await desk.published(BillIssued)
    assert fact.reversals == (issued.bill,)
    assert [(b.version, b.total_fen, b.issued_on) for b in fact.replacements] == [(2, 10760, date(2026, 2, 2))]
    assert fact.reason == "misread"
    assert await desk.bills("version", "status") == [(1, "reversed"), (2, "issued")]


async def test_later_bills_of_the_ladder_year_are_rated_again_in_order(desk: Desk) -> None:
    await desk.open(account(1))
    for cycle in (1, 2, 3):
        await desk.released(usage(1, cycle, 1000))
    # tier 1 ends at 2,760 kWh: the third bill had 240 kWh above it, and has none after the correction
    assert [b.total_fen for f in await desk.published(BillIssued) for b in [f.bill]] == [53800, 53800, 55000]
    await desk.measure(again(1, 1, 700))
    (fact,) = await desk.published(BillCorrected)
    assert [b.cycle for b in fact.reversals] == ["2026-01", "2026-03"]
    assert [b.total_fen for b in fact.replacements] == [37660, 53800]
    assert await desk.bills("version", "status", cycle="2026-02") == [(1, "issued")]


async def test_a_second_correction_starts_from_the_restated_ladder(desk: Desk) -> None:
    await desk.open(account(1))
    for cycle in (1, 2, 3):
        await desk.released(usage(1, cycle, 1000))
    await desk.measure(again(1, 1, 900))
    await desk.measure(again(1, 3, 990))
    second = (await desk.published(BillCorrected))[1]
    # 900 + 1,000 + 990: 130 kWh above tier 1
    assert [b.total_fen for b in second.replacements] == [53262 + 130 * 5]
    await desk.measure(again(1, 1, 1000, version=3))
    third = (await desk.published(BillCorrected))[2]
    assert [b.total_fen for b in third.replacements] == [53800, 53262 + 230 * 5]


async def test_one_batch_corrects_a_bill_and_bills_the_next_period_on_the_new_ladder(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 1000))
    await desk.released(usage(1, 2, 1000))
    await desk.measure(again(1, 2, 900), usage(1, 3, 1000))
    (fact,) = await desk.published(BillCorrected)
    assert [b.total_fen for b in fact.replacements] == [48420]
    assert await desk.bills("status", "total_fen", cycle="2026-03") == [("ready", 53800 + 140 * 5)]


async def test_the_same_figures_again_correct_nothing(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    await desk.measure(again(1, 1, 300))
    assert await desk.published(BillCorrected) == []
    assert await desk.bills("version", "status") == [(1, "issued")]


async def test_an_implausible_correction_waits_for_a_reviewer_and_the_issued_bill_stays(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    await desk.measure(again(1, 1, 5000))
    assert await desk.bills("version", "status") == [(1, "issued"), (2, "proposed")]
    assert await desk.published(BillCorrected) == []
    async with desk.client() as client:
        (item,) = (await client.get("/v1/review-queue")).json()["items"]
        answer = await client.post(
            f"/v1/bills/{item['bill_id']}/decisions",
            json={
                "decision": "approve",
                "explanation": "a kiln in the yard",
                "verdicts": verdicts.on(item),
                "business_date": "2026-02-10",
            },
            headers={"If-Match": f'"{item["row_version"]}"'},
        )
    assert answer.status_code == 200, answer.text
    (fact,) = await desk.published(BillCorrected)
    assert (fact.corrected_on, [b.energy_wh for b in fact.replacements]) == (date(2026, 2, 10), [5_000_000])
    assert await desk.bills("version", "status") == [(1, "reversed"), (2, "replaced"), (3, "issued")]


async def test_a_newer_version_overtakes_a_proposal(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    await desk.measure(again(1, 1, 5000))
    await desk.measure(again(1, 1, 310, version=3))
    assert await desk.bills("version", "status") == [(1, "reversed"), (2, "replaced"), (3, "issued")]


async def test_an_earlier_period_that_comes_late_moves_the_later_bills(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 2, 2760))
    await desk.measure(usage(1, 1, 100))
    (bill,) = await desk.bills("status", "total_fen", cycle="2026-02", status="held")
    assert bill == ("held", 276 * 538 + 100 * 5)


async def test_reversals_are_the_bills_as_they_were_issued(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    for version, kwh in ((2, 200), (3, 250)):
        await desk.measure(again(1, 1, kwh, version=version))
    first, second = await desk.published(BillCorrected)
    assert second.reversals == first.replacements
    assert await desk.count(CORRECTION) == 2


@pytest.mark.parametrize("style", ["reversal_and_new", "delta"])
async def test_a_chain_longer_than_one_fact_may_hold_is_corrected_in_several(desk: Desk, style: str) -> None:
    desk.correct_by(style)
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(corrections.BILLS_MAX * 3 + 7)]
    first = usage(1)
    await desk.open(account(1))
    await desk.released(
        *(
            replaced(
                first,
                usage_id=f"U-{n}",
                period_from=day,
                period_to=day + timedelta(days=1),
                energy_wh={"import": 9_000},
            )
            for n, day in enumerate(days)
        )
    )
    issued = [fact.bill for fact in await desk.published(BillIssued)]
    assert len(issued) == len(days)
    await desk.open(account(1, tariff="CN-ZJ/residential/combined"))
    await desk.decide(issued[0].bill_id, "correct", "2026-02-10")
    facts = await desk.published(BillCorrected)
    assert [len(fact.reversals) for fact in facts] == [corrections.BILLS_MAX] * 3 + [7]
    assert [bill for fact in facts for bill in fact.reversals] == issued
    assert {bill.total_fen for fact in facts for bill in fact.replacements} == {502}
    assert await desk.count(CORRECTION) == 4


async def test_a_settled_estimate_is_shown_on_the_bill(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 200, quality="estimated", estimates_in_a_row=1))
    await desk.measure(usage(1, 2, 210, settles_estimate=True))
    (findings,) = (await desk.bills("findings", cycle="2026-02"))[0]
    assert "billing.settles_estimate" in findings


async def test_two_versions_in_one_batch_end_as_they_would_one_by_one(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 200), again(1, 1, 300))
    assert await desk.bills("version", "status", "energy_wh") == [(1, "ready", 300_000)], "the newer one is in force"
    await desk.close(closed([usage(1, 1, 200)]))
    await desk.work()
    assert [f.bill.total_fen for f in await desk.published(BillIssued)] == [16140]


async def test_a_bill_and_its_correction_name_each_other(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    await desk.measure(again(1, 1, 200))
    (fact,) = await desk.published(BillCorrected)
    async with desk.client() as client:
        old = (await client.get(f"/v1/bills/{fact.reversals[0].bill_id}")).json()
        new = (await client.get(f"/v1/bills/{fact.replacements[0].bill_id}")).json()
    assert (old["replaced_by"], old["reversed_by"]) == (new["bill_id"], fact.correction_id)
    assert (new["replaces"], new["correction_id"]) == (old["bill_id"], fact.correction_id)

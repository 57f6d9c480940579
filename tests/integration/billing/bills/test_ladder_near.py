"""Who comes near the next tier of a yearly ladder is told once, by the bill that shows it: on both databases.

The tariff has tiers up to 2,760 and 4,800 kWh a year; as shipped a tier is near from 90 % on.
"""

import random
from dataclasses import replace
from datetime import date

import orjson
import pytest

from services.billing.bills.domain import policy
from services.billing.contracts.domain import AccountTerms
from services.billing.settings import DEFAULT_POLICY
from shared.events.billing import LadderTierNear
from tests.kits.billing import Desk, account, usage

LARGE = {
    "implausible_home": {"severity": "hold", "classes": ["residential"], "over_kwh_a_month": 100_000},
    "abnormal_amount": {"severity": "hold", "over_fen": {"*": 100_000_000}},
}
"""What a review does not hold though it is large."""


async def told(desk: Desk) -> list[tuple[str, str, int, int, bool]]:
    facts = await desk.published(LadderTierNear)
    return [(f.contract_no, f.cycle, f.tier, f.used_wh // 1000, f.reached) for f in facts]


async def test_each_tier_of_a_year_is_told_once_when_it_is_near(desk: Desk) -> None:
    await desk.open(account(1))
    for cycle, kwh in enumerate((900, 900, 683, 400, 500, 600, 500, 600), 1):
        await desk.released(usage(1, cycle, kwh))

    assert await told(desk) == [("C1", "2026-04", 2, 2883, True), ("C1", "2026-07", 3, 4483, False)]
    first, _ = await desk.published(LadderTierNear)
    ((bill_id, issued_on),) = await desk.bills("bill_id", "issued_on", cycle="2026-04")
    assert (first.bill_id, first.causation_id, first.told_on) == (bill_id, bill_id, issued_on)
    assert (first.ladder, first.year, first.limit_wh, first.account_no) == ("year", 2026, 2_760_000, "A1")


async def test_of_two_tiers_that_one_bill_reaches_the_higher_is_told_and_the_other_never(desk: Desk) -> None:
    await desk.open(account(1))
    desk.review_by(**LARGE)
    await desk.released(usage(1, 1, 4900))
    await desk.released(usage(1, 2, 4500))
    assert await told(desk) == [("C1", "2026-01", 3, 4900, True)]


async def test_a_corrected_bill_is_told_only_of_a_tier_that_nobody_was_told_of(desk: Desk) -> None:
    await desk.open(account(1))
    for cycle in (1, 2, 3):
        await desk.released(usage(1, cycle, 850))
    assert await told(desk) == [("C1", "2026-03", 2, 2550, False)]
    more = {"version": 2, "replaces_reason": "misread"}
    await desk.measure(usage(1, 3, 860, **more))  # type: ignore[arg-type]
    assert len(await told(desk)) == 1
    desk.review_by(**LARGE)
    await desk.measure(usage(1, 3, 2700, **more | {"version": 3}))  # type: ignore[arg-type]
    await desk.approve_all("2026-04-20")
    assert (await told(desk))[1:] == [("C1", "2026-03", 3, 4400, False)]


async def test_a_large_household_and_other_classes_are_not_told_before_their_own_limits(desk: Desk) -> None:
    shop = replace(account(2), facts=(AccountTerms(date(2020, 1, 1), "commercial", 3, 1),))
    await desk.open(account(1, people=6), shop)
    for cycle in (1, 2, 3):
        await desk.released(usage(1, cycle, 900), usage(2, cycle, 900))
    assert await told(desk) == []
    assert await desk.bills("status", contract_no="C2") == [("issued",)] * 3
    await desk.released(usage(1, 4, 900))  # 3,600 of 3,960 kWh
    assert await told(desk) == [("C1", "2026-04", 2, 3600, False)]


async def test_where_the_policy_says_nothing_nobody_is_told(desk: Desk) -> None:
    document = orjson.loads(DEFAULT_POLICY.read_bytes())
    del document["versions"][0]["ladder_near"]
    desk.context = replace(desk.context, policies=policy.load(document))
    await desk.open(account(1))
    for cycle in (1, 2, 3):
        await desk.released(usage(1, cycle, 900))
    assert await told(desk) == []


@pytest.mark.parametrize("seed", range(2))
async def test_any_order_and_batches_of_usages_tell_the_same(desk: Desk, seed: int) -> None:
    chosen = random.Random(seed)
    await desk.open(*(account(n) for n in (1, 2, 3)))
    for cycle in (1, 2, 3, 4):
        usages = [usage(n, cycle, 700) for n in (1, 2, 3)]
        chosen.shuffle(usages)
        await desk.measure(*usages[: chosen.randrange(1, 4)])
        await desk.released(*usages)
    assert sorted(await told(desk)) == [(f"C{n}", "2026-04", 2, 2800, True) for n in (1, 2, 3)]

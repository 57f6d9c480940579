"""A tested meter and a case do not adjust for the same days of a supply, whichever comes first."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from shared.events.billing import AdjustmentIssued
from tests.integration.billing.adjustments.test_adjustments import adjust, hear, listed, shown
from tests.kits import billing as billing_kit
from tests.kits.billing import Desk, account, usage
from tests.kits.cases import ask, opened
from tests.kits.standing_cases import approve, billed, calculated, propose

SPAN = ("2026-01-15", "2026-02-15")
BACK = {"cause": "mistaken", "explanation": "the meter was tested"}


async def used(desk: Desk) -> str:
    """Return a case of a wrong multiplier at a point that is billed for January and February."""
    await desk.open(account(1))
    for cycle in (1, 2):
        await desk.released(usage(1, cycle, 103))
    return await opened(desk, "wrong_multiplier")


async def test_beside_a_case_nothing_is_adjusted_for_a_tested_meter_until_that_is_taken_back(desk: Desk) -> None:
    number = await used(desk)
    await billed(desk, number, "wrong_multiplier", *SPAN)
    await hear(desk, shown())
    assert await adjust(desk, "2026-04-11") == {"issued": 0, "asked": 0, "waiting": 1}
    assert (await listed(desk, "meter-tests"))[0]["state"] == "of_case"
    (fact,) = await desk.published(AdjustmentIssued)
    assert fact.case_no == number
    _, told = await ask(desk, f"adjustments/{fact.adjustment_id}/withdrawal", BACK)
    assert await desk.second(told) == ("done", None)
    assert await adjust(desk, "2026-04-12") == {"issued": 1, "asked": 0, "waiting": 0}
    assert (await listed(desk, "meter-tests"))[0]["state"] == "settled"


async def test_beside_a_tested_meter_no_case_adjusts_for_its_days(desk: Desk) -> None:
    number = await used(desk)
    await hear(desk, shown())
    assert (await adjust(desk))["issued"] == 1
    worked = await calculated(desk, number, "wrong_multiplier", *SPAN)
    assert await propose(desk, number, worked) == (409, "case.billed_twice")
    after = await calculated(desk, number, "wrong_multiplier", "2026-03-01", "2026-04-01")
    assert (await propose(desk, number, after))[0] == 202


@pytest.fixture
async def strict(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk whose policy wants two people from 1 yuan on."""
    steps = {"adjustment.issue": [{"from_fen": 100, "second": "billing:review"}]}
    file = billing_kit.policy_file(tmp_path / "policy.json", approvals=steps)
    async with billing_kit.desk(database_url, tmp_path, WATTLINE_BILLING_POLICY=str(file)) as made:
        yield made


async def test_what_waits_for_a_second_person_is_dropped_where_a_case_adjusts(strict: Desk) -> None:
    desk = strict
    number = await used(desk)
    await hear(desk, shown())
    assert (await adjust(desk, "2026-04-09"))["asked"] == 1
    (asked,) = await listed(desk, "approvals", state="pending", kind="adjustment.issue")
    await billed(desk, number, "wrong_multiplier", *SPAN)
    assert await desk.second(asked) == ("refused", "adjustment.changed_meanwhile")
    assert await adjust(desk, "2026-04-11") == {"issued": 0, "asked": 0, "waiting": 1}
    assert await listed(desk, "approvals", state="pending", kind="adjustment.issue") == []


async def test_a_test_of_other_days_or_of_a_meter_that_is_right_goes_on(desk: Desk) -> None:
    number = await used(desk)
    await billed(desk, number, "wrong_multiplier", "2026-03-01", "2026-04-01")
    await hear(desk, shown(), shown("1.0", dispute_no="D2", within_limits=True, to=date(2026, 4, 1)))
    assert (await adjust(desk, "2026-04-11"))["issued"] == 1
    assert {each["state"] for each in await listed(desk, "meter-tests")} == {"settled", "within_limits"}


@pytest.mark.postgres
async def test_a_test_and_a_case_at_the_same_moment_adjust_once(postgres_database: str, tmp_path: Path) -> None:
    async with billing_kit.desk(postgres_database, tmp_path) as desk:
        number = await used(desk)
        assert (await propose(desk, number, await calculated(desk, number, "wrong_multiplier", *SPAN)))[0] == 202
        await hear(desk, shown())
        await asyncio.gather(approve(desk, number), adjust(desk, "2026-04-11"))
        assert len(await desk.published(AdjustmentIssued)) == 1

"""Each state of a closing has a day for its step, and is listed once that is over; so is what no calendar dates."""

from datetime import date, timedelta

import pytest

from services.billing.closings.domain.life import UNDER_WAY
from services.billing.contracts.domain import AccountTerms
from services.billing.contracts.store import contracts
from services.billing.rating.rating_types import Equipment
from shared.business_calendar import Calendar, YearUnknown
from tests.integration.billing.closings.test_too_late import ended, metric
from tests.kits.billing import Desk, account
from tests.kits.closings import (
    READ_ON,
    advance,
    announced,
    approved,
    begun,
    closings,
    final_usage,
    find,
    hear,
    job,
    months,
    settled,
    shown,
    unused,
)

NEXT = READ_ON + timedelta(days=1)


async def walk(desk: Desk, state: str) -> None:
    if state == "checking":
        await begun(desk)
    elif state == "announced":
        await announced(desk)
    elif state == "final_read":
        await approved(desk)
    else:
        closing = await ended(desk)
        if state != "ended":
            await desk.measure(final_usage())
            await advance(desk, NEXT)
        if state == "settled":
            await hear(desk, settled(await shown(desk, closing), NEXT))
            await advance(desk, NEXT + timedelta(days=1))


@pytest.mark.parametrize("state", UNDER_WAY)
async def test_each_state_is_listed_once_its_day_is_over(desk: Desk, state: str) -> None:
    await walk(desk, state)
    (closing,) = await closings(desk)
    assert (closing["state"], await closings(desk, overdue="true")) == (state, [])
    due = date.fromisoformat(closing["due_on"])
    await job(desk, "find-unused-supplies", due)
    assert (await closings(desk, overdue="true"), await metric(desk, "closings_overdue")) == ([], 0)
    await job(desk, "find-unused-supplies", due + timedelta(days=1))
    assert [each["state"] for each in await closings(desk, overdue="true")] == [state]
    assert await metric(desk, "closings_overdue") == 1


async def test_what_no_calendar_dates_is_listed_and_dated_once_one_does(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> date:
        raise YearUnknown

    with monkeypatch.context() as patched:
        patched.setattr(Calendar, "after", unknown)
        await begun(desk)
        assert [row["take_up_by"] for row in await unused(desk)] == [None]
        await advance(desk, date(2026, 7, 4))
        assert [each["due_on"] for each in await closings(desk, overdue="true")] == [None]
        assert await metric(desk, "closings_overdue") == 1
    await advance(desk, date(2026, 7, 5))
    assert await closings(desk, overdue="true") == []
    (closing,) = await closings(desk)
    assert closing["due_on"] > "2026-07-05"


async def test_unused_supply_that_no_calendar_dates_is_listed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> date:
        raise YearUnknown

    await desk.open(account(1))
    await desk.measure(*months(1))
    with monkeypatch.context() as patched:
        patched.setattr(Calendar, "after", unknown)
        await find(desk)
        assert [row["contract_no"] for row in await unused(desk, overdue="true")] == ["C1"]
        assert await metric(desk, "unused_supplies_overdue") == 1
    await find(desk, date(2026, 7, 3))
    assert await unused(desk, overdue="true") == []
    assert [row["take_up_by"] for row in await unused(desk)] == ["2026-07-17"]


@pytest.mark.parametrize(
    ("states", "state", "why"),
    [(("suspended", "suspended"), "explained", "suspended"), (("suspended", "in_use"), "open", "")],
)
async def test_supply_whose_equipment_is_all_suspended_is_listed_with_why_and_any_in_use_is_open(
    desk: Desk, states: tuple[str, ...], state: str, why: str
) -> None:
    equipment = tuple(Equipment(f"T{n}", 100_000, each) for n, each in enumerate(states))
    await _written(desk, AccountTerms(date(2020, 1, 1), "residential", 4, 1, equipment=equipment))
    await desk.measure(*months(3))
    await find(desk)
    assert [(row["state"], row["why"]) for row in await unused(desk)] == [(state, why)]
    assert await metric(desk, "unused_supplies") == (state == "open")


async def _written(desk: Desk, terms: AccountTerms) -> None:
    """Write an account with equipment past the check of its names: the tariff of the kit has none."""
    stated = contracts.stated(account(3, facts=(terms,)))
    async with desk.db.begin() as tx:
        await contracts.upsert(tx, [(stated, 1)])

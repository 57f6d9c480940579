"""Estimates wait for the account that is supplied at their service point."""

import asyncio

import pytest

from tests.kits.notify import Notify, contact
from tests.kits.told_facts import account, estimate


async def test_an_estimate_goes_to_the_account_at_its_service_point(notify: Notify) -> None:
    await notify.handle(account(1), account(2))
    await notify.put(contact(1), contact(2))
    await notify.handle(estimate(2))
    (notice,) = await notify.notices()
    assert (notice.account_no, notice.template, notice.cause_kind) == ("a0002", "estimate_made", "usage")
    assert '"account_no":"a0002"' in notice.figures


async def test_an_estimate_waits_for_its_account_and_then_for_its_contact(notify: Notify) -> None:
    await notify.handle(estimate(1), estimate(1))
    assert await notify.unaddressed() == [("u0001", "waits_for_account")]
    await notify.handle(account(1, point="elsewhere"))
    assert await notify.unaddressed() == [("u0001", "waits_for_account")]
    await notify.handle(account(1, version=2))
    assert await notify.unaddressed() == [("u0001", "waits_for_contact")]
    await notify.put(contact(1))
    assert [n.account_no for n in await notify.notices()] == ["a0001"]
    assert await notify.unaddressed() == []


async def test_an_annulled_contract_supplies_nobody(notify: Notify) -> None:
    whole = account(1)
    annulled = whole.contracts[0].model_copy(update={"annulled": True})
    await notify.handle(whole.model_copy(update={"contracts": (annulled,)}))
    await notify.handle(estimate(1))
    assert await notify.unaddressed() == [("u0001", "waits_for_account")]


async def test_an_older_version_of_an_account_that_comes_late_changes_nothing(notify: Notify) -> None:
    await notify.put(contact(1))
    await notify.handle(account(1, version=3), account(1, version=2, point="elsewhere"))
    await notify.handle(account(1, version=2, point="elsewhere"))
    await notify.handle(estimate(1))
    assert len(await notify.notices()) == 1


@pytest.mark.postgres
async def test_an_estimate_and_its_account_that_come_at_the_same_time_do_not_miss_each_other(
    notify_on_postgres: Notify,
) -> None:
    notify = notify_on_postgres
    await notify.put(*(contact(number) for number in range(1, 61)))
    for number in range(1, 61):
        await asyncio.gather(notify.handle(estimate(number)), notify.handle(account(number)))
    assert len(await notify.notices()) == 60
    assert await notify.unaddressed() == []

"""From facts to notices: exactly one row per cause, contact and template, whatever comes first."""

import asyncio
from datetime import date
from typing import Any

import pytest

from services.notify.notices import jobs
from services.notify.notices.store.queue import ConflictingCause
from shared.db.jobs import run
from tests.kits.notify import Notify, contact
from tests.kits.told_facts import ISSUED, account, corrected, estimate, issued, payment_reversed, reminder


async def test_each_contact_gets_one_notice_of_a_bill(notify: Notify) -> None:
    await notify.put(contact(1), contact(2, account_no="a0001", role="tenant"), contact(3))
    await notify.handle(issued(1), issued(3))
    found = [(n.party_no, n.cause_id, n.template, n.state, n.cycle, n.day) for n in await notify.notices()]
    assert found == [
        ("c0001", "bill-0001", "bill_issued", "queued", "2026-01", ISSUED),
        ("c0002", "bill-0001", "bill_issued", "queued", "2026-01", ISSUED),
        ("c0003", "bill-0003", "bill_issued", "queued", "2026-01", ISSUED),
    ]


async def test_a_fact_that_comes_again_changes_nothing(notify: Notify) -> None:
    await notify.put(contact(1))
    for _ in range(2):
        await notify.handle(issued(1), issued(1), issued(2), issued(2))
    before = await notify.notices()
    assert len(before) == 1
    assert await notify.unaddressed() == [("bill-0002", "waits_for_contact")]
    await notify.handle(issued(1))
    assert await notify.notices() == before


async def test_a_cause_that_comes_again_with_other_figures_is_a_fault_of_the_sender(notify: Notify) -> None:
    await notify.put(contact(1))
    first = issued(1)
    await notify.handle(first)
    other = first.model_copy(update={"bill": first.bill.model_copy(update={"total_fen": first.bill.total_fen + 1})})
    before = await notify.notices()
    with pytest.raises(ConflictingCause):
        await notify.handle(other)
    assert await notify.notices() == before


async def test_bill_correction_reminder_and_reversal_of_one_account_are_a_notice_each(notify: Notify) -> None:
    await notify.put(contact(1))
    for fact in (issued(1), corrected(1), reminder(1), payment_reversed(1), payment_reversed(1)):
        await notify.handle(fact)
    templates = [(n.cause_id, n.template) for n in await notify.notices()]
    assert templates == [
        ("bill-0001", "bill_issued"),
        ("correction-0001", "bill_corrected"),
        ("payment-0001", "payment_reversed"),
        ("reminder-0001", "reminder"),
    ]


async def test_a_bill_waits_for_the_contact_that_comes_later(notify: Notify) -> None:
    await notify.handle(issued(1), issued(2))
    assert await notify.unaddressed() == [("bill-0001", "waits_for_contact"), ("bill-0002", "waits_for_contact")]
    await notify.put(contact(1, valid_from=date(2026, 2, 20)), contact(3, account_no="a0001", role="tenant"))
    assert [(n.party_no, n.cause_id) for n in await notify.notices()] == [
        ("c0001", "bill-0001"),
        ("c0003", "bill-0001"),
    ]
    assert await notify.unaddressed() == [("bill-0002", "waits_for_contact")]


async def test_a_contact_that_comes_after_the_time_to_wait_gets_no_old_bill(notify: Notify) -> None:
    await notify.handle(issued(1))
    await notify.put(contact(1, valid_from=date(2026, 3, 5)))  # 31 days after the issue; the policy waits 30
    assert await notify.notices() == []
    assert await notify.unaddressed() == [("bill-0001", "waits_for_contact")]


async def test_the_job_settles_as_no_contact_what_waited_too_long_and_says_so_once(notify: Notify) -> None:
    await notify.handle(issued(1), issued(2, issued_on=date(2026, 2, 3)))
    job = jobs.give_up_waiting(notify.policies)
    early = await run(notify.database, job, date(2026, 3, 4))
    assert early.counts == {"no_contact": 0}
    for _ in range(2):
        await run(notify.database, job, date(2026, 3, 5))
    assert await notify.unaddressed() == [("bill-0001", "no_contact"), ("bill-0002", "waits_for_contact")]
    (fact,) = await notify.published()
    assert (fact["type"], fact["cause_id"], fact["reason"]) == ("notify.notice_failed.v1", "bill-0001", "no_contact")
    await notify.put(contact(1), contact(2))
    assert [n.cause_id for n in await notify.notices()] == ["bill-0002"]


async def test_a_contact_of_a_bureau_that_does_not_own_the_account_opens_no_door(notify: Notify) -> None:
    await notify.put(contact(1, org_unit="zj/ningbo"))  # before the account is known here
    await notify.handle(issued(1))
    assert await notify.notices() == []
    assert await notify.unaddressed() == [("bill-0001", "waits_for_contact")]


def facts(kind: str, numbers: range) -> list[Any]:
    make = {"bill": issued, "correction": corrected, "reminder": reminder, "estimate": estimate, "account": account}
    return [make[kind](number) for number in numbers]


@pytest.mark.parametrize("kind", ["bill", "correction", "reminder", "estimate", "account"])
@pytest.mark.parametrize("known", [True, False], ids=["contact known", "contact unknown"])
async def test_the_statements_of_a_batch_are_as_many_for_ten_facts_as_for_a_thousand(
    notify: Notify, kind: str, known: bool
) -> None:
    if known:
        await notify.handle(*facts("account", range(1, 2000)))
        await notify.put(*(contact(n) for n in range(1, 1000)))
        await notify.put(*(contact(n) for n in range(1000, 2000)))
    counts = []
    for numbers in (range(1, 11), range(11, 1011)):
        with notify.statements() as seen:
            await notify.handle(*facts(kind, numbers))
        counts.append(len(seen))
    assert counts[0] == counts[1]
    if known and kind in ("bill", "correction", "reminder"):
        # parties with what they are verified for, parties locked, notices, who has many in a week; where the account is supplied
        # of reminders three more: the account's anchor (two), under which is seen whether the step was withdrawn
        assert counts[0] == 4 + (kind == "reminder") * 4


@pytest.mark.postgres
async def test_a_bill_and_its_contact_that_come_at_the_same_time_do_not_miss_each_other(
    notify_on_postgres: Notify,
) -> None:
    notify = notify_on_postgres
    for number in range(1, 61):
        await asyncio.gather(notify.handle(issued(number)), notify.put(contact(number)))
    assert len(await notify.notices()) == 60
    assert await notify.unaddressed() == []

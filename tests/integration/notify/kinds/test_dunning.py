"""What collection has done about a debt: one mail for all of it, a call task, a visit. What its people do, no notice tells."""

from pathlib import Path

import pytest

from tests.integration.notify.sending.test_tones import WORDS, Vulnerable, mails, standing
from tests.kits.notify import BODY, Api, Contact, Notify, contact
from tests.kits.told_facts import account, reminder, reminder_of_before

OWED = "account a0001 owes CNY 123.45, due on 2026-02-20, still open on 2026-03-05."


async def test_three_bills_are_one_mail_however_often_the_step_is_told(database_url: str, tmp_path: Path) -> None:
    step = reminder(1)
    assert len(step.debts) == 3
    texts, listed = await mails(database_url, tmp_path, step, step, to=contact(1))
    assert [OWED in text for text in texts] == [True]
    assert [(one["template"], one["cause_id"]) for one in listed] == [("reminder", "reminder-0001")]


async def test_a_reminder_of_before_that_is_still_in_a_log_is_told(notify: Notify) -> None:
    await notify.put(contact(1))
    await notify.handle(reminder_of_before(1), reminder_of_before(1))
    assert [(n.template, n.cause_id) for n in await notify.notices()] == [("reminder", "reminder-0001")]


@pytest.mark.parametrize(("is_vulnerable", "tone"), [(False, "firm"), (True, "gentle")])
async def test_a_stage_may_have_a_tone_of_its_own_but_not_towards_who_is_vulnerable(
    database_url: str, tmp_path: Path, is_vulnerable: bool, tone: str
) -> None:
    base = contact(1)
    to = Vulnerable(**{name: getattr(base, name) for name in Contact.__dataclass_fields__}) if is_vulnerable else base
    (text,), (one,) = await mails(database_url, tmp_path, standing("prompt"), reminder(1, tone="firm"), to=to)
    assert (one["tone"], WORDS[tone] in text) == (tone, True)


async def test_a_call_is_a_task_for_who_calls_and_a_visit_is_asked_for(api: Api) -> None:
    notify = api.notify
    await notify.handle(account(1))
    line = [BODY["points"][0] | {"kind": "landline", "address": "0571-8888 0000"}]
    roles = [{"role": "holder", "account_no": "a0001", "valid_from": "2026-01-01"}]
    assert (await api.call("PUT", "/v1/parties/p1", BODY | {"points": line, "roles": roles})).status_code == 200
    await notify.handle(reminder(1, action="call", step_id="call"), reminder(1, action="visit", step_id="visit"))
    await notify.handle(reminder(1, action="approval", step_id="x"), reminder(1, action="cut", step_id="y"))
    assert sorted((n.template, n.channel, n.cause_id) for n in await notify.notices()) == [
        ("dunning_call", "landline", "call"),
        ("dunning_visit", "visit", "visit"),
    ]

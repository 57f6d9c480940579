"""Who is told of a cut, by which ways, when, and what it says; an important customer's authority gets a copy."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.notify.notices.domain.receipts import Receipt
from services.notify.notices.use_cases import receipts
from services.notify.policies.domain.pace import BUDGETS
from services.notify.sending import use_cases as sending
from services.notify.sending.domain.port import Attempt
from services.notify.settings import NotifySettings
from shared.settings import SettingsError
from shared.testing.smtp import SmtpServer
from tests.kits.notify import CATALOGUE, LINKS, VAULT, Api, Notify, contact, started
from tests.kits.told_cuts import announced, imminent
from tests.kits.told_facts import issued, reminder

MOBILE = "13800000001"
EVENING = datetime(2026, 2, 2, 14, 0, tzinfo=UTC)
"""22:00 in Shanghai: quiet hours."""


async def told(notify: Notify) -> list[tuple[str, str, str, str]]:
    return sorted((n.cause_id, n.party_no, n.channel, n.state) for n in await notify.notices())


async def claim(notify: Notify, channel: str) -> list[sending.Claimed]:
    async with notify.database.begin() as tx:
        return await sending.claim(
            tx, CATALOGUE, LINKS, VAULT, policies=notify.policies, channel=channel, count=5, lease_seconds=60
        )


async def finish(notify: Notify, taken: list[sending.Claimed], result: Any, **more: Any) -> None:
    async with notify.database.begin() as tx:
        await sending.finish(tx, [(each, Attempt(result, **more)) for each in taken], notify.rules())


async def test_a_cut_is_told_with_its_figures_to_all_whom_it_concerns_and_again_where_it_is_announced_again(
    database_url: str, tmp_path: Path
) -> None:
    roles = {1: "holder", 2: "payer", 3: "tenant", 4: "delegate", 5: "landlord", 6: "authority"}
    with SmtpServer() as server:
        given = {"WATTLINE_NOTICE_SENDERS": "1", "WATTLINE_SMTP_PORT": str(server.port)}
        async with started(database_url, tmp_path, **given) as api:
            people = [contact(n, account_no="a0001", role=role) for n, role in roles.items()]
            await api.notify.put(replace(people[0], language="zh"), *people[1:])
            for fact in (announced(1), announced(1), announced(2)):
                await api.notify.handle(fact)
            await api.send_all()
            facts = await api.notify.published()
    said = {mail.recipient: " ".join(mail.text.split()) for mail in server.mails}
    assert sorted(said) == [f"person{n:04}@example.org" for n in range(1, 5)], (
        "as shipped neither landlord nor authority"
    )
    assert len(server.mails) == 8, "each announcement once"
    for words in ("supply p0001", "CNY 123.45 is overdue on 2026-02-02", "since 2026-01-20", "from 2026-02-05 on"):
        assert words in said["person0002@example.org"]
    for words in ("用电地点 p0001", "逾期未缴电费 123.45 元", "应于 2026-01-20 前", "自 2026-02-05 起"):
        assert words in said["person0001@example.org"]
    proof = {(fact["type"], fact["cause_kind"], fact["cause_id"]) for fact in facts}
    assert proof == {("notify.notice_delivered.v1", "cut", f"announcement-{n}") for n in (1, 2)}


async def test_the_fast_ways_with_proof_come_first_and_paper_and_the_door_last(notify: Notify) -> None:
    ways = (("landline", "0571-88880000"), ("sms", MOBILE), ("letter", "Hangzhou, West Lake Road 1"))
    await notify.put(contact(1, also=ways), contact(2, account_no="a0001", channel="letter", address="Road 2"))
    await notify.handle(announced())
    assert await told(notify) == [("announcement-1", "c0001", "sms", "queued")], "paper only where nothing else is"
    chain = []
    for channel in ("sms", "landline", "email", "letter", "visit"):
        taken = await claim(notify, channel)
        chain += [(each.channel, each.door) for each in taken]
        await finish(notify, taken, "permanent", code="x.1")
    assert chain == [("sms", ""), ("landline", ""), ("email", ""), ("letter", ""), ("visit", "p0001")]
    ((_, _, channel, state),) = await told(notify)
    assert (channel, state) == ("visit", "failed")
    assert [fact["reason"] for fact in await notify.published()] == ["x.1"]


async def test_an_sms_about_a_cut_is_proved_by_its_receipt_alone(notify: Notify) -> None:
    await notify.put(contact(1, channel="sms", address=MOBILE))
    await notify.handle(announced())
    await finish(notify, await claim(notify, "sms"), "accepted", reference="r1")
    assert (await notify.states(), await notify.published()) == ([("sent", "")], [])
    async with notify.database.begin() as tx:
        await receipts.take(tx, [Receipt(gateway="sms", reference="r1", result="delivered")], notify.policies)
    (fact,) = await notify.published()
    assert (fact["type"], fact["cause_kind"], fact["cause_id"]) == (
        "notify.notice_delivered.v1",
        "cut",
        "announcement-1",
    )


async def test_the_landlord_is_told_of_a_cut_where_the_policy_says_so(notify: Notify) -> None:
    notify.policy = replace(notify.policy, roles={**notify.policy.roles, "cut_notice": frozenset({"landlord"})})
    await notify.put(contact(1), contact(2, account_no="a0001", role="landlord"))
    await notify.handle(announced())
    assert [party_no for _, party_no, _, _ in await told(notify)] == ["c0002"]


async def test_what_is_imminent_goes_at_once_in_quiet_hours_and_over_the_budget_and_says_so(notify: Notify) -> None:
    await notify.put(contact(1, channel="sms", address=MOBILE, also=(("email", "one@example.org"),)))
    notify.clock.at = EVENING
    soon = EVENING + timedelta(minutes=30)
    await notify.handle(announced())
    await notify.handle(imminent(not_before=soon))
    due = {n.template: (n.channel, n.due_at, n.paced) for n in await notify.notices()}
    assert due["cut_notice"] == ("sms", EVENING + timedelta(hours=10), "quiet_hours")
    assert due["cut_imminent"] == ("sms", EVENING, "deadline"), "the fast way, not the one that disturbs nobody"
    (taken,) = await claim(notify, "sms")
    assert taken.template == "cut_imminent"
    await finish(notify, [taken], "permanent", code="sms.1")
    again = {n.template: (n.channel, n.due_at, n.paced) for n in await notify.notices()}
    assert again["cut_imminent"] == ("email", EVENING, "deadline")


async def test_the_budget_of_a_week_holds_neither_notice_of_a_cut(notify: Notify) -> None:
    notify.policy = replace(notify.policy, pace=replace(notify.policy.pace, budget=dict.fromkeys(BUDGETS, 1)))
    await notify.put(contact(1))
    await notify.handle(reminder(1))
    await notify.handle(announced())
    await notify.handle(imminent())
    assert {n.due_at for n in await notify.notices()} == {notify.clock.at}
    assert sorted(n.paced for n in await notify.notices()) == ["", "over_budget", "over_budget"]


@pytest.mark.parametrize(
    ("zone", "said"),
    [("", "after 2026-02-02 10:00."), ("Europe/Berlin", "after 2026-02-02 03:00 (Europe/Berlin).")],
)
async def test_the_hour_of_a_cut_is_said_as_the_clock_where_the_person_lives_shows_it(
    api: Api, zone: str, said: str
) -> None:
    hours = {"opens": "00:00", "closes": "23:59", "zone": zone}
    point = {"point_no": "1", "kind": "email", "address": "one@example.org", "valid_from": "2026-01-01"}
    verified = [{"account_no": "a0001", "how": "declared", "day": "2026-01-01"}]
    party = {
        "org_unit": "zj/hangzhou/xihu",
        "kind": "person",
        "name": "Li Ming",
        "language": "en",
        "points": [point | {"verified": verified}],
        "roles": [{"role": "holder", "account_no": "a0001", "valid_from": "2026-01-01"}],
        "preferences": {"hours": hours},
    }
    assert (await api.call("PUT", "/v1/parties/c0001", party)).status_code == 200
    await api.notify.handle(imminent())
    (taken,) = await claim(api.notify, "email")
    assert taken.text is not None
    assert said in taken.text.body
    assert "2026-02-02" in taken.text.short
    copy = await api.call("POST", "/v1/parties/c0001/exports", {"reason": "asked for"})
    assert said in copy.json()["notices"]["items"][0]["body"]


async def test_from_the_hour_of_the_cut_on_nobody_is_told_that_it_is_imminent(notify: Notify) -> None:
    await notify.put(contact(1, channel="sms", address=MOBILE, also=(("email", "one@example.org"),)))
    await notify.handle(imminent())
    await finish(notify, await claim(notify, "sms"), "temporary", code="sms.busy")
    notify.clock.move(hours=1)
    taken = await claim(notify, "sms")
    assert [(each.text, each.code) for each in taken] == [(None, "too_late")]
    await finish(notify, taken, "permanent", code="too_late")
    assert await notify.states() == [("failed", "too_late")], "and goes no other way"
    assert [fact["reason"] for fact in await notify.published()] == ["too_late"]


async def test_what_was_sent_is_awaited_until_the_cut_and_no_longer(notify: Notify) -> None:
    await notify.put(contact(1, channel="sms", address=MOBILE))
    await notify.handle(imminent())
    await finish(notify, await claim(notify, "sms"), "accepted", reference="r1")
    (notice,) = await notify.notices()
    assert (notice.state, notice.due_at) == ("sent", datetime(2026, 2, 2, 2, 0, tzinfo=UTC))


async def test_the_authority_gets_a_copy_of_an_important_customers_cut_and_nothing_else(notify: Notify) -> None:
    await notify.put(contact(1), contact(2, account_no="a0001", role="authority"))
    for fact in (announced(1), announced(2, copy_to_authority=True), imminent(), issued(1), reminder(1)):
        await notify.handle(fact)
    assert [n.template for n in await notify.notices() if n.party_no == "c0002"] == ["cut_notice_copy"]
    assert [n.template for n in await notify.notices() if n.party_no == "c0001"].count("cut_notice") == 2
    (copy,) = [n for n in await notify.notices() if n.party_no == "c0002"]
    assert (copy.cause_kind, copy.cause_id) == ("cut_copy", "announcement-2"), "no proof that the customer was told"


async def test_a_copy_for_which_no_authority_is_known_is_listed(notify: Notify) -> None:
    await notify.put(contact(1))
    await notify.handle(announced(copy_to_authority=True))
    assert await notify.unaddressed() == [("announcement-1", "waits_for_contact")]
    assert [n.template for n in await notify.notices()] == ["cut_notice"]


@pytest.mark.parametrize(
    "roles", [{"bill_issued": ["holder", "authority"]}, {"cut_notice": ["authority"]}, {"cut_notice_copy": ["holder"]}]
)
async def test_a_policy_that_tells_an_authority_of_anything_else_is_refused(
    database_url: str, tmp_path: Path, roles: dict[str, list[str]]
) -> None:
    policy = json.loads(NotifySettings.model_fields["notify_policy"].default.read_text("utf-8"))
    policy["versions"][0]["roles"] |= roles
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    with pytest.raises(SettingsError, match="authority"):
        async with started(database_url, tmp_path, WATTLINE_NOTIFY_POLICY=str(tmp_path / "policy.json")):
            pass

"""Several facts of a day for one person are one message, where their kinds allow it."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest

from services.notify.notices.domain.receipts import Receipt, message_id
from services.notify.notices.use_cases import receipts
from services.notify.sending import use_cases as sending
from services.notify.sending.domain.port import Attempt
from services.notify.settings import NotifySettings
from shared.db.engine import Database
from shared.testing.smtp import SmtpServer
from tests.integration.notify.sending.test_sending import running, until_final
from tests.kits.notify import CATALOGUE, LINKS, VAULT, Notify, contact, started
from tests.kits.told_facts import account, corrected, issued, payment_reversed, reminder

TEN = datetime(2026, 2, 2, 2, 0, tzinfo=UTC)
"""10:00 in Shanghai, of the day on which the facts come."""


def five() -> list[Any]:
    return [issued(1), issued(1, bill_id="b2"), corrected(1), payment_reversed(1), issued(1, bill_id="b3")]


def joining(notify: Notify, *times: str, **changes: Any) -> None:
    pace = replace(notify.policy.pace, join_at=tuple(map(time.fromisoformat, times)), **changes)
    notify.policy = replace(notify.policy, pace=pace)


async def told_in(notify: Notify, batches: Sequence[Sequence[Any]]) -> None:
    await notify.put(contact(1))
    await notify.handle(account(1))
    for batch in batches:
        for kind in {type(fact): None for fact in batch}:
            await notify.handle(*(fact for fact in batch if type(fact) is kind))


async def claim(notify: Notify, channel: str = "email", count: int = 5) -> list[sending.Claimed]:
    async with notify.database.begin() as tx:
        return await sending.claim(
            tx, CATALOGUE, LINKS, VAULT, policies=notify.policies, channel=channel, count=count, lease_seconds=60
        )


async def finish(notify: Notify, done: list[tuple[sending.Claimed, Attempt]]) -> None:
    async with notify.database.begin() as tx:
        await sending.finish(tx, done, notify.rules())


@pytest.mark.parametrize("senders", [1, 3])
async def test_five_facts_of_one_day_are_one_mail_at_the_next_joining_time(notify: Notify, senders: int) -> None:
    joining(notify, "10:00", "18:00")
    await told_in(notify, [five()])
    assert {(n.due_at, n.paced) for n in await notify.notices()} == {(TEN, "joining")}
    with SmtpServer() as server:
        async with running(notify.sender(server.port, senders=senders)):
            notify.clock.at = TEN
            assert await until_final(notify) == [("delivered", "")] * 5
    (mail,) = server.mails
    assert str(make_header(decode_header(mail.message["Subject"]))) == "Your electricity supply: 5 notices"
    assert mail.text.count("Total of this bill") == 3
    assert len({n.content_hash for n in await notify.notices()}) == 1
    facts = await notify.published()
    assert sorted(fact["cause_id"] for fact in facts) == sorted(n.cause_id for n in await notify.notices())


said: set[str] = set()
"""What the message says, over all orders."""


@pytest.mark.parametrize("seed", range(4))
async def test_order_and_size_of_batches_decide_nothing_of_what_is_one_message(notify: Notify, seed: int) -> None:
    drawn = random.Random(seed)
    joining(notify, "10:00")
    facts = drawn.sample(five(), 5)
    cut = drawn.randint(0, 5)
    await told_in(notify, [facts[:cut], facts[cut:], facts[:1]])
    notify.clock.at = TEN
    (message,) = await claim(notify)
    assert message.notice_id == min(n.notice_id for n in await notify.notices())
    assert len(message.others) == 4
    assert message.text is not None
    said.add(message.text.body)
    assert len(said) == 1
    assert await claim(notify) == []


async def test_a_sender_that_dies_after_it_sent_sends_the_same_message_under_the_same_id(notify: Notify) -> None:
    joining(notify)
    notify.retry_at_once()
    await told_in(notify, [five()[:3]])
    (first,) = await claim(notify)
    await told_in(notify, [five()[3:]])  # what comes meanwhile is another message
    notify.clock.move(seconds=61)
    async with notify.database.begin() as tx:
        assert await sending.expire(tx, notify.rules()) == 3
    messages = {each.notice_id: each for each in await claim(notify)}
    again = messages.pop(first.notice_id)
    (later,) = messages.values()
    assert again.text == first.text
    assert {each.notice_id for each in again.others} == {each.notice_id for each in first.others}
    assert (len(later.others), again.doubts) == (1, 1)
    await finish(notify, [(again, Attempt("accepted")), (later, Attempt("accepted"))])
    assert await notify.states() == [("delivered", "")] * 5
    assert {n.attempts for n in await notify.notices()} == {1, 2}


async def test_a_message_in_doubt_stays_one_message_over_smtp(notify: Notify) -> None:
    joining(notify)
    notify.retry_at_once()
    await told_in(notify, [five()])
    lost = {0: "drop_after_data"}
    with SmtpServer(faults=lambda recipient, tried: lost.get(tried, "accept")) as server:
        async with running(notify.sender(server.port)):
            assert await until_final(notify) == [("delivered", "")] * 5
    assert len(server.message_ids()) == 1


async def test_two_senders_at_once_send_each_person_one_message(notify: Notify, database_url: str) -> None:
    joining(notify, "10:00")
    await notify.put(*(contact(n) for n in range(1, 31)))
    await notify.handle(*(issued(n, bill_id=f"{n}-{k}") for n in range(1, 31) for k in range(3)))
    other = Notify(Database(database_url, clock=notify.clock), notify.clock, policy=notify.policy)
    with SmtpServer() as server:
        async with running(notify.sender(server.port), other.sender(server.port)):
            notify.clock.at = TEN
            assert await until_final(notify) == [("delivered", "")] * 90
    await other.database.close()
    assert len(server.mails) == 30
    assert set(server.message_ids().values()) == {1}


@pytest.mark.parametrize("by_reference", [False, True])
@pytest.mark.parametrize("result", ["delivered", "failed"])
async def test_a_receipt_of_the_message_counts_for_each_notice_in_it_whenever_it_comes(
    notify: Notify, by_reference: bool, result: str
) -> None:
    channels = {**notify.policy.channels, "email": replace(notify.policy.channels["email"], proof="receipt")}
    notify.policy = replace(notify.policy, channels=channels)
    joining(notify)
    await told_in(notify, [five()])
    (message,) = await claim(notify)
    named: dict[str, Any] = (
        {"reference": "r1"} if by_reference else {"message_id": message_id(message.notice_id, message.way)}
    )
    receipt = Receipt(gateway="smtp", result=result, code="x", **named)  # type: ignore[arg-type]
    async with notify.database.begin() as tx:
        await receipts.take(tx, [receipt], notify.policies)  # before its message is known to be sent
    await finish(notify, [(message, Attempt("accepted", reference="r1"))])
    async with notify.database.begin() as tx:
        await receipts.take(tx, [receipt], notify.policies)
    expected = ("delivered", "") if result == "delivered" else ("failed", "x")
    assert await notify.states() == [expected] * 5
    assert len(await notify.published()) == 5


async def test_a_message_that_is_refused_goes_the_next_way_as_one_message(notify: Notify) -> None:
    joining(notify)
    await notify.put(contact(1, also=(("sms", "13800000000"),)))
    await notify.handle(*(issued(1, bill_id=f"b{n}") for n in range(3)))
    (message,) = await claim(notify)
    await finish(notify, [(message, Attempt("permanent", "smtp.550"))])
    (by_sms,) = await claim(notify, "sms")
    assert len(by_sms.others) == 2
    assert by_sms.way == 1
    assert by_sms.text is not None
    assert by_sms.text.short.count(" / ") == 2


async def test_what_asks_or_has_legal_effect_is_a_message_of_its_own(notify: Notify) -> None:
    joining(notify)
    await told_in(notify, [[*five()[:2], reminder(1)]])
    sizes = sorted((len(each.others), each.template) for each in await claim(notify))
    assert sizes == [(0, "reminder"), (1, "bill_issued")]


async def test_without_joining_each_notice_is_a_message(notify: Notify) -> None:
    await told_in(notify, [five()])
    assert [len(each.others) for each in await claim(notify)] == [0] * 5


async def test_a_notice_that_would_miss_its_day_waits_for_no_others(notify: Notify) -> None:
    joining(notify, "08:00")  # over for today
    await notify.put(contact(1))
    await notify.handle(issued(1, due_on=date(2026, 2, 2)), issued(1, bill_id="later"))
    assert [(n.cause_id, n.paced) for n in await notify.notices()] == [("bill-0001", ""), ("later", "joining")]


async def test_what_is_one_message_is_one_contact_of_the_week(notify: Notify) -> None:
    joining(notify, "10:00", budget={"legal": 1, "service": 1, "tip": 1})
    await told_in(notify, [five()])
    assert {n.due_at for n in await notify.notices()} == {TEN}
    notify.clock.at = TEN
    (message,) = await claim(notify)
    await finish(notify, [(message, Attempt("accepted"))])
    notify.clock.move(minutes=1)
    await notify.handle(issued(1, bill_id="next"))
    (left,) = [n for n in await notify.notices() if n.due_at is not None]
    assert (left.cause_id, left.due_at - TEN) == ("next", timedelta(days=7))


async def test_a_message_holds_no_more_than_anybody_reads(notify: Notify) -> None:
    joining(notify)
    await notify.put(contact(1))
    await notify.handle(*(issued(1, bill_id=f"b{n:02}") for n in range(25)))
    assert sorted(len(each.others) for each in [*await claim(notify), *await claim(notify)]) == [4, 19]


async def test_statements_of_a_claim_are_as_many_for_two_messages_as_for_fifty(notify: Notify) -> None:
    joining(notify)
    await notify.put(*(contact(n) for n in range(1, 60)))
    await notify.handle(*(issued(n, bill_id=f"{n}-{k}") for n in range(1, 60) for k in range(3)))
    await claim(notify, count=1)
    counts = []
    for count in (2, 50):
        with notify.statements() as seen:
            assert len(await claim(notify, count=count)) == count
        counts.append(len(seen))
    assert counts[0] == counts[1]


async def test_over_rest_each_notice_of_a_message_is_listed_with_what_became_of_it(
    database_url: str, tmp_path: Path
) -> None:
    document = json.loads(NotifySettings.model_fields["notify_policy"].default.read_text())
    document["versions"][0]["pace"]["join_at"] = []
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(document))
    with SmtpServer() as server:
        given = {
            "WATTLINE_NOTIFY_POLICY": str(file),
            "WATTLINE_NOTICE_SENDERS": "2",
            "WATTLINE_SMTP_HOST": "127.0.0.1",
            "WATTLINE_SMTP_PORT": str(server.port),
            "WATTLINE_SMTP_SECURITY": "none",
        }
        async with started(database_url, tmp_path, **given) as api:
            await told_in(api.notify, [five()])
            await api.send_all()
            items = (await api.call("GET", "/v1/notices")).json()["items"]
            assert [item["state"] for item in items] == ["delivered"] * 5
            shown = [(await api.call("GET", f"/v1/notices/{item['notice_id']}")).json() for item in items]
            lead = min(item["notice_id"] for item in items)
            assert {each["message_id"] for each in shown} == {lead}
            kinds = {each["template"]: each["joins"] for each in (await api.call("GET", "/v1/templates")).json()}
    assert len(server.mails) == 1
    assert kinds["bill_issued"]
    assert not kinds["reminder"]

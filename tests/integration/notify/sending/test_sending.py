"""Sending over a real SMTP server that misbehaves on demand."""

import asyncio
import ipaddress
import logging
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select, update

from services.notify.notices.tables import NOTICE
from services.notify.policies.domain import Retry
from services.notify.sending import use_cases as sending
from services.notify.sending.domain.port import Attempt, Message
from services.notify.sending.gateways import smtp
from services.notify.sending.gateways.smtp import encode
from services.notify.sending.sender import Sender
from shared.dated import Period, Version, Versions
from shared.db.engine import Database
from shared.testing.servers import free_port
from shared.testing.smtp import SmtpServer
from tests.kits.notify import CATALOGUE, LINKS, VAULT, Notify, contact
from tests.kits.told_facts import issued

FINAL_SECONDS = 120


@asynccontextmanager
async def running(*senders: Sender) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(sender.run()) for sender in senders]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(notify: Notify, reached: Callable[[list[tuple[str, str]]], bool]) -> list[tuple[str, str]]:
    async with asyncio.timeout(FINAL_SECONDS):
        while not reached(states := await notify.states()):  # noqa: ASYNC110 - the state is in the database
            await asyncio.sleep(0.02)
    return states


async def until_final(notify: Notify) -> list[tuple[str, str]]:
    async with asyncio.timeout(FINAL_SECONDS):
        while any(n.due_at is not None for n in await notify.notices()):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
    return await notify.states()


async def queue(notify: Notify, count: int = 1, **changes: object) -> None:
    await notify.put(*(contact(number, **changes) for number in range(1, count + 1)))
    await notify.handle(*(issued(number) for number in range(1, count + 1)))


async def test_a_notice_is_delivered_in_its_contacts_language_and_said_so(notify: Notify) -> None:
    await notify.put(contact(1), contact(2, account_no="a0001", role="tenant", language="zh"))
    await notify.handle(issued(1))
    with SmtpServer() as server:
        async with running(notify.sender(server.port)):
            assert await until_final(notify) == [("delivered", "")] * 2
    by_recipient = {mail.recipient: mail for mail in server.mails}
    assert "Total of this bill: CNY 100.01" in by_recipient["person0001@example.org"].text
    assert "本期电费：100.01 元" in by_recipient["person0002@example.org"].text
    assert by_recipient["person0001@example.org"].message["From"] == "bills@wattline.example"
    facts = await notify.published()
    notices = await notify.notices()
    assert sorted(f["notice_id"] for f in facts) == sorted(n.notice_id for n in notices)
    assert {f["type"] for f in facts} == {"notify.notice_delivered.v1"}
    assert all(notice.template_version == 2 and len(notice.content_hash) == 64 for notice in notices)


async def test_two_senders_on_two_connections_each_never_send_a_notice_twice(notify: Notify, database_url: str) -> None:
    await queue(notify, 150)
    other = Notify(Database(database_url, clock=notify.clock), notify.clock)
    with SmtpServer() as server:
        async with running(notify.sender(server.port), other.sender(server.port)):
            assert set(await until_final(notify)) == {("delivered", "")}
    await other.database.close()
    assert len(server.mails) == 150
    assert set(server.message_ids().values()) == {1}
    assert server.connections <= 4  # each sender keeps its connection


async def test_a_temporary_refusal_is_tried_again_until_it_is_taken(notify: Notify) -> None:
    notify.retry_at_once()
    await queue(notify)
    fault = {0: "temporary", 1: "temporary_data", 2: "drop_before_data"}
    with SmtpServer(faults=lambda recipient, tried: fault.get(tried, "accept")) as server:
        async with running(notify.sender(server.port)):
            assert await until_final(notify) == [("delivered", "")]
    (notice,) = await notify.notices()
    assert (notice.attempts, len(server.mails)) == (4, 1)


async def test_a_notice_that_is_refused_for_now_too_often_fails_with_the_reply_code(notify: Notify) -> None:
    notify.retry_at_once(temporary=2)
    await queue(notify)
    with SmtpServer(faults=lambda recipient, tried: "temporary") as server:
        async with running(notify.sender(server.port)):
            assert await until_final(notify) == [("failed", "smtp.451")]
    (notice,) = await notify.notices()
    assert notice.attempts == 3
    assert [f["reason"] for f in await notify.published()] == ["smtp.451"]


@pytest.mark.parametrize(("fault", "code"), [("permanent", "smtp.550"), ("permanent_data", "smtp.554")])
async def test_a_permanent_refusal_fails_at_once_and_the_others_go_out(notify: Notify, fault: str, code: str) -> None:
    await queue(notify, 3)
    refused = "person0002@example.org"
    with SmtpServer(faults=lambda recipient, tried: fault if recipient == refused else "accept") as server:
        async with running(notify.sender(server.port, senders=1)):
            assert await until_final(notify) == [("delivered", ""), ("failed", code), ("delivered", "")]
    assert server.recipients() == {"person0001@example.org": 1, "person0003@example.org": 1}


@pytest.mark.parametrize(("fault", "copies"), [("drop_after_data", 2), ("lose_after_data", 1)])
async def test_a_lost_answer_is_in_doubt_and_sent_again_under_the_same_message_id(
    notify: Notify, fault: str, copies: int
) -> None:
    notify.retry_at_once()
    await queue(notify)
    with SmtpServer(faults=lambda recipient, tried: fault if tried == 0 else "accept") as server:
        async with running(notify.sender(server.port)):
            assert await until_final(notify) == [("delivered", "")]
    (notice,) = await notify.notices()
    assert notice.doubts == 1
    assert server.message_ids() == {f"<{notice.notice_id}@wattline.example>": copies}


async def test_a_notice_whose_answer_is_lost_too_often_stays_unknown_and_is_said_so(notify: Notify) -> None:
    notify.retry_at_once(in_doubt=1)
    await queue(notify)
    with SmtpServer(faults=lambda recipient, tried: "lose_after_data") as server:
        async with running(notify.sender(server.port)):
            assert await until_final(notify) == [("unknown", "smtp.connection_lost")]
    assert [f["reason"] for f in await notify.published()] == ["delivery_unknown"]


async def test_what_a_dead_sender_had_in_flight_is_in_doubt_when_its_lease_ends(notify: Notify) -> None:
    await queue(notify)
    async with notify.database.begin() as tx:
        assert await sending.claim(
            tx, CATALOGUE, LINKS, VAULT, policies=notify.policies, channel="email", count=1, lease_seconds=60
        )
    with SmtpServer() as server:
        async with running(notify.sender(server.port, lease_seconds=1)):
            await asyncio.sleep(0.6)  # two looks at the leases: the sender of the claim is thought alive
            assert await notify.states() == [("sending", "")]
            notify.clock.move(seconds=61)
            await until(notify, lambda states: states == [("unknown", "lease_expired")])
            notify.clock.move(hours=1)  # the policy waits 10 minutes, up to a quarter more
            assert await until_final(notify) == [("delivered", "")]
    assert set(server.message_ids().values()) == {1}


async def test_an_answer_that_comes_after_the_lease_still_counts(notify: Notify) -> None:
    await queue(notify)
    async with notify.database.begin() as tx:
        (claimed,) = await sending.claim(
            tx, CATALOGUE, LINKS, VAULT, policies=notify.policies, channel="email", count=1, lease_seconds=60
        )
    notify.clock.move(seconds=61)
    async with notify.database.begin() as tx:
        assert await sending.expire(tx, notify.rules()) == 1
    async with notify.database.begin() as tx:
        assert await sending.finish(tx, [(claimed, Attempt("accepted"))], notify.rules()) == 0
    assert await notify.states() == [("delivered", "")]


async def test_the_answer_to_an_attempt_that_was_overtaken_changes_nothing(notify: Notify) -> None:
    notify.retry_at_once()
    await queue(notify)
    async with notify.database.begin() as tx:
        (first,) = await sending.claim(
            tx, CATALOGUE, LINKS, VAULT, policies=notify.policies, channel="email", count=1, lease_seconds=60
        )
    notify.clock.move(seconds=61)
    async with notify.database.begin() as tx:
        await sending.expire(tx, notify.rules())
    async with notify.database.begin() as tx:
        (second,) = await sending.claim(
            tx, CATALOGUE, LINKS, VAULT, policies=notify.policies, channel="email", count=1, lease_seconds=60
        )
    assert second.attempts == 2
    async with notify.database.begin() as tx:
        late = first, Attempt("permanent", "smtp.550")
        assert await sending.finish(tx, [late], notify.rules()) == 1
    assert await notify.states() == [("sending", "lease_expired")]


async def test_a_mail_server_that_is_away_costs_no_notice_an_attempt(notify: Notify) -> None:
    await queue(notify, 2)
    port = free_port()
    async with running(notify.sender(port)):
        await asyncio.sleep(0.5)
        assert {(n.state, n.attempts) for n in await notify.notices()} == {("queued", 0)}
        with SmtpServer(port=port):
            assert await until_final(notify) == [("delivered", "")] * 2
    assert {n.attempts for n in await notify.notices()} == {1}


async def test_a_notice_is_tried_again_by_the_schedule_of_the_day_of_the_attempt(notify: Notify) -> None:
    hourly = replace(notify.policy, retry=Retry(temporary_seconds=(3600,) * 5, in_doubt_seconds=()))
    never = replace(notify.policy, retry=Retry(temporary_seconds=(), in_doubt_seconds=()))
    switch = date(2026, 2, 3)  # the clock stands on the day before
    versions = [Version("1", Period(date(2000, 1, 1), switch), hourly), Version("2", Period(switch), never)]
    notify.dated = Versions("retries", versions)
    await queue(notify)
    with SmtpServer(faults=lambda recipient, tried: "temporary") as server:
        async with running(notify.sender(server.port)):
            await until(notify, lambda states: states == [("queued", "smtp.451")])
            notify.clock.move(days=1)
            assert await until_final(notify) == [("failed", "smtp.451")]
    (notice,) = await notify.notices()
    assert notice.attempts == 2


async def test_a_contact_whose_channel_has_no_gateway_fails_honestly(notify: Notify) -> None:
    await queue(notify, 1, channel="letter", address="Hangzhou, West Lake Road 1")
    with SmtpServer() as server:
        async with running(notify.sender(server.port)):
            assert await until_final(notify) == [("failed", "no_gateway")]
    assert server.mails == []


async def test_a_corrected_address_is_used_at_once(notify: Notify) -> None:
    await queue(notify)
    await notify.put(contact(1, address="new@example.org"))
    with SmtpServer() as server:
        async with running(notify.sender(server.port)):
            await until_final(notify)
    assert server.recipients() == {"new@example.org": 1}


async def test_a_stopped_sender_finishes_what_is_in_flight(notify: Notify) -> None:
    await queue(notify, 50)
    with SmtpServer() as server:
        async with running(notify.sender(server.port, senders=3)):
            await until(notify, lambda states: ("delivered", "") in states)
        states = await notify.states()
    assert {state for state, _ in states} <= {"delivered", "queued"}
    assert states.count(("delivered", "")) == len(server.mails)


async def test_a_notice_that_cannot_be_encoded_fails_and_the_others_go_out(notify: Notify) -> None:
    points = {**notify.policy.points, "email": re.compile(".+")}
    notify.policy = replace(notify.policy, points=points)
    await notify.put(contact(1, address="李@example.org"), contact(2))
    await notify.handle(issued(1), issued(2))
    with SmtpServer() as server:
        async with running(notify.sender(server.port, senders=1)):
            assert await until_final(notify) == [("failed", "cannot_be_encoded"), ("delivered", "")]


async def test_a_notice_without_a_figure_that_its_template_shows_fails_and_the_others_go_out(notify: Notify) -> None:
    await queue(notify, 2)
    async with notify.database.begin() as tx:  # as an earlier release queued it, whose templates did not show the total
        of_first = NOTICE.c.cause_id == "bill-0001"
        figures = orjson.loads(str(await tx.scalar(select(NOTICE.c.figures).where(of_first))))
        del figures["total_fen"]
        await tx.execute(update(NOTICE).where(of_first).values(figures=orjson.dumps(figures).decode()))
    with SmtpServer() as server:
        async with running(notify.sender(server.port, senders=1)):
            assert await until_final(notify) == [("failed", "cannot_be_rendered"), ("delivered", "")]
    assert server.recipients() == {"person0002@example.org": 1}


def test_a_line_break_in_a_subject_makes_no_header() -> None:
    at = datetime(2026, 2, 2, tzinfo=UTC)
    subject = "bill\r\nBcc: all@example.org"
    message = Message(to="a@b.example", subject=subject, body="text", id="n1", at=at)
    mail = encode(message, "us@x.example")
    read = message_from_bytes(mail)
    assert read["Bcc"] is None
    assert len(read.items()) == 9


async def test_a_fault_of_our_own_in_one_notice_holds_up_no_other_and_ends_in_doubt(
    notify: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(message: Message, sender: str, name: str) -> bytes:
        if message.to.startswith("person0002"):
            raise RuntimeError("a bug")
        return encode(message, sender, name)

    monkeypatch.setattr(smtp, "encode", broken)
    await queue(notify, 5)
    with SmtpServer() as server:
        async with running(notify.sender(server.port)):
            await until(notify, lambda states: states.count(("delivered", "")) == 4)
            notify.clock.move(seconds=61)
        async with running(notify.sender(server.port)):
            states = await until(notify, lambda states: ("unknown", "lease_expired") in states)
    assert states[1] == ("unknown", "lease_expired")
    assert len(server.mails) == 4


@pytest.mark.parametrize("count", [1, 50])
async def test_the_statements_of_storing_and_claiming_are_as_many_for_one_notice_as_for_fifty(
    notify: Notify, count: int
) -> None:
    await queue(notify, 100)
    async with notify.database.begin() as tx:
        taken = await sending.claim(
            tx, CATALOGUE, LINKS, VAULT, policies=notify.policies, channel="email", count=count, lease_seconds=60
        )
    with notify.statements() as seen:
        async with notify.database.begin() as tx:
            await sending.finish(tx, [(each, Attempt("accepted")) for each in taken], notify.rules())
            await sending.claim(
                tx, CATALOGUE, LINKS, VAULT, policies=notify.policies, channel="email", count=count, lease_seconds=60
            )
    assert len(taken) == count
    assert len(seen) == 8  # locks, outcomes; due, claims, contact points, languages; journal, pointers


async def test_no_log_and_no_fact_names_an_address(notify: Notify, caplog: pytest.LogCaptureFixture) -> None:
    notify.retry_at_once(temporary=1, in_doubt=1)
    faults = ["permanent", "temporary", "drop_after_data", "drop_before_data", "permanent_data", "accept"]
    await queue(notify, len(faults))
    with (
        caplog.at_level(logging.DEBUG),
        SmtpServer(faults=lambda recipient, tried: faults[int(recipient[6:10]) - 1]) as server,
    ):
        async with running(notify.sender(server.port)):
            await until_final(notify)
    ours = [record for record in caplog.records if not record.name.startswith(("mail.log", "aiosqlite"))]
    assert not [record for record in ours if "example.org" in f"{record.__dict__}"]
    facts = await notify.published()
    assert len(facts) == len(faults)
    assert "example.org" not in str(facts)


async def test_tls_and_a_login_are_used_where_the_server_asks_for_them(notify: Notify, tmp_path: Path) -> None:
    tls, authority = certificate(tmp_path)
    await queue(notify)
    with SmtpServer(tls=tls, login=("wattline", "secret")) as server:
        given = {"security": "starttls", "username": "wattline", "certificates": str(authority)}
        async with running(notify.sender(server.port, password="wrong", **given)):
            await asyncio.sleep(0.5)
            assert await notify.states() == [("queued", "")]
        async with running(notify.sender(server.port, password="secret", **given)):
            assert await until_final(notify) == [("delivered", "")]


async def test_a_server_with_a_certificate_that_nobody_vouches_for_gets_no_mail(notify: Notify, tmp_path: Path) -> None:
    tls, _ = certificate(tmp_path)
    await queue(notify)
    with SmtpServer(tls=tls) as server:
        async with running(notify.sender(server.port, security="starttls")):
            await asyncio.sleep(0.5)
        assert server.mails == []
    assert await notify.states() == [("queued", "")]


def certificate(directory: Path) -> tuple[ssl.SSLContext, Path]:
    """A self-signed certificate for 127.0.0.1 and the server context that uses it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = directory / "cert.pem", directory / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public

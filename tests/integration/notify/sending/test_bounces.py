"""Bounces are read from a mailbox of Debian's Dovecot: what they say of notices, and what becomes of the mails."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from services.notify.sending.domain.bounces import Stamps
from services.notify.sending.gateways import mailbox
from services.notify.sending.gateways.mailbox import PROCESSED, UNKNOWN, ImapServer, Mailbox
from services.notify.sending.jobs import Bounces
from shared.metrics import Metrics
from shared.testing.servers import free_port
from shared.testing.smtp import SmtpServer
from tests.integration.notify.sending.test_sending import queue, running, until_final
from tests.integration.notify.sending.test_ways import chain, where
from tests.kits import dovecot
from tests.kits.bounces import AUTOREPLY, QUESTION, SHAPES, reply, report
from tests.kits.certificates import Authority
from tests.kits.dovecot import PASSWORD, USER, Dovecot
from tests.kits.notify import Notify, contact, started
from tests.kits.told_facts import issued

pytestmark = pytest.mark.dovecot
KEY = "bounce-key-planted-0123456789abcdef"
STAMPS = Stamps(KEY.encode())
SECOND = "second0001@example.org"
NUMBER = "0571-87654321"


@pytest.fixture
async def post() -> AsyncIterator[Dovecot]:
    async with dovecot.running() as running:
        yield running


class Reader(Bounces):
    """A reader of the mailbox, as a test looks at it."""

    def __init__(self, notify: Notify, server: ImapServer, box: Any = Mailbox) -> None:
        self.metrics = Metrics("notify")
        super().__init__(
            notify.database,
            partial(box, server),
            STAMPS,
            policies=notify.policies,
            wake=lambda: None,
            metrics=self.metrics,
        )

    def counted(self) -> dict[str, float]:
        (metric,) = self.metrics.counter("bounces_total").collect()
        return {each.labels["result"]: each.value for each in metric.samples if each.name.endswith("_total")}


async def put(post: Dovecot, *mails: bytes) -> None:
    await asyncio.to_thread(post.put, mails)


async def lie(post: Dovecot) -> tuple[int, int, int]:
    """How many mails are still to be read, were used, and were not understood."""
    inbox, used, unknown = [await asyncio.to_thread(post.count, name) for name in ("INBOX", PROCESSED, UNKNOWN)]
    return inbox, used, unknown


async def mailed(notify: Notify, count: int = 1, bounces: str | None = None, **changes: Any) -> list[str]:
    """Queue notices, let a mail server take them, and return their Message-IDs in order."""
    await queue(notify, count, **changes)
    with SmtpServer() as server:
        async with running(notify.sender(server.port, stamps=STAMPS, bounces=bounces)):
            await until_final(notify)
    by_recipient = {mail.recipient: mail.message_id for mail in server.mails}
    return [by_recipient[name] for name in sorted(by_recipient)]


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_mail_that_came_back_goes_the_next_way(notify: Notify, post: Dovecot, shape: str) -> None:
    (message_id,) = await mailed(notify, also=(("email", SECOND),))
    await put(post, report(shape, message_id))
    reader = Reader(notify, post.server)
    await reader.read_all()
    assert await where(notify) == ("queued", "2", "smtp.5.1.1")
    assert await chain(notify) == [("1", "failed", "smtp.5.1.1")]
    assert await lie(post) == (0, 1, 0)
    assert reader.counted() == {"failed": 1}


async def test_every_attempt_has_the_same_stamp_and_every_way_another(notify: Notify) -> None:
    await queue(notify, also=(("email", SECOND),))
    faults = {"person0001@example.org": ["drop_after_data", "permanent"]}
    notify.policy = replace(notify.policy, retry=replace(notify.policy.retry, in_doubt_seconds=(0, 0)))

    def fault(recipient: str, tried: int) -> str:
        return (faults.get(recipient, []) + ["accept"] * 9)[tried]

    with SmtpServer(faults=fault) as server:
        async with running(notify.sender(server.port, stamps=STAMPS)):
            await until_final(notify)
    (notice,) = await notify.notices()
    ways = [STAMPS.stamp(name) for name in (notice.notice_id, f"{notice.notice_id}.1")]
    assert server.message_ids() == {f"<{name}@wattline.example>": 1 for name in ways}


async def test_a_report_without_headers_is_known_by_the_address_that_it_comes_to(notify: Notify, post: Dovecot) -> None:
    paths: list[str] = []

    class Server(SmtpServer):
        async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
            paths.append(address)
            envelope.mail_from = address
            return "250 OK"

    await queue(notify, also=(("email", SECOND),))
    with Server() as server:
        sender = notify.sender(server.port, stamps=STAMPS, bounces="bounces@back.example")
        async with running(sender):
            await until_final(notify)
    (notice,) = await notify.notices()
    assert paths == [f"bounces+{STAMPS.stamp(notice.notice_id)}@back.example"]
    await put(post, report("postfix", to=paths[0], headers=b"Subject: cut off"))
    await Reader(notify, post.server).read_all()
    assert await where(notify) == ("queued", "2", "smtp.5.1.1")


async def test_a_delay_changes_nothing_and_a_report_of_success_is_a_receipt(notify: Notify, post: Dovecot) -> None:
    notify.policy = replace(
        notify.policy,
        channels={
            **notify.policy.channels,
            "email": replace(notify.policy.channels["email"], proof="receipt", receipt_hours=48),
        },
    )
    await queue(notify)
    with SmtpServer() as server:
        async with running(notify.sender(server.port, stamps=STAMPS)):
            await until(notify, ("sent", ""))
    message_id = server.mails[0].message_id
    await put(post, report("postfix", message_id, action="delayed", status="4.4.1"))
    reader = Reader(notify, post.server)
    await reader.read_all()
    assert await notify.states() == [("sent", "")]
    await put(post, report("exim", message_id, action="delivered", status="2.0.0"))
    await reader.read_all()
    assert await notify.states() == [("delivered", "")]
    assert await lie(post) == (0, 2, 0)
    assert reader.counted() == {"under_way": 1, "delivered": 1}


async def test_what_is_no_report_or_not_proved_is_kept_apart_and_changes_nothing(notify: Notify, post: Dovecot) -> None:
    (message_id,) = await mailed(notify)
    forged = f"<{Stamps(b'o' * 40).stamp((await notify.notices())[0].notice_id)}@wattline.example>"
    bare = f"<{(await notify.notices())[0].notice_id}@wattline.example>"
    odd = [
        reply(AUTOREPLY, message_id),
        reply(QUESTION, message_id),
        report("postfix", forged),
        report("exim", bare),
        report("exchange", message_id, action="", status=""),
        b"\r\n",
        b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n--x--\r\n",
        b"Subject: huge\r\n\r\n" + b"x" * 76 * 40_000,
    ]
    await put(post, *odd)
    reader = Reader(notify, post.server)
    await reader.read_all()
    assert await notify.states() == [("delivered", "")]
    assert await lie(post) == (0, 0, len(odd))
    assert reader.counted() == {"autoreply": 1, "not_a_report": 4, "not_proved": 1, "not_ours": 1, "no_status": 1}
    assert sorted(map(len, await asyncio.to_thread(post.mails, UNKNOWN))) == sorted(map(len, odd))


async def test_a_huge_report_is_read_by_its_beginning(notify: Notify, post: Dovecot) -> None:
    (message_id,) = await mailed(notify)
    whole = report("postfix", message_id)
    attached = whole.replace(b"5bqU57y055S16LS5", b"5bqU57y055S16LS5\r\n" * 500_000)
    assert len(attached) > 50 * mailbox.MAIL_BYTES_MAX
    await put(post, attached)
    await Reader(notify, post.server).read_all()
    assert await notify.states() == [("failed", "smtp.5.1.1")]
    assert await lie(post) == (0, 1, 0)


class Dies(Mailbox):
    """A mailbox whose reader dies once what a batch said is stored."""

    def move(self, uids: Any, folder: str) -> None:
        raise SystemExit


class DiesBetween(Mailbox):
    """One whose reader dies between the two folders."""

    def move(self, uids: Any, folder: str) -> None:
        if folder == UNKNOWN:
            raise SystemExit
        super().move(uids, folder)


@pytest.mark.parametrize("dies", [Dies, DiesBetween])
async def test_who_dies_between_storing_and_moving_changes_nothing_twice(
    notify: Notify, post: Dovecot, dies: Any
) -> None:
    (message_id,) = await mailed(notify, also=(("email", SECOND),))
    await put(post, report("exim", message_id), reply(AUTOREPLY, message_id))
    with pytest.raises(SystemExit):
        await Reader(notify, post.server, dies).read_all()
    before = await where(notify), await chain(notify), await notify.published()
    assert before[0] == ("queued", "2", "smtp.5.1.1")
    assert (await lie(post))[0] > 0
    await Reader(notify, post.server).read_all()
    assert (await where(notify), await chain(notify), await notify.published()) == before
    assert await lie(post) == (0, 1, 1)


async def test_two_readers_of_one_mailbox_do_what_one_does(notify: Notify, post: Dovecot) -> None:
    message_ids = await mailed(notify, 30, also=(("email", SECOND),))
    await put(post, *[report("postfix", message_id) for message_id in message_ids])
    await asyncio.gather(*[Reader(notify, post.server).read_all() for _ in range(3)])
    assert await notify.states() == [("queued", "smtp.5.1.1")] * 30
    assert await lie(post) == (0, 30, 0)


async def test_a_thousand_mails_are_read_in_bounded_batches_with_as_many_statements_each(
    notify: Notify, post: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "BATCH_MAX", 50)
    message_ids = await mailed(notify, 100)
    mails = [report(list(SHAPES)[n % 3], message_id) for n, message_id in enumerate(message_ids)]
    mails += [reply(AUTOREPLY, f"<{n}@example.org>") for n in range(900)]
    await put(post, *mails)
    sizes: list[int] = []

    class Watched(Mailbox):
        def batch(self) -> Any:
            found = super().batch()
            sizes.append(len(found))
            return found

    taken: list[int] = []
    with notify.statements() as statements:
        reader = Reader(notify, post.server, Watched)
        take = reader._read_batch

        async def counted(*args: Any) -> int:
            before = len(statements)
            count = await take(*args)
            taken.append(len(statements) - before)
            return count

        reader._read_batch = counted  # type: ignore[method-assign]
        begun = time.monotonic()
        await reader.read_all()
    assert time.monotonic() - begun < 60
    assert sizes == [50] * 20 + [0]
    assert taken[0] - taken[1] in (0, 1)
    assert set(taken[2:]) == {0}
    assert await notify.states() == [("failed", "smtp.5.1.1")] * 100
    assert await lie(post) == (0, 100, 900)


async def test_a_server_that_cannot_move_copies_and_takes_the_first_away(notify: Notify) -> None:
    async with dovecot.running("imap_capability = IMAP4rev1 UIDPLUS") as post:
        (message_id,) = await mailed(notify)
        await put(post, report("exim", message_id), reply(AUTOREPLY, message_id))
        await Reader(notify, post.starttls).read_all()
        assert await notify.states() == [("failed", "smtp.5.1.1")]
        assert await lie(post) == (0, 1, 1)


async def test_a_mailbox_that_cannot_be_read_is_said_and_read_when_it_can(
    notify: Notify, post: Dovecot, tmp_path: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notify.sending.jobs.LOOK_SECONDS", 0.05)
    (message_id,) = await mailed(notify)
    await put(post, report("exim", message_id))
    stranger = Authority(tmp_path, "stranger").file
    silent = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    wrong = {
        "password": replace(post.server, password="wrong-password-planted"),
        "nobody": replace(post.server, port=free_port()),
        "certificate": replace(post.server, certificates=str(stranger)),
        "silent": replace(post.server, port=silent.sockets[0].getsockname()[1], timeout_seconds=0.3),
        "folder": replace(post.server, folder="Elsewhere"),
    }
    for server in wrong.values():
        with pytest.raises(Exception, match=r".*"):
            await Reader(notify, server).read_all()
    silent.close()
    servers = iter([wrong["password"], wrong["folder"]])

    class Mending(Reader):
        async def read_all(self) -> None:
            server = next(servers, post.server)
            self._mailbox = partial(Mailbox, server)
            await super().read_all()

    reader = Mending(notify, post.server)
    notify.clock.move(hours=1)
    loop = asyncio.create_task(reader.run())
    await until(notify, ("failed", "smtp.5.1.1"))
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    said = [record for record in caplog.records if record.name == "services.notify.sending.jobs"]
    assert [record.message for record in said][:2] == ["bounces.unread"] * 2
    assert {record.levelno for record in said} == {logging.WARNING}
    assert "planted" not in str([record.__dict__ for record in caplog.records])
    assert reader.metrics.gauge("bounces_last_read_timestamp_seconds")._value.get() == notify.clock.now().timestamp()


def of(post: Dovecot, port: int) -> dict[str, str]:
    return {
        "WATTLINE_SMTP_PORT": str(port),
        "WATTLINE_SMTP_SENDER": "bills@utility.example",
        "WATTLINE_NOTICE_SENDERS": "2",
        "WATTLINE_BOUNCE_KEY": KEY,
        "WATTLINE_IMAP_HOST": post.server.host,
        "WATTLINE_IMAP_PORT": str(post.server.port),
        "WATTLINE_IMAP_USERNAME": USER,
        "WATTLINE_IMAP_PASSWORD": PASSWORD,
        "WATTLINE_IMAP_CERTIFICATES": str(post.server.certificates),
    }


async def test_a_bounced_mail_to_an_old_lady_becomes_a_call_and_she_is_told(
    database_url: str, tmp_path: Any, post: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notify.sending.jobs.LOOK_SECONDS", 0.1)
    with SmtpServer() as server:
        async with started(database_url, tmp_path, **of(post, server.port)) as api:
            await api.notify.put(contact(1, also=(("landline", NUMBER),)))
            await api.notify.handle(issued(1))
            loops = [asyncio.create_task(loop()) for loop in api.service.background]
            try:
                await until(api.notify, ("delivered", ""))
                await put(post, report("postfix", server.mails[0].message_id))
                await until(api.notify, ("sent", ""))
                (task,) = (await api.call("GET", "/v1/call-tasks")).json()["items"]
                path = f"/v1/call-tasks/{task['notice_id']}"
                assert (await api.call("POST", f"{path}/taking")).json()["number"] == NUMBER
                assert (await api.call("POST", f"{path}/outcomes", {"outcome": "told"})).status_code == 200
                shown = (await api.call("GET", f"/v1/notices/{task['notice_id']}")).json()
                ways = [(way["channel"], way["outcome"], way["code"]) for way in shown["ways"]]
                assert (shown["state"], ways) == (
                    "delivered",
                    [("email", "failed", "smtp.5.1.1"), ("landline", "delivered", "")],
                )
                assert await lie(post) == (0, 1, 0)
            finally:
                for loop in loops:
                    loop.cancel()
                await asyncio.gather(*loops, return_exceptions=True)
    types = [fact["type"].split(".")[1] for fact in await api.notify.published()]
    assert types[-1] == "person_told"


async def until(notify: Notify, state: tuple[str, str]) -> None:
    async with asyncio.timeout(60):
        while await notify.states() != [state]:  # noqa: ASYNC110 - the state is in the database
            await asyncio.sleep(0.02)

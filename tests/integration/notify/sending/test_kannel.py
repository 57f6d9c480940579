"""SMS by Debian's Kannel: what its document says of it holds against the real one, delivery reports included."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from services.notify.sending.domain import providers
from services.notify.sending.domain.inbox import Call, SmsReceipts
from services.notify.sending.domain.port import Attempt
from services.notify.sending.domain.wire import Said
from services.notify.sending.gateways.sms import Sms, SmsAccount
from services.notify.settings import NotifySettings
from shared.outcalls import Server
from shared.testing.servers import free_port
from tests.integration.notify.sending.test_receipts_over_http import told
from tests.kits import kannel
from tests.kits.gateways import PHONE, Asked, Reply, Web, message, serving
from tests.kits.kannel import NOWHERE, REFUSED, SECRET, USER, Kannel

pytestmark = pytest.mark.bearerbox
REPORT_SECONDS_MAX = 60
FOLDER = NotifySettings.model_fields["sms_provider"].default.parent
PROVIDER = providers.load(json.loads((FOLDER / "kannel.json").read_text("utf-8")))


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Kannel]:
    async with kannel.running(tmp_path) as running:
        yield running


def sms(gateway: Kannel, reports: Web, secret: str = SECRET) -> Sms:
    account = SmsAccount(user=USER, secret=secret, sender="95598", receipts=f"{reports.url}/v1/receipts/sms/xyz")
    return Sms(PROVIDER, Server(url=gateway.url, timeout_seconds=20), account)


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(REPORT_SECONDS_MAX):
        while not reached():  # noqa: ASYNC110 - another process says so
            await asyncio.sleep(0.02)


def said(asked: Asked) -> list[Said]:
    assert PROVIDER.receipts is not None
    inbox = SmsReceipts(PROVIDER.receipts, "xyz")
    call = Call(
        method=asked.method,
        secret=asked.path.rpartition("/")[2],
        headers=asked.headers,
        query=asked.target.partition("?")[2],
        body=asked.body,
        now=0,
    )
    assert inbox.proved(call)
    return list(inbox.read(call))


async def test_a_text_arrives_as_it_was_and_its_report_names_our_id(gateway: Kannel) -> None:
    text = "电费账单 a0001：100.01 元 & {50%}\N{GRINNING FACE}"
    async with serving(lambda asked: Reply(204)) as reports:
        assert await sms(gateway, reports).send(message(short=text)) == Attempt("accepted")
        await until(lambda: any("state=1" in asked.target for asked in reports.asked))
    assert gateway.taken == [("95598", PHONE, text)]
    states = [each.state for asked in reports.asked for each in said(asked)]
    assert sorted(states, key=str) == ["delivered", "under_way"]
    assert {each.id for asked in reports.asked for each in said(asked)} == {"n1.1"}


async def test_a_number_that_no_message_centre_is_for_is_refused_for_good(gateway: Kannel) -> None:
    async with serving(lambda asked: Reply(204)) as reports:
        attempt = await sms(gateway, reports).send(message(to=f"{NOWHERE}00138000"))
    assert attempt == Attempt("permanent", "sms.403")


async def test_a_message_that_a_message_centre_refuses_is_reported_as_failed(gateway: Kannel) -> None:
    async with serving(lambda asked: Reply(204)) as reports:
        assert (await sms(gateway, reports).send(message(to=f"{REFUSED}00138000"))).result == "accepted"
        await until(lambda: bool(reports.asked))
    assert [each for asked in reports.asked for each in said(asked)] == [Said("n1.1", "", "failed", "16")]
    assert gateway.taken == []


async def test_a_wrong_password_is_our_own_fault_and_never_final(gateway: Kannel) -> None:
    async with serving(lambda asked: Reply(204)) as reports:
        assert await sms(gateway, reports, secret="other").send(message()) == Attempt("temporary", "sms.403")
    assert gateway.taken == []


async def test_a_report_that_is_not_taken_comes_again(gateway: Kannel) -> None:
    replies = [Reply(503), Reply(503)]
    async with serving(lambda asked: replies.pop() if replies else Reply(204)) as reports:
        await sms(gateway, reports).send(message())
        await until(lambda: any("state=1" in asked.target for asked in reports.asked) and not replies)
        await until(lambda: len(reports.asked) >= 4)
    assert {each.state for asked in reports.asked for each in said(asked)} == {"delivered", "under_way"}


async def test_a_notice_goes_out_by_kannel_and_its_report_at_our_route_says_that_it_arrived(
    gateway: Kannel, tmp_path: Path
) -> None:
    port = free_port()
    given = {
        "WATTLINE_SMS_PROVIDER": str(FOLDER / "kannel.json"),
        "WATTLINE_SMS_URL": gateway.url,
        "WATTLINE_SMS_USER": USER,
        "WATTLINE_SMS_SECRET": SECRET,
        "WATTLINE_SMS_SENDER": "95598",
        "WATTLINE_SMS_RECEIPT_SECRET": "path-secret",
        "WATTLINE_RECEIPTS_URL": f"http://127.0.0.1:{port}",
    }
    database_url = f"sqlite+aiosqlite:///{tmp_path}/test.db"
    async with told(database_url, tmp_path, **given) as one, listening(one.api.service.app, port):
        await one.until(("delivered", ""))
    assert [(sender, receiver) for sender, receiver, _ in gateway.taken] == [("95598", PHONE)]


@asynccontextmanager
async def listening(app: Any, port: int) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, lifespan="off", log_config=None))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving_ = asyncio.create_task(server._serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving_

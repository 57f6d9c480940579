"""SMS over HTTP against a provider that misbehaves on demand: where a failure struck decides what is said of it."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from services.notify.sending.domain import providers
from services.notify.sending.domain.port import Attempt
from services.notify.sending.gateways.sms import Sms, SmsAccount
from services.notify.settings import NotifySettings
from shared.outcalls import ANSWER_BYTES_MAX, Caller, Server
from shared.testing.servers import free_port
from tests.kits.gateways import PHONE, Asked, Reply, message, serving

FOLDER = NotifySettings.model_fields["sms_provider"].default.parent
ACCOUNT = SmsAccount(user="me", secret="s3cret", sender="95598", receipts="https://us.example/v1/receipts/sms/xyz")


def sms(url: str, name: str = "wattline", seconds: float = 5) -> Sms:
    provider = providers.load(json.loads((FOLDER / f"{name}.json").read_text("utf-8")))
    return Sms(provider, Server(url=url, timeout_seconds=seconds), ACCOUNT)


def says(*replies: Reply) -> Callable[[Asked], Reply]:
    left = list(replies)
    return lambda asked: left.pop(0)


TAKEN = Reply(202, {"reference": "r-1"})


async def test_a_message_that_is_taken_brings_the_providers_reference() -> None:
    async with serving(says(TAKEN)) as web:
        assert await sms(web.url).send(message()) == Attempt("accepted", reference="r-1")
    (asked,) = web.asked
    assert (asked.method, asked.target) == ("PUT", "/messages/n1.1")
    assert asked.json == {"to": PHONE, "text": message().short, "sender": "95598"}
    assert len(asked.headers["x-signature"]) == 64


@pytest.mark.parametrize(
    ("reply", "result", "code"),
    [
        (Reply(422, {"code": "to.unknown"}), "permanent", "sms.to.unknown"),
        (Reply(429, {}), "temporary", "sms.429"),
        (Reply(500, {}), "in_doubt", "sms.500"),
        (Reply(200, {}), "in_doubt", "sms.200"),
        (Reply(fault="drop"), "in_doubt", "sms.connection_lost"),
        (Reply(fault="silent"), "in_doubt", "sms.timeout"),
        (Reply(fault="slow"), "in_doubt", "sms.timeout"),
        (Reply(202, b"x" * (ANSWER_BYTES_MAX + 1)), "in_doubt", "sms.answer_too_large"),
        (Reply(202, b"x", {"Content-Length": "10"}), "in_doubt", "sms.connection_lost"),
    ],
)
async def test_how_a_message_ended_is_what_can_be_known_of_it(reply: Reply, result: Any, code: str) -> None:
    async with serving(says(reply)) as web:
        assert await sms(web.url, seconds=0.5).send(message()) == Attempt(result, code)


async def test_without_a_connection_nothing_was_sent() -> None:
    attempt = await sms(f"http://127.0.0.1:{free_port()}").send(message())
    assert attempt == Attempt("temporary", "sms.connection_lost")


async def test_a_server_without_a_certificate_that_is_trusted_gets_no_request() -> None:
    async with serving(says(TAKEN)) as web:
        attempt = await sms(web.url.replace("http", "https")).send(message())
    assert attempt.result == "temporary"
    assert web.asked == []


async def test_a_redirect_is_not_followed() -> None:
    async with serving(says(TAKEN)) as other, serving(says(Reply(302, b"", {"Location": other.url}))) as web:
        assert await sms(web.url).send(message()) == Attempt("in_doubt", "sms.302")
    assert other.asked == []


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(says()) as proxy, serving(says(TAKEN)) as web:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        assert (await sms(web.url).send(message())).result == "accepted"
    assert proxy.asked == []


@pytest.mark.parametrize(
    ("answer", "sent", "ended"),
    [
        (Reply(200, {"state": "accepted", "reference": "r-1"}), 0, Attempt("accepted", reference="r-1")),
        (Reply(200, {"state": "failed", "code": "E7"}), 0, Attempt("permanent", "sms.E7", proved=True)),
        (Reply(404, {"code": "message.unknown"}), 1, Attempt("accepted", reference="r-1")),
        (Reply(404, b""), 0, Attempt("in_doubt", "sms.404")),
        (Reply(503, b""), 0, Attempt("in_doubt", "sms.503")),
        (Reply(fault="silent"), 0, Attempt("in_doubt", "sms.timeout")),
    ],
)
async def test_a_message_in_doubt_is_asked_for_before_it_is_sent_again(
    answer: Reply, sent: int, ended: Attempt
) -> None:
    async with serving(says(answer, TAKEN)) as web:
        assert await sms(web.url, seconds=0.5).send(message(again=True)) == ended
    assert [asked.method for asked in web.asked] == ["GET"] + ["PUT"] * sent
    assert {asked.path for asked in web.asked} == {"/messages/n1.1"}


async def test_a_provider_that_cannot_be_asked_gets_a_message_in_doubt_again_under_the_same_id() -> None:
    async with serving(says(Reply(200, {"code": "0", "msgId": "7"}))) as web:
        attempt = await sms(web.url, "json_account").send(message(again=True))
    assert attempt == Attempt("accepted", reference="7")
    assert web.asked[0].json["uid"] == "n1.1"


async def test_a_provider_that_is_away_while_it_is_asked_leaves_the_doubt() -> None:
    assert (await sms(f"http://127.0.0.1:{free_port()}").send(message(again=True))).result == "in_doubt"


async def test_no_number_and_no_secret_is_in_a_log_line_whatever_the_provider_says(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    echoing = Reply(422, {"code": PHONE, "text": f"{PHONE} s3cret"})
    async with serving(says(echoing, Reply(fault="drop"), Reply(500, {"to": PHONE}))) as web:
        ended = [await sms(web.url, seconds=0.5).send(message()) for _ in web.url[:3]]
    assert "s3cret" not in caplog.text + str(ended)
    assert PHONE.removeprefix("+") not in caplog.text + str(ended)
    assert "100.01" not in caplog.text


def test_a_gateway_trusts_the_authorities_that_it_is_told() -> None:
    server = Server(url="https://x.example", timeout_seconds=1, certificates="/nowhere.pem")
    with pytest.raises(FileNotFoundError):
        Caller(server)


async def test_many_senders_use_one_provider_at_the_same_time() -> None:
    async with serving(lambda asked: TAKEN) as web:
        gateway = sms(web.url)
        ended = await asyncio.gather(*(gateway.send(message(id=f"n{number}")) for number in range(20)))
    assert {attempt.result for attempt in ended} == {"accepted"}
    assert len({asked.path for asked in web.asked}) == 20

"""The webhook to the utility's own app: signed by Standard Webhooks, once per id, and never into a network that is not meant."""

import base64
import hashlib
import hmac
import socket
from typing import Any

import pytest

from services.notify.sending.domain.port import Attempt
from services.notify.sending.gateways.app import App
from shared.outcalls import Server, is_public
from shared.webhooks import key_of
from tests.kits.gateways import AT, Asked, Reply, message, serving

NEW, OLD = (f"whsec_{base64.b64encode(letter * 32).decode()}" for letter in (b"n", b"o"))


def app(url: str, *secrets: str, public_only: bool = False) -> App:
    return App(Server(url=f"{url}/hook", timeout_seconds=1, public_only=public_only), secrets or (NEW,))


def verified(secret: str, asked: Asked) -> bool:
    """Verify as the specification says a receiver does."""
    content = f"{asked.headers['webhook-id']}.{asked.headers['webhook-timestamp']}.".encode() + asked.body
    wanted = base64.b64encode(hmac.new(key_of(secret), content, hashlib.sha256).digest()).decode()
    return f"v1,{wanted}" in asked.headers["webhook-signature"].split(" ")


def test_the_signature_is_that_of_the_specification() -> None:
    """The example that the specification's own libraries are tested with."""
    secret, message_id, timestamp = (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
    )
    asked = Asked(
        "POST",
        "/",
        {
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        b'{"test": 2432232314}',
    )
    assert verified(secret, asked)


async def test_a_notice_goes_to_the_app_with_its_text_under_its_id() -> None:
    async with serving(lambda asked: Reply(204)) as web:
        assert await app(web.url).send(message(to="user-7")) == Attempt("accepted")
    (asked,) = web.asked
    assert (asked.method, asked.target, asked.headers["webhook-id"]) == ("POST", "/hook", "n1.1")
    assert asked.headers["webhook-timestamp"] == str(int(AT.timestamp()))
    assert asked.json["data"] | {"body": "", "short": ""} == {
        "notice_id": "n1.1",
        "template": "bill_issued",
        "to": "user-7",
        "subject": message().subject,
        "body": "",
        "short": "",
    }
    assert asked.json["data"]["body"] == message().body
    assert verified(NEW, asked)
    assert not verified(OLD, asked)


async def test_while_a_secret_changes_who_knows_either_one_takes_it() -> None:
    async with serving(lambda asked: Reply(200)) as web:
        await app(web.url, NEW, OLD).send(message())
    assert verified(NEW, web.asked[0])
    assert verified(OLD, web.asked[0])


@pytest.mark.parametrize(
    ("reply", "result", "code"),
    [
        (Reply(410), "permanent", "app.410"),
        (Reply(422), "permanent", "app.422"),
        (Reply(404), "temporary", "app.404"),
        (Reply(401), "temporary", "app.401"),
        (Reply(429), "temporary", "app.429"),
        (Reply(302, b"", {"Location": "http://127.0.0.1:1/"}), "temporary", "app.302"),
        (Reply(500), "in_doubt", "app.500"),
        (Reply(fault="drop"), "in_doubt", "app.connection_lost"),
        (Reply(fault="silent"), "in_doubt", "app.timeout"),
    ],
)
async def test_how_a_notice_ended_is_what_can_be_known_of_it(reply: Reply, result: Any, code: str) -> None:
    async with serving(lambda asked: reply) as web:
        assert await app(web.url).send(message()) == Attempt(result, code)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "2002:0a00:0001::1",
        "64:ff9b::10.0.0.1",
    ],
)
def test_an_address_of_a_network_of_ones_own_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


async def test_a_name_that_leads_into_a_network_of_ones_own_gets_no_request_unless_that_is_meant() -> None:
    async with serving(lambda asked: Reply(200)) as web:
        url = f"http://localhost:{web.port}"
        assert await app(url, public_only=True).send(message()) == Attempt("temporary", "app.address_refused")
        assert web.asked == []
        assert await app(web.url, public_only=True).send(message()) == Attempt("temporary", "app.address_refused")
        assert await app(url).send(message()) == Attempt("accepted")


async def test_what_is_checked_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers with another address the second time (DNS rebinding) leads nowhere else."""
    asked_for: list[str] = []

    def resolve(host: Any, port: Any, *_: Any, **__: Any) -> Any:
        asked_for.append(host)
        name = host.decode() if isinstance(host, bytes) else host
        address = name if name[0].isdigit() else "203.0.113.7" if len(asked_for) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr("shared.outcalls.is_public", lambda address: address == "203.0.113.7")
    async with serving(lambda asked: Reply(200)) as web:
        attempt = await app(f"http://app.example:{web.port}", public_only=True).send(message())
    assert attempt.result == "temporary"
    assert web.asked == []
    assert [host for host in asked_for if not str(host)[0].isdigit()] == ["app.example"]


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_kurz", "whsec_!!!!", f"whsec_{base64.b64encode(b'k' * 65).decode()}"]
)
def test_a_secret_that_is_no_key_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        key_of(secret)

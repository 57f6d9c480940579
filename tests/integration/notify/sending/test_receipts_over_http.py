"""Receipts of gateways over HTTP: proved, counted, and what became of the notice."""

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from services.notify.notices.domain.receipts import message_id
from services.notify.sending.gateways import configured
from services.notify.sending.use_cases import claim
from services.notify.settings import NotifySettings
from tests.kits.gateways import (
    OPENID,
    PHONE,
    Asked,
    Reply,
    Web,
    WeChatServer,
    event,
    message,
    serving,
    signed_query,
)
from tests.kits.notify import CATALOGUE, LINKS, VAULT, Api, contact, started
from tests.kits.told_facts import issued

SECRET, PATH_SECRET = "receipt-secret-planted", "path-secret-planted"
PROVIDERS = NotifySettings.model_fields["sms_provider"].default.parent
SECONDS_MAX = 30


def policy(folder: Path, **channels: dict[str, Any]) -> str:
    """Return a policy whose channels are proved by a receipt."""
    document = json.loads(NotifySettings.model_fields["notify_policy"].default.read_text("utf-8"))
    (version,) = document["versions"]
    for name, (gateway, point) in {
        "sms": ("sms", "mobile"),
        "app": ("app", "app"),
        "wechat": ("wechat", "wechat"),
    }.items():
        rule = version["channels"].setdefault(name, {"point": point, "last_resort": False})
        rule |= {"gateway": gateway, "proof": "receipt", "proof_legal": "receipt"} | channels.get(name, {})
    version["retry"] = {"temporary_seconds": [0, 0, 0], "in_doubt_seconds": [0, 0, 0]}
    file = folder / "policy.json"
    file.write_text(json.dumps(document))
    return str(file)


@dataclass
class Told:
    """A running service with a notice."""

    api: Api

    async def anonymous(self, method: str, path: str, **options: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.api.service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://notify") as client:
            return await client.request(method, path, **options)

    async def reported(self, *items: dict[str, str], secret: str = SECRET) -> httpx.Response:
        body = orjson.dumps({"receipts": list(items)})
        timestamp = str(int(self.api.notify.clock.now().timestamp()))
        signature = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"X-Timestamp": timestamp, "X-Signature": signature, "Content-Type": "application/json"}
        return await self.anonymous("POST", "/v1/receipts/sms", content=body, headers=headers)

    async def until(self, *states: tuple[str, str]) -> None:
        async with asyncio.timeout(SECONDS_MAX):
            while await self.api.notify.states() != list(states):  # noqa: ASYNC110 - the state is in the database
                await asyncio.sleep(0.02)

    async def notice_id(self) -> str:
        (notice,) = await self.api.notify.notices()
        return str(notice.notice_id)


@asynccontextmanager
async def told(
    database_url: str, folder: Path, channel: str = "sms", address: str = PHONE, **given: str
) -> AsyncIterator[Told]:
    given = {"WATTLINE_NOTICE_SENDERS": "1", "WATTLINE_NOTIFY_POLICY": policy(folder)} | given
    async with started(database_url, folder, **given) as api:
        await api.notify.put(contact(1, channel=channel, address=address))
        await api.notify.handle(issued(1))
        async with sending(api):
            yield Told(api)


@asynccontextmanager
async def sending(api: Api) -> AsyncIterator[None]:
    task = asyncio.create_task(api.service.background[0]())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def of_sms(provider: Web, **more: str) -> dict[str, str]:
    return {
        "WATTLINE_SMS_URL": provider.url,
        "WATTLINE_SMS_SECRET": "sms-secret-planted",
        "WATTLINE_SMS_RECEIPT_SECRET": SECRET,
        "WATTLINE_GATEWAY_TIMEOUT_SECONDS": "1",
    } | more


def taken(asked: Asked) -> Reply:
    return Reply(202, {"reference": "r-1"})


@pytest.mark.parametrize("by", ["id", "reference"])
async def test_a_notice_is_delivered_when_its_receipt_says_so(database_url: str, tmp_path: Path, by: str) -> None:
    async with serving(taken) as provider, told(database_url, tmp_path, **of_sms(provider)) as one:
        await one.until(("sent", ""))
        named = {"id": await one.notice_id()} if by == "id" else {"reference": "r-1"}
        for state in ("accepted", "delivered", "delivered"):
            answer = await one.reported(named | {"state": state})
            assert (answer.status_code, answer.text) == (200, "")
        assert await one.api.notify.states() == [("delivered", "")]
        assert [fact["type"] for fact in await one.api.notify.published()] == ["notify.notice_delivered.v1"]
    (sent,) = provider.asked
    assert sent.json["text"].startswith("Your electricity bill") or "a0001" in sent.json["text"]


async def test_a_receipt_that_comes_before_our_reference_is_stored_waits_for_it(
    database_url: str, tmp_path: Path
) -> None:
    reports: list[asyncio.Task[httpx.Response]] = []

    def hasty(asked: Asked) -> Reply:
        report = one.reported({"reference": "r-1", "state": "delivered"})
        reports.append(asyncio.get_running_loop().create_task(report))
        return Reply(202, {"reference": "r-1"})

    async with serving(hasty) as provider:
        given = of_sms(provider, WATTLINE_NOTICE_LEASE_SECONDS="5", WATTLINE_SMTP_TIMEOUT_SECONDS="1")
        async with told(database_url, tmp_path, **given) as one:
            await one.until(("delivered", ""))
            assert [(await report).status_code for report in reports] == [200]


async def test_a_message_that_failed_says_the_providers_code(database_url: str, tmp_path: Path) -> None:
    async with serving(taken) as provider, told(database_url, tmp_path, **of_sms(provider)) as one:
        await one.until(("sent", ""))
        await one.reported({"id": await one.notice_id(), "state": "failed", "code": "E7"})
        await one.until(("failed", "sms.E7"))


async def test_a_message_whose_answer_was_lost_is_asked_for_and_sent_once(database_url: str, tmp_path: Path) -> None:
    def losing(asked: Asked) -> Reply:
        if asked.method == "PUT":
            return Reply(fault="drop")
        return Reply(200, {"state": "accepted", "reference": "r-1"})

    async with serving(losing) as provider, told(database_url, tmp_path, **of_sms(provider)) as one:
        await one.until(("sent", ""))
        await one.reported({"reference": "r-1", "state": "delivered"})
        await one.until(("delivered", ""))
    assert [asked.method for asked in provider.asked] == ["PUT", "GET"]


async def test_a_message_in_doubt_that_the_provider_says_failed_has_failed_and_goes_the_next_way(
    database_url: str, tmp_path: Path
) -> None:
    asked_for = {"id": ""}

    def losing(asked: Asked) -> Reply:
        if asked.method == "PUT" and asked_for["id"] in ("", asked.path):
            asked_for["id"] = asked.path
            return Reply(fault="drop")
        return taken(asked) if asked.method == "PUT" else Reply(200, {"state": "failed", "code": "E7"})

    async with serving(losing) as provider:
        given = of_sms(provider) | {"WATTLINE_NOTICE_SENDERS": "1", "WATTLINE_NOTIFY_POLICY": policy(tmp_path)}
        async with started(database_url, tmp_path, **given) as api:
            await api.notify.put(contact(1, channel="sms", address=PHONE, also=(("sms", "+8613800138001"),)))
            await api.notify.put(contact(2, channel="sms", address=PHONE))
            asked_for["id"] = ""
            await api.notify.handle(issued(1))
            async with sending(api):
                await Told(api).until(("sent", ""))
            (notice,) = await api.notify.notices()
            shown = (await api.call("GET", f"/v1/notices/{notice.notice_id}")).json()
            assert [(way["outcome"], way["code"]) for way in shown["ways"]] == [("failed", "sms.E7"), ("sent", "")]
            asked_for["id"] = ""
            await api.notify.handle(issued(2))
            async with sending(api):
                await Told(api).until(("sent", ""), ("failed", "sms.E7"))
    assert [asked.method for asked in provider.asked] == ["PUT", "GET", "PUT", "PUT", "GET"]


async def test_what_a_gateway_says_of_a_message_that_another_one_took_is_refused_and_listed(
    database_url: str, tmp_path: Path
) -> None:
    async with serving(lambda asked: Reply(204)) as app:
        given = {
            "WATTLINE_APP_URL": app.url,
            "WATTLINE_APP_PRIVATE": "true",
            "WATTLINE_APP_SECRET": f"whsec_{'a' * 32}",
        }
        async with (
            serving(taken) as provider,
            told(database_url, tmp_path, "app", "user-1", **of_sms(provider), **given) as one,
        ):
            await one.until(("sent", ""))
            item = {"id": await one.notice_id()}
            for state in ("delivered", "failed"):
                assert (await one.reported(item | {"state": state})).status_code == 200
            assert await one.api.notify.states() == [("sent", "")]
            assert await one.api.notify.published() == []
            listed = (await one.api.call("GET", "/v1/receipts?state=refused", org_units=("*",))).json()["items"]
            assert sorted(each["result"] for each in listed) == ["delivered", "failed"]
            waiting = (await one.api.call("GET", "/v1/receipts?state=waiting", org_units=("*",))).json()["items"]
            assert waiting == []


async def test_what_is_not_proved_changes_nothing_and_is_charged(database_url: str, tmp_path: Path) -> None:
    slowly = {"WATTLINE_STRANGER_REQUESTS_PER_SECOND": "1"}
    async with serving(taken) as provider, told(database_url, tmp_path, **of_sms(provider), **slowly) as one:
        await one.until(("sent", ""))
        item = {"id": await one.notice_id(), "state": "delivered"}
        assert (await one.reported(item, secret="other")).status_code == 401
        for method, path in (
            ("POST", "/v1/receipts/sms"),
            ("POST", f"/v1/receipts/sms/{SECRET}"),
            ("GET", f"/v1/receipts/sms/{SECRET}?id={item['id']}&state=1"),
            ("GET", "/v1/receipts/nobody"),
            ("GET", "/v1/receipts/wechat?signature=x&timestamp=1769994000&nonce=1"),
        ):
            answer = await one.anonymous(
                method, path, headers={"Content-Type": "application/json"} if method == "POST" else {}
            )
            assert (answer.status_code, answer.json()["code"]) == (401, "receipt.not_proved"), path
        statuses = [(await one.anonymous("GET", "/v1/receipts/nobody")).status_code for _ in range(12)]
        assert 429 in statuses
        assert await one.api.notify.states() == [("sent", "")]


async def test_what_cannot_be_read_and_a_state_that_nobody_knows_are_said(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(taken) as provider, told(database_url, tmp_path, **of_sms(provider)) as one:
        await one.until(("sent", ""))
        answer = await one.reported({"state": "delivered"})
        assert (answer.status_code, answer.json()["code"]) == (422, "receipt.unreadable")
        assert (await one.reported({"id": await one.notice_id(), "state": "lost"})).status_code == 200
        assert await one.api.notify.states() == [("sent", "")]
        metrics = (await one.anonymous("GET", "/metrics")).text
    assert 'wattline_receipts_total{gateway="sms",result="unknown_state"} 1.0' in metrics
    assert [record.states for record in caplog.records if record.message == "receipts.unknown_state"] == [["lost"]]  # type: ignore[attr-defined]


async def test_a_receipt_by_get_is_proved_by_the_secret_in_its_path(database_url: str, tmp_path: Path) -> None:
    kannel = of_sms(
        Web(),
        WATTLINE_SMS_PROVIDER=str(PROVIDERS / "kannel.json"),
        WATTLINE_RECEIPTS_URL="https://us.example",
        WATTLINE_SMS_RECEIPT_SECRET=PATH_SECRET,
    )
    async with serving(lambda asked: Reply(202, b"0: Accepted for delivery")) as provider:
        given = kannel | {"WATTLINE_SMS_URL": provider.url}
        async with told(database_url, tmp_path, **given) as one:
            await one.until(("sent", ""))
            notice_id = await one.notice_id()
            path = f"/v1/receipts/sms/{PATH_SECRET}?id={notice_id}"
            assert (await one.anonymous("GET", f"{path}&state=8")).status_code == 200
            assert await one.api.notify.states() == [("sent", "")]
            assert (await one.anonymous("GET", f"{path}&state=1")).status_code == 200
            await one.until(("delivered", ""))
    url = f"https://us.example/v1/receipts/sms/{PATH_SECRET}?id={notice_id}&state=%d"
    assert provider.asked[0].query["dlr-url"] == url


async def test_a_template_message_of_wechat_is_delivered_when_its_event_says_so(
    database_url: str, tmp_path: Path
) -> None:
    templates = tmp_path / "wechat.json"
    templates.write_text(
        json.dumps({"id": "wechat", "templates": {"*": {"template_id": "T", "data": {"first": "{subject}"}}}})
    )
    async with serving(WeChatServer()) as provider:
        given = {
            "WATTLINE_WECHAT_URL": provider.url,
            "WATTLINE_WECHAT_APP_ID": "wx1",
            "WATTLINE_WECHAT_SECRET": "wechat-secret",
            "WATTLINE_WECHAT_TEMPLATES": str(templates),
            "WATTLINE_WECHAT_TOKEN": "wechat-token",
        }
        async with told(database_url, tmp_path, "wechat", OPENID, **given) as one:
            await one.until(("sent", ""))
            query = signed_query("wechat-token", int(one.api.notify.clock.now().timestamp()))
            checked = await one.anonymous("GET", "/v1/receipts/wechat", params=query | {"echostr": "583"})
            assert (checked.status_code, checked.text) == (200, "583")
            answer = await one.anonymous(
                "POST",
                "/v1/receipts/wechat",
                params=query,
                content=event(200228332, "failed:user block"),
                headers={"Content-Type": "text/xml"},
            )
            assert (answer.status_code, answer.text) == (200, "success")
            await one.until(("failed", "wechat.user_block"))


async def test_no_number_no_openid_and_no_secret_is_in_a_log_line_a_metric_or_an_answer(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def echoing(asked: Asked) -> Reply:
        return Reply(422, {"code": PHONE, "to": PHONE, "secret": "sms-secret-planted"})

    said = []
    async with serving(echoing) as provider, told(database_url, tmp_path, **of_sms(provider)) as one:
        await one.until(("failed", "sms.422"))
        item = {"id": await one.notice_id(), "state": PHONE, "code": PHONE, "mobile": PHONE}
        for answer in (
            await one.reported(item),
            await one.reported({"mobile": PHONE}),
            await one.anonymous("GET", f"/v1/receipts/sms/{PATH_SECRET}?mobile={PHONE}"),
            await one.anonymous("GET", "/metrics"),
        ):
            said.append(answer.text)
        said.append(str(await one.api.notify.published()))
        said.append(str(await one.api.notify.notices()))
    everything = "\n".join([*said, *(str(record.__dict__) for record in caplog.records)])
    planted = (PHONE.removeprefix("+"), PATH_SECRET, SECRET, "sms-secret-planted")
    # the client of this test logs the address that it asks for itself
    lines = "\n".join(line for line in everything.splitlines() if "'name': 'httpx'" not in line)
    assert not [text for text in planted if text in lines]


async def test_what_a_sender_sent_before_it_died_is_asked_for_and_not_sent_again(
    database_url: str, tmp_path: Path
) -> None:
    def provider_that_remembers(asked: Asked) -> Reply:
        if asked.method == "PUT":
            return Reply(202, {"reference": "r-1"})
        known = any(other.method == "PUT" and other.path == asked.path for other in provider.asked)
        return (
            Reply(200, {"state": "accepted", "reference": "r-1"}) if known else Reply(404, {"code": "message.unknown"})
        )

    async with serving(provider_that_remembers) as provider:
        given = of_sms(provider, WATTLINE_NOTIFY_POLICY=policy(tmp_path))
        async with started(database_url, tmp_path, **given) as api:
            await api.notify.put(contact(1, channel="sms", address=PHONE))
            await api.notify.handle(issued(1))
            async with api.notify.database.begin() as tx:
                (claimed,) = await claim(
                    tx, CATALOGUE, LINKS, VAULT, policies=api.notify.policies, channel="sms", count=1, lease_seconds=60
                )
            keys = {"WATTLINE_TOKEN_KEY": "k" * 40, "WATTLINE_PERSONAL_KEY": "v" * 40}
            sms = configured.gateways(NotifySettings.load(keys | given))["sms"]()
            sent = message(id=message_id(claimed.notice_id, claimed.way), at=api.notify.clock.now())
            assert (await sms.send(sent)).result == "accepted"  # and here the process is killed: nothing is stored
        async with started(database_url, tmp_path, **given, WATTLINE_NOTICE_SENDERS="1") as api:
            api.notify.clock.move(seconds=61)
            async with sending(api):
                one = Told(api)
                await one.until(("sent", ""))
                await one.reported({"reference": "r-1", "state": "delivered"})
                await one.until(("delivered", ""))
    assert [asked.method for asked in provider.asked] == ["PUT", "GET"]

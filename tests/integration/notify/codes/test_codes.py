"""A contact point is verified by a code that goes to it and is told back, over REST with the counterparts of SMTP and SMS."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from services.notify.base import Base
from services.notify.codes import use_cases
from services.notify.notices.domain.receipts import Receipt
from services.notify.notices.use_cases import receipts
from shared.testing.servers import free_port
from shared.testing.smtp import SmtpServer
from tests.integration.notify.sending.test_receipts_over_http import of_sms, policy, taken
from tests.kits.gateways import PHONE, Asked, Reply, serving
from tests.kits.notify import Api, body, started
from tests.kits.told_facts import issued

CODES, VERIFY = "/v1/parties/c1/points/1/codes", "/v1/parties/c1/points/1/verify"
ASK = {"places": [{"account_no": "a0001"}]}
WAITING = "/v1/receipts?state=waiting"
UNVERIFIED = {"verified": []}
REFUSED = (409, "point_code.refused")
SECONDS_MAX = 30


@asynccontextmanager
async def at(database_url: str, tmp_path: Path, point: Any = None, **given: str) -> AsyncIterator[Api]:
    """A running service with a party whose contact point is verified for nothing, and a bill that waits for that."""
    async with started(database_url, tmp_path, **given) as api:
        await api.notify.handle(issued(1))
        await api.call("PUT", "/v1/parties/c1", body(point=UNVERIFIED | (point or {})))
        loops = [asyncio.create_task(loop()) for loop in api.service.background]
        try:
            yield api
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)


@asynccontextmanager
async def by_mail(database_url: str, tmp_path: Path, **faults: Any) -> AsyncIterator[tuple[Api, SmtpServer]]:
    with SmtpServer(**faults) as server:
        async with at(database_url, tmp_path, WATTLINE_SMTP_PORT=str(server.port)) as api:
            yield api, server


async def codes(api: Api, state: str = "") -> list[dict[str, Any]]:
    """The codes as they are listed, once the last one is in this state."""
    async with asyncio.timeout(SECONDS_MAX):
        while True:
            items: list[dict[str, Any]] = (await api.call("GET", CODES)).json()["items"]
            if not state or (items and items[-1]["state"] == state):
                return items
            await asyncio.sleep(0.02)


async def asked(api: Api, server: SmtpServer, **who: Any) -> str:
    """Ask for a code and return the one that came."""
    before = len(server.mails)
    answer = await api.call("POST", CODES, ASK, **who)
    assert answer.status_code == 200, answer.text
    await codes(api, "sent")
    (mail,) = server.mails[before:]
    (code,) = re.findall(r"(?<![0-9])[0-9]{6}(?![0-9])", mail.text)
    assert code not in answer.text
    return code


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


async def told(api: Api, code: str, **who: Any) -> tuple[int, str]:
    answer = await api.call("POST", VERIFY, {"code": code}, **who)
    return answer.status_code, answer.json().get("code", "")


async def verified(api: Api) -> list[tuple[str, str, str, str, str]]:
    (point,) = (await api.call("GET", "/v1/parties/c1")).json()["points"]
    names = ("account_no", "service_point_no", "how", "day", "verified_by")
    return [tuple(each[name] for name in names) for each in point["verified"]]  # type: ignore[misc]


async def test_who_tells_the_code_back_is_reached_from_then_on(database_url: str, tmp_path: Path) -> None:
    async with by_mail(database_url, tmp_path) as (api, server):
        places = {"places": [{"account_no": "a0001"}, {"service_point_no": "p0009"}]}
        assert (await api.call("POST", CODES, places)).json()["channel"] == "email"
        await codes(api, "sent")
        (code,) = re.findall(r"[0-9]{6}", server.mails[0].text)
        assert await api.notify.unaddressed() == [("bill-0001", "waits_for_contact")]
        assert await told(api, code, subject="clerk-2") == (200, "")
        assert await verified(api) == [
            ("", "p0009", "code", "2026-02-02", "clerk-2"),
            ("a0001", "", "code", "2026-02-02", "clerk-2"),
        ]
        assert await api.notify.unaddressed() == []
        assert len(await api.notify.notices()) == 1
        (used,) = await codes(api)
        assert (used["state"], used["wrong"], used["asked_by"]) == ("used", 0, "clerk-1")
        assert await told(api, code) == REFUSED
        entries = [
            (each["action"], each["actor"])
            for kind, of in (("point_code", used["code_id"]), ("party", "c1"))
            for each in (await api.call("GET", f"/v1/audit-entries?entity_kind={kind}&entity_id={of}")).json()["items"]
        ]
        assert {("point_code.asked", "clerk-1"), ("point_code.answered", "clerk-2")} <= set(entries)
        assert ("party.verified.code", "clerk-2") in entries


async def test_a_wrong_an_old_and_a_replaced_code_are_refused_in_the_same_words(
    database_url: str, tmp_path: Path
) -> None:
    async with by_mail(database_url, tmp_path) as (api, server):
        words = set()

        async def refused(code: str) -> None:
            answer = await api.call("POST", VERIFY, {"code": code})
            words.add(str({name: answer.json()[name] for name in ("status", "code", "title")}))
            assert await verified(api) == []

        await refused("123456")
        first = await asked(api, server)
        await refused(wrong(first))
        second = await asked(api, server)
        await refused(first if first != second else wrong(second))
        api.notify.clock.move(minutes=15)
        await refused(second)
        third = await asked(api, server)
        await api.call("PUT", "/v1/parties/c1", body(point=UNVERIFIED | {"address": "other@example.org"}))
        await refused(third)
        assert len(words) == 1
        assert [each["state"] for each in await codes(api)] == ["replaced", "replaced", "sent"]
        for bad in ("12345", "1234567", "12345x", "１２３４５６", "", 123456):
            assert (await api.call("POST", VERIFY, {"code": bad})).status_code == 422


async def test_after_five_wrong_answers_the_right_one_is_wrong_too(database_url: str, tmp_path: Path) -> None:
    async with by_mail(database_url, tmp_path) as (api, server):
        code = await asked(api, server)
        for _ in range(4):
            assert await told(api, wrong(code)) == REFUSED
        assert (await codes(api))[0]["wrong"] == 4
        assert await told(api, wrong(code)) == REFUSED
        assert await told(api, code) == REFUSED
        assert [(each["state"], each["wrong"]) for each in await codes(api)] == [("spent", 5)]
        assert await verified(api) == []


async def test_five_codes_a_day_go_to_a_contact_point(database_url: str, tmp_path: Path) -> None:
    async with by_mail(database_url, tmp_path) as (api, server):
        for _ in range(5):
            await asked(api, server)
        assert await api.refused("POST", CODES, ASK) == (409, "point_code.asked_too_often")
        assert len(server.mails) == 5
        api.notify.clock.move(days=1)
        assert await told(api, await asked(api, server)) == (200, "")


async def test_of_answers_at_once_one_counts_and_of_asks_at_once_the_last(database_url: str, tmp_path: Path) -> None:
    async with by_mail(database_url, tmp_path) as (api, server):
        code = await asked(api, server)
        said = await asyncio.gather(*[told(api, code) for _ in range(6)])
        assert sorted(said) == [(200, ""), *[REFUSED] * 5]
        assert len(await verified(api)) == 1
        code = await asked(api, server)
        said = await asyncio.gather(*[told(api, wrong(code)) for _ in range(8)])
        assert set(said) == {REFUSED}
        assert [each["wrong"] for each in await codes(api)] == [0, 5]
        answers = await asyncio.gather(*[api.call("POST", CODES, ASK) for _ in range(6)])
        assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 3
        listed = await codes(api, "sent")
        assert [each["state"] for each in listed if each["state"] != "replaced"] == ["used", "spent", "sent"]


async def test_a_code_goes_out_by_sms_and_comes_back_by_its_receipt(database_url: str, tmp_path: Path) -> None:
    point = {"kind": "mobile", "address": PHONE}
    async with serving(taken) as provider:
        given = of_sms(provider, WATTLINE_GATEWAY_TIMEOUT_SECONDS="20") | {"WATTLINE_NOTIFY_POLICY": policy(tmp_path)}
        async with at(database_url, tmp_path, point, **given) as api:
            assert (await api.call("POST", CODES, ASK)).json()["channel"] == "sms"
            (row,) = await codes(api, "sent")
            (sent,) = provider.asked
            (code,) = re.findall(r"(?<![0-9])[0-9]{6}(?![0-9])", sent.json["text"])
            async with api.notify.database.begin() as tx:
                said = Receipt(gateway="sms", reference="r-1", result="failed", code="sms.E7")
                await receipts.take(tx, [said], api.notify.policies)
            (row,) = await codes(api, "failed")
            assert row["code"] == "sms.E7"
            assert await told(api, code) == REFUSED
            await api.call("POST", CODES, ASK)
            rows = await codes(api, "sent")
            async with api.notify.database.begin() as tx:
                said = Receipt(gateway="sms", message_id=rows[1]["code_id"], result="delivered")
                await receipts.take(tx, [said], api.notify.policies)
            (code,) = re.findall(r"(?<![0-9])[0-9]{6}(?![0-9])", provider.asked[1].json["text"])
            assert await told(api, code) == (200, "")
            async with asyncio.timeout(SECONDS_MAX):
                while (await api.call("GET", WAITING, org_units=("*",))).json()["items"]:  # noqa: ASYNC110 - in the database
                    await asyncio.sleep(0.05)


async def test_an_answer_that_was_lost_is_asked_for_and_no_second_code_goes_out(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notify.codes.use_cases.AGAIN_SECONDS", 0)

    def losing(asked: Asked) -> Reply:
        return Reply(fault="drop") if asked.method == "PUT" else Reply(200, {"state": "accepted", "reference": "r-9"})

    async with serving(losing) as provider:
        given = of_sms(provider) | {"WATTLINE_NOTIFY_POLICY": policy(tmp_path)}
        async with at(database_url, tmp_path, {"kind": "mobile", "address": PHONE}, **given) as api:
            await api.call("POST", CODES, ASK)
            await codes(api, "sent")
    assert [asked.method for asked in provider.asked] == ["PUT", "GET"]


async def test_a_code_waits_for_a_mail_server_that_is_away_and_goes_no_more_once_it_is_too_old(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notify.codes.use_cases.AGAIN_SECONDS", 0)
    port = free_port()
    async with at(database_url, tmp_path, WATTLINE_SMTP_PORT=str(port)) as api:
        await api.call("POST", CODES, ASK)
        async with asyncio.timeout(SECONDS_MAX):
            while (await codes(api))[0]["code"] != "gateway_away":  # noqa: ASYNC110 - it is in the database
                await asyncio.sleep(0.02)
        with SmtpServer(port=port) as server:
            await codes(api, "sent")
            assert len(server.mails) == 1
        await api.call("POST", CODES, ASK)
        api.notify.clock.move(minutes=15)
        assert (await codes(api, "failed"))[1]["code"] == "expired"
        with SmtpServer(port=port) as server:
            await asyncio.sleep(0.5)
            assert server.mails == []


async def test_what_a_sender_took_before_it_died_goes_out_under_the_same_id(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server:
        given = {"WATTLINE_SMTP_PORT": str(server.port)}
        async with started(database_url, tmp_path, **given) as api:
            await api.call("PUT", "/v1/parties/c1", body(point=UNVERIFIED))
            asked_for = (await api.call("POST", CODES, ASK)).json()
            async with api.notify.database.begin() as tx:
                (claimed,) = await use_cases.claim(tx, api.service.app.state.context.vault, count=9, lease_seconds=60)
            assert claimed.code not in repr(claimed)
            assert claimed.row.code_sealed in await stored(api)
            assert claimed.code not in await stored(api)
            api.notify.clock.move(seconds=61)
            loop = asyncio.create_task(api.service.background[2]())
            await codes(api, "sent")
            loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)
            assert await told(api, claimed.code) == (200, "")
    assert server.message_ids() == {f"<{asked_for['code_id']}@localhost>": 1}


async def test_a_refused_address_a_call_and_a_strangers_party_get_no_code(database_url: str, tmp_path: Path) -> None:
    async with by_mail(database_url, tmp_path, faults=lambda recipient, tried: "permanent") as (api, server):
        await api.call("POST", CODES, ASK)
        assert (await codes(api, "failed"))[0]["code"] == "smtp.550"
        for path in (CODES, VERIFY):
            asking = ASK if path == CODES else {"code": "123456"}
            assert (await api.refused("POST", path, asking, org_units=("bj",)))[0] == 404
            assert (await api.refused("POST", path, asking, scopes=("notify:read",)))[0] == 403
        assert (await api.refused("GET", CODES, org_units=("bj",)))[0] == 404
        assert (await api.refused("POST", CODES.replace("points/1", "points/7"), ASK))[0] == 404
        for places in ([], [{}], [{"account_no": "a", "service_point_no": "p"}], [{"account_no": "a"}] * 21):
            assert (await api.refused("POST", CODES, {"places": places}))[0] == 422
        line = UNVERIFIED | {"kind": "landline", "address": "0571-87654321"}
        await api.call("PUT", "/v1/parties/c1", body(point=line))
        assert await api.refused("POST", CODES, ASK) == (409, "point_code.no_way")
        assert server.mails == []


async def test_the_code_stands_nowhere_but_in_its_message(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with by_mail(database_url, tmp_path) as (api, server):
        code = await asked(api, server)
        assert await told(api, wrong(code)) == REFUSED
        everything = await stored(api)
        assert code not in everything
        (row,) = [row for row in await codes(api) if row["state"] == "sent"]
        assert "'code_sealed': ''" in everything
        assert await told(api, code) == (200, "")
        listed = [
            (await api.call("GET", path)).text
            for path in (
                CODES,
                "/v1/notices",
                "/v1/parties/c1",
                f"/v1/audit-entries?entity_id={row['code_id']}&entity_kind=point_code",
                "/metrics",
            )
        ]
        assert code not in str(listed) + str(await api.notify.published()) + await stored(api)
    ours = [record for record in caplog.records if record.name.startswith(("services", "shared", "uvicorn"))]
    assert not [record for record in ours if code in f"{record.getMessage()} {record.__dict__}"]


async def stored(api: Api) -> str:
    """All that the database holds, as one text."""
    found = []
    async with api.notify.database.view() as view:
        for table in Base.metadata.sorted_tables:
            found += [str(dict(row._mapping)) for row in await view.all(select(table))]
    return "\n".join(found)

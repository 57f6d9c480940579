"""A read day moved with three of four consents: reading asks, notify sends mails, customers press buttons, reading decides."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from shared.events import envelope
from shared.testing.smtp import Mail, SmtpServer
from tests.kits.approvals import decided
from tests.kits.links import LINKED, opened, path_in
from tests.kits.notify import Api, contact, started
from tests.kits.reading import UNIT, Kit
from tests.kits.told_facts import account

POINTS = [f"S{n:04}" for n in range(1, 5)]
REQUEST = {
    "request_no": "RD-1",
    "route_no": "R1",
    "read_day": 20,
    "from_cycle": "2026-03",
    "asked_on": "2026-02-06",
    "reason": "balance",
    "explanation": "two routes on one day",
}


async def tell_notify(kit: Kit, api: Api, kind: str) -> None:
    await api.notify.handle(*(envelope.unpack_one(kind, fact) for fact in await kit.published(kind)))
    await api.send_all()


async def tell_reading(api: Api, kit: Kit, kind: str) -> None:
    told = [fact for fact in await api.notify.published() if fact["type"] == kind]
    facts = [envelope.unpack_one(kind, {k: v for k, v in fact.items() if k != "type"}) for fact in told]
    await kit.give(*facts)


async def press(api: Api, mail: Mail, answer: str) -> httpx.Response:
    return await opened(api, "POST", path_in(mail), f"answer={answer}")


def to(mails: Sequence[Mail], number: int) -> list[Mail]:
    return [mail for mail in mails if mail.recipient == f"person{number:04}@example.org"]


async def test_three_of_four_consent_by_link_and_call_and_the_silent_one_stays(kit: Kit, tmp_path: Path) -> None:
    await kit.district(4)
    await kit.put("routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 5, "months": 1, "first_month": 1}])
    await kit.plan("2026-02-05")
    (tmp_path / "notify").mkdir()
    with SmtpServer() as server:
        given = LINKED | {"WATTLINE_NOTICE_SENDERS": "1", "WATTLINE_SMTP_PORT": str(server.port)}
        url = f"sqlite+aiosqlite:///{tmp_path}/notify.db"
        async with started(url, tmp_path / "notify", **given) as api:
            for number, point in enumerate(POINTS, 1):
                await api.notify.put(contact(number, org_unit="zj"))
                await api.notify.handle(account(number, point=point))
            api.notify.clock.move(days=4)
            assert (await kit.clerk.post("/v1/read-day-requests", json=REQUEST)).json()["status"] == "done"
            await tell_notify(kit, api, "reading.read_day_change_proposed.v1")
            assert sorted(mail.recipient for mail in server.mails) == [f"person{n:04}@example.org" for n in range(1, 5)]
            for number in (1, 2):
                assert (await press(api, to(server.mails, number)[0], "yes")).status_code == 200
            (third,) = (await api.call("GET", "/v1/questions?account_no=a0003")).json()["items"]
            said = {"answer": "yes", "way": "call", "explanation": "Called back."}
            assert (await api.call("POST", f"/v1/questions/{third['question_id']}/answer", said)).status_code == 200
            await tell_reading(api, kit, "notify.customer_answered.v1")
            api.notify.clock.move(days=20)
            await api.call("POST", "/v1/jobs/remind-questions/runs", {"business_date": "2026-02-18"})
            await api.send_all()
            await api.call("POST", "/v1/jobs/expire-questions/runs", {"business_date": "2026-02-21"})
            await tell_reading(api, kit, "notify.question_expired.v1")
            assert await states(kit) == dict.fromkeys(POINTS[:3], "confirmed") | {"S0004": "unconfirmed"}
            second = kit.client("second", "reading:read", "reading:write", "approvals:decide", "approvals:read")
            waiting = (await second.get("/v1/approvals", params={"state": "pending"})).json()["items"]
            assert await decided(second, waiting) == ["done"] * 3
            await tell_notify(kit, api, "reading.read_day_changed.v1")
    subjects = {number: len(to(server.mails, number)) for number in range(1, 5)}
    assert subjects == {1: 2, 2: 2, 3: 2, 4: 2}  # the fourth was asked twice, the others told of the change
    assert all("first on 2026-03-20" in to(server.mails, number)[1].text for number in (1, 2, 3))
    await kit.plan("2026-03-05")
    await kit.plan("2026-03-20")
    read = {
        point: [task["read_date"] for task in await kit.items("tasks", service_point_no=point)][-1] for point in POINTS
    }
    assert read == dict.fromkeys(POINTS[:3], str(date(2026, 3, 20))) | {"S0004": "2026-03-05"}


async def states(kit: Kit) -> dict[str, Any]:
    return {row["service_point_no"]: row["state"] for row in await kit.items("read-day-proposals")}

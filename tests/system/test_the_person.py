"""The person is told in a way that reaches them, on four services over REST.

Who has a landline alone, who lets a flat, whose mail comes back, who wants to sleep.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.billing.tariffs.documents import packaged
from services.notify.sending import jobs
from shared.settings import SERVICES
from shared.testing.smtp import SmtpServer
from tests.kits import calls, dovecot, street
from tests.kits.bounces import report as bounce
from tests.kits.calls import Line
from tests.kits.gateways import SmsCentre, Web, serving
from tests.kits.line import impatient_notify_policy
from tests.kits.street import Place, lets_in, month, report
from tests.unit.billing.rating.documents import PLAIN

PLAINLY: dict[str, Any] = PLAIN | {
    "id": "t/home",
    "charges": [{"name": "energy", "kind": "energy", "price": "0.5000"}],
}
LADDERS = [each for each in packaged.documents("sample") if each.get("id") == "CN-ZJ/residential"]
SINCE = "2026-01-01"
LINE_NO, MOBILE = "0571-8888 1234", "+8613800138111"
WAIT_SECONDS_MAX = 60


def home(name: str) -> Place:
    return Place(name, "t/home")


def point(kind: str, address: str, account_no: str, **more: Any) -> dict[str, Any]:
    vouched = {"account_no": account_no, "how": "declared", "day": SINCE}
    return {
        "point_no": more.pop("point_no", "1"),
        "kind": kind,
        "address": address,
        "valid_from": SINCE,
        "verified": [vouched],
    }


def person(own: str, role: str, account_no: str, *points: Any, **more: Any) -> dict[str, Any]:
    roles = [{"role": role, "account_no": account_no, "valid_from": SINCE}]
    given = {"party_no": f"P-{own}", "org_unit": street.UNIT, "kind": "person", "name": f"王{own}", "language": "zh"}
    return given | {"points": list(points), "roles": roles} | more


@asynccontextmanager
async def told(
    work: Path, server: SmtpServer, sms: Web | None = None, *, more: Mapping[str, str] | None = None, **policy: Any
) -> AsyncIterator[Line]:
    """A line whose mails go to a server, and whose policy says something besides."""
    document = _policy(work)
    (version,) = document["versions"]
    for name, value in policy.items():
        version[name] = version[name] | value if isinstance(value, dict) else value
    environment = {"WATTLINE_NOTIFY_POLICY": _written(work, document), "WATTLINE_SMTP_PORT": str(server.port)}
    if sms is not None:
        environment |= {
            "WATTLINE_GATEWAY_TIMEOUT_SECONDS": "0.9",
            "WATTLINE_SMS_URL": sms.url,
            "WATTLINE_SMS_USER": "u",
            "WATTLINE_SMS_SECRET": "s" * 32,
        }
    async with calls.line(work, environment | dict(more or {})) as line:
        lets_in(line, "caller-1", "reader-7")
        yield line


def _policy(work: Path) -> Any:
    work.mkdir(exist_ok=True)
    return json.loads(impatient_notify_policy(work).read_text())


def _written(work: Path, document: Any) -> str:
    file = work / "told.json"
    file.write_text(json.dumps(document))
    return str(file)


async def until(line: Line, path: str, holds: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    """Return a list of notify once something holds of it."""
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while not holds(found := await line.items("notify", path)):  # noqa: ASYNC110 - said over REST
            await asyncio.sleep(0.05)
    return found


async def chain(line: Line, notice_id: str) -> list[tuple[str, str, str]]:
    found = await line.call("GET", "notify", f"/v1/notices/{notice_id}")
    return [(way["channel"], way["outcome"], way["code"]) for way in found["ways"]]


async def settle(line: Line, *names: str) -> None:
    """Set up homes without customers."""
    await street.settle(line, [home(name) for name in names], SINCE, PLAINLY)


async def put(line: Line, *people: dict[str, Any]) -> None:
    await line.call("PUT", "notify", "/v1/parties", {"items": list(people)})


async def test_an_old_lady_with_a_landline_is_told_by_her_neighbour_a_caller_and_at_last_at_her_door(
    tmp_path: Path,
) -> None:
    old = {"reason": "elderly", "source": "said by her neighbour", "since": SINCE}
    with SmtpServer() as server:
        async with (
            serving(SmsCentre()) as sms,
            told(
                tmp_path / "town",
                server,
                sms,
                roles={"bill_issued": ["holder", "tenant", "delegate"]},
                calls={"tries": 2, "again_hours": 0},
            ) as line,
        ):
            await settle(line, "flat")
            lady = person("lady", "holder", "flat", point("landline", LINE_NO, "flat"), vulnerability=old)
            lady["party_no"] = "P-flat"  # who was put with the supply
            await put(line, lady, person("neighbour", "delegate", "flat", point("mobile", MOBILE, "flat")))
            await month(line, "2026-02-01", {"M-flat": 200})
            notices = await until(line, "/v1/notices?account_no=flat", lambda found: len(found) == 2)
            by_party = {each["party_no"]: each["notice_id"] for each in notices}

            (texted,) = [asked for asked in sms.asked if asked.method == "PUT"]
            assert (texted.json["to"], "flat" in texted.json["text"]) == (MOBILE, True)
            (neighbour,) = await until(
                line, "/v1/notices?account_no=flat&state=delivered", lambda found: len(found) == 1
            )
            assert neighbour["party_no"] == "P-neighbour"

            (task,) = await until(line, "/v1/call-tasks", lambda found: len(found) == 1)
            path = f"/v1/call-tasks/{task['notice_id']}"
            assert LINE_NO not in json.dumps(task)
            for _ in range(2):
                script = await line.call("POST", "notify", f"{path}/taking", who="caller-1")
                assert (script["number"], "50.00" in script["script"]) == (LINE_NO, True)
                await line.call("POST", "notify", f"{path}/outcomes", {"outcome": "not_reached"}, who="caller-1")

            await until(line, "/v1/notices?account_no=flat&state=sent", lambda found: bool(found))
            await line.quiet()
            (order,) = await line.items("reading", "/v1/site-orders?kind=tell_person")
            assert (order["service_point_no"], order["reference"]) == ("flat", by_party["P-flat"])
            said = await line.call("POST", "notify", f"/v1/visits/{by_party['P-flat']}/script", who="reader-7")
            assert said["name"] == "王lady"
            assert await report(line, order["order_no"], "reader-7", "2026-02-04", result="told") == "done"
            await until(line, "/v1/notices?account_no=flat&state=delivered", lambda found: len(found) == 2)
            assert await chain(line, by_party["P-flat"]) == [
                ("landline", "failed", "call.not_reached"),
                ("visit", "delivered", ""),
            ]
            await line.agrees(["2026-01"])


async def test_who_they_are_stands_nowhere_but_sealed_in_notify(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Planted names, numbers and addresses are in no log, metric, error, event, dead letter, trace, list or other database."""
    caplog.set_level(logging.INFO)
    work, name = tmp_path / "town", "王plantedlady"
    planted = (name, LINE_NO, MOBILE, "0571-88881234", "gone@planted.example", "Planted Road 7")
    old = {"reason": "elderly", "source": f"said by the neighbour of {name}", "since": SINCE}
    with SmtpServer(faults=lambda recipient, _tried: "permanent" if "gone" in recipient else "accept") as server:
        async with serving(SmsCentre()) as sms, told(work, server, sms, calls={"tries": 1, "again_hours": 0}) as line:
            await settle(line, "flat")
            places = [
                point("email", "gone@planted.example", "flat"),
                point("mobile", MOBILE, "flat", point_no="2"),
                point("landline", LINE_NO, "flat", point_no="3"),
                point("postal", "Planted Road 7", "flat", point_no="4"),
            ]
            lady = person("flat", "holder", "flat", places[0], *places[2:], vulnerability=old, name=name)
            await put(line, lady, person("two", "tenant", "flat", places[1], name=name))
            headers = {"Authorization": f"Bearer {line.tokens['clerk']}"}
            wrong = {"items": [lady | {"points": [places[0] | {"kind": "mobile"}]}]}
            refused = await line.clients["notify"].put("/v1/parties", json=wrong, headers=headers)
            malformed = await line.clients["notify"].put(
                "/v1/parties", json={"items": [lady | {"kind": 7}]}, headers=headers
            )
            await month(line, "2026-02-01", {"M-flat": 200})
            (task,) = await until(line, "/v1/call-tasks", bool)
            path = f"/v1/call-tasks/{task['notice_id']}"
            assert (await line.call("POST", "notify", f"{path}/taking", who="caller-1"))["number"] == LINE_NO
            await line.call("POST", "notify", f"{path}/outcomes", {"outcome": "wrong_number"}, who="caller-1")
            await line.quiet()
            shown = [refused.text, malformed.text, json.dumps(task)]
            for service, client in line.clients.items():
                shown.append((await client.get("/metrics")).text)
                shown += [json.dumps(await line.items(service, "/v1/dead-letters"))]
            for notice in await line.items("notify", "/v1/notices"):
                number = notice["notice_id"]
                shown.append(json.dumps(await line.call("GET", "notify", f"/v1/notices/{number}")))
                shown.append(json.dumps(await line.call("GET", "notify", f"/v1/trace/notice/{number}")))
            audit = "/v1/audit-entries?entity_kind=party&entity_id=P-flat"
            shown.append(json.dumps(await line.items("notify", audit)))
    assert any(asked.json["to"] == MOBILE for asked in sms.asked), "they were told"
    files = {file: file.read_bytes() for file in work.rglob("*") if file.is_file()}
    assert {f"{service}.db" for service in SERVICES} | {"events.db"} <= {file.name for file in files}
    said = "\n".join(
        record.getMessage() + str(record.__dict__) for record in caplog.records if record.name != "mail.log"
    )
    for value in planted:
        for form in (value, json.dumps(value)[1:-1]):
            assert not [text for text in shown if form in text]
            assert form not in said
            assert not [file.name for file, content in files.items() if form.encode() in content]


async def test_the_landlord_is_told_of_ladder_prices_and_of_what_is_unpaid_and_never_of_the_tenants_bill(
    tmp_path: Path,
) -> None:
    with SmtpServer() as server:
        roles = {"reminder": ["holder", "tenant", "landlord"]}
        async with told(tmp_path / "town", server, roles=roles) as line:
            place = Place(
                "let",
                "CN-ZJ/residential",
                of_contract={"opening_usage": [{"ladder": "year", "year": 2025, "used_wh": [0, 0, 0]}]},
            )
            await street.settle(line, [place], "2025-12-01", *LADDERS)
            await put(
                line,
                person("let", "tenant", "let", point("email", "tenant@example.org", "let")),
                person("owner", "landlord", "let", point("email", "owner@example.org", "let")),
            )
            await month(line, "2026-01-01", {"M-let": 200})
            await month(line, "2026-02-01", {"M-let": 2_900})
            for bill in await line.items("billing", "/v1/bills?status=held"):
                seen = {"decision": "approve", "explanation": "Looked at.", "business_date": "2026-02-02"}
                await line.decide(bill, seen)
            await line.quiet()
            await street.job(line, "collection", "remind", "2026-04-20")
            await until(
                line, "/v1/notices?account_no=let", lambda found: "reminder" in {each["template"] for each in found}
            )
            await line.quiet()
            told_to: dict[str, set[str]] = {}
            for each in await line.items("notify", "/v1/notices?account_no=let"):
                told_to.setdefault(each["party_no"], set()).add(each["template"])
            assert told_to["P-owner"] == {"ladder_tier_near", "reminder"}
            assert {"bill_issued", "ladder_tier_near", "reminder"} <= told_to["P-let"]
            texts = [mail.text for mail in server.mails if mail.recipient == "owner@example.org"]
            assert any("第" in text and "档" in text for text in texts)


async def test_nobody_is_told_over_what_is_verified_for_another_flat_but_at_the_door_itself(tmp_path: Path) -> None:
    with SmtpServer() as server:
        async with told(tmp_path / "town", server) as line:
            await settle(line, "old_flat", "new_flat")
            of_before = point("email", "moved@example.org", "old_flat")
            await put(line, person("new_flat", "holder", "new_flat", of_before))
            await month(line, "2026-02-01", {"M-new_flat": 200})
            (waiting,) = await line.items("notify", "/v1/unaddressed")
            assert (waiting["account_no"], waiting["state"]) == ("new_flat", "waits_for_contact")
            checked = {"service_point_no": "new_flat", "org_unit": street.UNIT, "address": "Road 7, door 301"}
            checked |= {"how": "on_site", "checked_on": "2026-01-20"}
            await line.call("PUT", "notify", "/v1/doors", {"items": [checked]})
            await line.call("POST", "notify", "/v1/jobs/tell-doors/runs", {"business_date": "2026-02-20"})
            await until(line, "/v1/letters", bool)
            await line.call("POST", "notify", "/v1/letter-batches", {"batch_no": "B1", "org_unit": street.UNIT})
            (letter,) = (await line.call("GET", "notify", "/v1/letter-batches/B1/register"))["items"]
            assert letter["address"] == "Road 7, door 301"
            assert all(part in letter["checked_against"] for part in ("new_flat", "2026-01-20"))
            assert [mail.recipient for mail in server.mails] == []

            now = {"party_no": "P-new_flat", "point_no": "1", "account_no": "new_flat", "how": "called", "day": SINCE}
            await line.call("POST", "notify", "/v1/verifications", {"items": [now]})
            await month(line, "2026-03-01", {"M-new_flat": 300})
            assert [mail.recipient for mail in server.mails] == ["moved@example.org"]


@pytest.mark.dovecot
async def test_a_mail_that_comes_back_becomes_a_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LOOK_SECONDS", 0.2)
    async with dovecot.running() as post:
        more = {
            "WATTLINE_IMAP_HOST": "127.0.0.1",
            "WATTLINE_IMAP_PORT": str(post.server.port),
            "WATTLINE_IMAP_USERNAME": dovecot.USER,
            "WATTLINE_IMAP_PASSWORD": dovecot.PASSWORD,
            "WATTLINE_IMAP_CERTIFICATES": str(post.server.certificates),
            "WATTLINE_BOUNCE_KEY": "b" * 40,
        }
        with SmtpServer() as server:
            async with told(tmp_path / "town", server, more=more) as line:
                await settle(line, "flat")
                points = [
                    point("email", "gone@example.org", "flat"),
                    point("landline", LINE_NO, "flat", point_no="2"),
                ]
                await put(line, person("flat", "holder", "flat", *points))
                await month(line, "2026-02-01", {"M-flat": 200})
                (notice,) = await until(line, "/v1/notices?account_no=flat&state=delivered", bool)
                (mail,) = server.mails
                await asyncio.to_thread(post.put, [bounce("postfix", mail.message_id)])
                (task,) = await until(line, "/v1/call-tasks", bool)
                path = f"/v1/call-tasks/{task['notice_id']}"
                script = await line.call("POST", "notify", f"{path}/taking", who="caller-1")
                assert (task["notice_id"], script["number"]) == (notice["notice_id"], LINE_NO)
                promised = {"outcome": "promised", "promised_on": "2026-02-20"}
                await line.call("POST", "notify", f"{path}/outcomes", promised, who="caller-1")
                await line.quiet()
                assert await chain(line, notice["notice_id"]) == [
                    ("email", "failed", "smtp.5.1.1"),
                    ("landline", "delivered", ""),
                ]


async def test_an_sms_waits_for_the_hours_in_which_a_person_may_be_disturbed(tmp_path: Path) -> None:
    """Where it is noon now, this person is told between two and three; what is told by mail disturbs nobody."""
    now = datetime.now(UTC)
    zone = f"Etc/GMT{now.hour - 12:+}"
    with SmtpServer() as server:
        async with serving(SmsCentre()) as sms, told(tmp_path / "town", server, sms) as line:
            await settle(line, "late", "soon")
            hours = {"opens": "14:00", "closes": "15:00", "zone": zone}
            for name, contact in (
                ("late", point("mobile", MOBILE, "late")),
                ("soon", point("email", "s@example.org", "soon")),
            ):
                await put(line, person(name, "holder", name, contact, preferences={"hours": hours}))
            await month_without_quiet(line, {"M-late": 200, "M-soon": 200})
            (notice,) = await until(line, "/v1/notices?account_no=late", bool)
            due_at = datetime.fromisoformat(notice["due_at"]).astimezone(ZoneInfo(zone))
            assert (due_at.hour, due_at.minute, notice["paced"]) == (14, 0, "quiet_hours")
            assert timedelta(0) < due_at - now < timedelta(hours=3)
            await until(line, "/v1/notices?account_no=soon&state=delivered", bool)
            assert sms.asked == []


async def test_five_facts_of_one_day_are_one_message(tmp_path: Path) -> None:
    """Whoever has five flats gets five bills on one day: one mail, and each is told. The mail server is away meanwhile."""
    flats = [f"flat-{n}" for n in range(5)]
    server = SmtpServer()
    async with told(tmp_path / "town", server, pace={"join_at": []}) as line:
        await settle(line, *flats)
        for flat in flats:
            await put(line, person(flat, "payer", flat))
        owner = person("owner", "holder", flats[0])
        owner["roles"] = [{"role": "holder", "account_no": flat, "valid_from": SINCE} for flat in flats]
        vouched = [{"account_no": flat, "how": "declared", "day": SINCE} for flat in flats]
        owner["points"] = [point("email", "owner@example.org", flats[0]) | {"verified": vouched}]
        await put(line, owner)
        await month_without_quiet(line, {f"M-{flat}": 200 for flat in flats})
        await until(line, "/v1/notices?state=queued", lambda found: len(found) == len(flats))
        with server:
            found = await until(line, "/v1/notices?state=delivered", lambda found: len(found) == len(flats))
            await line.quiet()
        assert {each["account_no"] for each in found} == set(flats)
        (mail,) = server.mails
        assert all(flat in mail.text for flat in flats)


async def month_without_quiet(line: Line, shown: Mapping[str, float]) -> None:
    """Read and bill a month where a notice stays queued, so that the line is never quiet."""
    await run(line, "reading", "plan-cycles", "2026-02-01")
    await street.push(line, "2026-02-01", {meter: {"import": f"{one:.2f}"} for meter, one in shown.items()})
    await run(line, "reading", "close-routes", "2026-02-02")
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while len(await line.items("billing", "/v1/bills")) < len(shown):  # noqa: ASYNC110 - said over REST
            await asyncio.sleep(0.05)
    await run(line, "billing", "release-runs", "2026-02-02")


async def run(line: Line, service: str, name: str, day: str) -> None:
    """Run a job of a business date, and wait for nothing."""
    await line.call("POST", service, f"/v1/jobs/{name}/runs", {"business_date": day})

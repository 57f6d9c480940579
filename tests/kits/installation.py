"""An installation as a utility has it: `wattline up` in a process of its own, and a small town set up over REST.

Every home has a route of its own. Odd homes belong to a bureau whose runs are released by themselves, even ones to a bureau
where a reviewer releases: their bills of January are ready and their runs in review.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import orjson

from services.billing.settings import DEFAULT_POLICY
from services.billing.tariffs.documents import packaged
from services.command import reconcile
from services.command.local import SCOPES
from shared import ids
from shared.bus.embedded import EmbeddedEventLog
from shared.bus.ports import Record
from shared.events import catalogue, envelope
from shared.events.reading import VisitProposed
from shared.settings import SERVICES
from shared.testing.servers import free_port
from shared.testing.smtp import SmtpServer
from shared.web import auth
from tests.kits.line import impatient_notify_policy
from tests.kits.parties import person

KEY = "k" * 40
CHANNEL_SECRET = "c" * 40
START_SECONDS_MAX = 180
WAIT_SECONDS_MAX = 180
BY_ITSELF, REVIEWED = "zj/hangzhou", "zj/ningbo"
TARIFF = "CN-ZJ/residential"
HOMES = 24
STRANGE = 40  # records of no type in each of two topics: far from the flood that stops a topic
REVERSES_FROM = "2026-04-01"  # until then corrections are by difference


@dataclass(frozen=True)
class Home:
    number: int

    @property
    def org_unit(self) -> str:
        return BY_ITSELF if self.number % 2 else REVIEWED

    @property
    def route_no(self) -> str:
        return f"R-{self.number:04}"

    @property
    def service_point_no(self) -> str:
        return f"SP-{self.number:04}"

    @property
    def meter_no(self) -> str:
        return f"M-{self.number:04}"

    @property
    def account_no(self) -> str:
        return f"33010{self.number:05}"

    @property
    def question_id(self) -> str:
        return f"Q-{self.number:04}"


TOWN = [Home(number) for number in range(1, HOMES + 1)]
CORRECTED = TOWN[2]  # its bill of January, which went out and was paid in part, is corrected by difference


class Installation:
    """The running services and how to call them."""

    def __init__(self, urls: dict[str, str], folder: Path) -> None:
        self.urls = urls
        self.data = folder / "var"
        self.log = folder / "log"
        self.client = httpx.Client(timeout=60, trust_env=False)
        self.device_keys: dict[str, bytes] = {}

    def token(self, subject: str, **claims: Any) -> dict[str, str]:
        given: dict[str, Any] = {"key": KEY, "audience": "wattline", "subject": subject, "scopes": SCOPES}
        return {"Authorization": f"Bearer {auth.mint(**given | claims)}"}

    def call(self, method: str, service: str, path: str, body: Any = None, *, who: str = "clerk-1", **more: str) -> Any:
        content = None if body is None else orjson.dumps(body)
        headers = self.token(who) | {"Content-Type": "application/json"} | more
        answer = self.client.request(method, self.urls[service] + path, content=content, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        found = answer.json()
        for outcome in found.get("outcomes", []) if isinstance(found, dict) else []:
            assert outcome["status"] in ("done", "accepted", "already_done", "already_accepted"), outcome
        return found

    def approve(self, service: str, asked: dict[str, Any]) -> None:
        """Approve, as a second person, what was asked for."""
        named = {name: asked[name] for name in ("approval_id", "content_hash")}
        body = {"decision": "approve", "explanation": "seen", "items": [named]}
        self.call("POST", service, "/v1/approvals/decisions", body, who="second-1")

    def items(self, service: str, path: str) -> list[dict[str, Any]]:
        found = self.call("GET", service, f"{path}{'&' if '?' in path else '?'}limit=500")["items"]
        assert isinstance(found, list)
        return found

    def job(self, service: str, name: str, day: str) -> None:
        self.call("POST", service, f"/v1/jobs/{name}/runs", {"business_date": day})

    def callback(self, order_id: str, amount_fen: int, txn: str) -> Any:
        body = {"channel_txn": txn, "order_id": order_id, "amount_fen": amount_fen, "paid_on": "2026-02-06"}
        return self.call(
            "POST",
            "collection",
            "/v1/channels/app/callbacks",
            body,
            **{"X-Channel-Signature": signed(orjson.dumps(body))},
        )

    def until(self, what: str, service: str, path: str, count: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while len(found := self.items(service, path)) < count:
            assert time.monotonic() < deadline, f"{what}: {len(found)} of {count}; {self.log.read_text()[-3000:]}"
            time.sleep(0.2)
        return found

    def until_known(self, service: str, path: str) -> None:
        """Wait until a service has heard of something."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while self.client.get(self.urls[service] + path, headers=self.token("auditor-1")).status_code == 404:
            assert time.monotonic() < deadline, path
            time.sleep(0.2)

    def until_replayed(self, service: str) -> None:
        """Wait until no dead letter is about to be handled again: what fails then is set aside anew."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while any(each["state"] == "ready" for each in self.items(service, "/v1/dead-letters")):
            assert time.monotonic() < deadline, service
            time.sleep(0.2)

    def until_agreed(self, *cycles: str) -> None:
        """Wait until the control totals of all services agree about cycles."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while wrong := [(cycle, one) for cycle in cycles for one in self._compared(cycle) if not one.agrees]:
            assert time.monotonic() < deadline, f"{wrong}; {self.log.read_text()[-3000:]}"
            time.sleep(0.2)

    def _compared(self, cycle: str) -> list[reconcile.Result]:
        path = f"/v1/control-totals?cycle={cycle}"
        return reconcile.compare({name: self.call("GET", name, path) for name in SERVICES})


def signed(body: bytes) -> str:
    return hmac.new(CHANNEL_SECRET.encode(), body, hashlib.sha256).hexdigest()


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Installation]:
    """Run the four services; one bureau's runs wait for a reviewer, and corrections change their style on a day."""
    (folder / "billing.json").write_text(json.dumps(_policy()))
    urls = {name: f"http://127.0.0.1:{free_port()}" for name in SERVICES}
    with SmtpServer() as mail, (folder / "log").open("wb") as log:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WATTLINE_")}
        environment |= {f"WATTLINE_{name.upper()}_URL": url for name, url in urls.items()}
        environment |= {
            "WATTLINE_DATA_DIR": str(folder / "var"),
            "WATTLINE_TOKEN_KEY": KEY,
            "WATTLINE_DEVICE_MASTER_KEY": KEY,
            "WATTLINE_CHANNEL_SECRETS": json.dumps({"app": CHANNEL_SECRET}),
            "WATTLINE_BILLING_POLICY": str(folder / "billing.json"),
            "WATTLINE_NOTIFY_POLICY": str(impatient_notify_policy(folder)),
            "WATTLINE_LINK_KEY": KEY,
            "WATTLINE_PERSONAL_KEY": KEY,
            "WATTLINE_SMTP_HOST": "127.0.0.1",
            "WATTLINE_SMTP_PORT": str(mail.port),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "services", "up"], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            installation = Installation(urls, folder)
            _wait_until_ready(installation, process)
            with contextlib.closing(installation.client):
                yield installation
        finally:
            process.terminate()
            process.wait()


def _policy() -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(DEFAULT_POLICY.read_text())
    first = policy["versions"][0]
    first["review"]["drawn_sample"] = "off"  # the change below would draw the one bill of every run
    first["release"][REVIEWED] = first["release"]["*"] | {"mode": "reviewer"}
    later = json.loads(json.dumps(first)) | {"version": "2", "effective": {"from": REVERSES_FROM, "to": None}}
    first["effective"]["to"] = REVERSES_FROM
    first["corrections"]["style"] = "delta"
    policy["versions"].append(later)
    return policy


def _wait_until_ready(installation: Installation, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    for url in installation.urls.values():
        while True:
            assert process.poll() is None, installation.log.read_text()
            assert time.monotonic() < deadline, installation.log.read_text()
            with contextlib.suppress(httpx.TransportError):
                if installation.client.get(url + "/health/ready").is_success:
                    break
            time.sleep(0.1)


def settle(installation: Installation) -> None:
    """Set the town up, bill January, pay the bills of the odd homes, and leave money in suspense."""
    _set_up(installation)
    call = installation.call
    installation.job("reading", "plan-cycles", "2026-02-01")
    reads = [_read(home, "2026-02-01T00:00:00+08:00", 1000 + 100 + 5 * home.number) for home in TOWN]
    call("POST", "reading", "/v1/reads", {"items": reads}, who="uploader-1")
    curves = [
        {"meter_no": home.meter_no, "day": "2026-01-20", "unit": "Wh", "interval_minutes": 30, "values": [120] * 48}
        for home in TOWN
    ]
    call("POST", "reading", "/v1/curves", {"items": curves}, who="uploader-1")
    installation.job("reading", "close-routes", "2026-02-02")
    issued = len([home for home in TOWN if home.org_unit == BY_ITSELF])
    installation.until("runs in review", "billing", "/v1/runs?status=in_review", len(TOWN) - issued)
    posted = installation.until("posted bills", "collection", "/v1/receivables?cycle=2026-01", issued)
    for receivable in posted:
        body = {"account_no": receivable["account_no"], "amount_fen": 1000, "received_on": "2026-02-06"}
        for _ in range(2):
            call("POST", "collection", "/v1/payments", body, who="cashier-1", **{"Idempotency-Key": uuid.uuid4().hex})
    for number in range(HOMES):
        installation.callback("no-such-order", 1000 + number, f"lost-{number}")
    installation.job("collection", "remind", "2026-03-01")
    installation.until("notices", "notify", "/v1/notices?state=delivered", issued)
    asyncio.run(_send_strange(installation.data))
    asyncio.run(_ask(installation.data))
    installation.until("questions", "notify", "/v1/questions?state=open", HOMES)
    for service in SERVICES:
        installation.until("records that are set aside", service, "/v1/dead-letters", STRANGE)
    correct(installation, CORRECTED, 1000 + 100 + 5 * CORRECTED.number - 5)


async def _send_strange(data: Path) -> None:
    event_log = EmbeddedEventLog(data / "events.db")
    await event_log.start()
    headers = [(("ce_type", strange_type(n).encode()), ("ce_id", f"strange-{n}".encode())) for n in range(STRANGE)]
    topics = [catalogue.topic_of(service) for service in ("reading", "billing")]
    await event_log.send([Record(topic, 0, b"{}", each) for topic in topics for each in headers])
    await event_log.stop()


async def _ask(data: Path) -> None:
    """Say that a visit is proposed to each home."""
    facts = [
        VisitProposed(
            question_id=home.question_id,
            subject_kind="visit",
            subject_id=f"visit-{home.number}",
            service_point_no=home.service_point_no,
            org_unit=home.org_unit,
            asked_on=date(2026, 2, 3),
            answers=("yes", "no"),
            answer_by=date(2099, 1, 1),
            purpose="appointment",
            visit_on=date(2099, 1, 2),
        )
        for home in TOWN
    ]
    topic = catalogue.topic_of("reading")
    records = []
    for event in envelope.pack(facts):
        about = {"event_id": ids.new(), "event_type": VisitProposed.type, "time": "2026-02-03T00:00:00+00:00"}
        headers = envelope.headers(**about, position=1, partition=event.partition, traceparent="")
        records.append(Record(topic, event.partition, event.payload.encode(), headers))
    event_log = EmbeddedEventLog(data / "events.db")
    await event_log.start()
    await event_log.send(records)
    await event_log.stop()


def strange_type(n: int) -> str:
    """Return the type of the n-th record that nobody of the product has written; each service sets some of them aside."""
    return f"strange/{n}"


def correct(installation: Installation, home: Home, kwh: int) -> None:
    """Correct the register that closed January at a home, and wait until all services agree about what came of it."""
    path = f"/v1/corrections?account_no={home.account_no}"
    made = len(installation.items("billing", path))
    body = {"unit": "kWh", "registers": {"import": f"{kwh}.00"}, "reason": "misread"}
    read_id = f"{home.meter_no}~20260131T160000Z~remote"
    installation.call("POST", "reading", f"/v1/reads/{read_id}/correction", body, who="engineer-1")
    installation.until("correction", "billing", path, made + 1)
    installation.until_agreed("2026-01", "2026-02")


def _read(home: Home, read_at: str, kwh: int) -> dict[str, Any]:
    registers = {"import": f"{kwh}.00"}
    return {"meter_no": home.meter_no, "read_at": read_at, "source": "remote", "unit": "kWh", "registers": registers}


def _set_up(installation: Installation) -> None:
    def put(service: str, path: str, items: list[dict[str, Any]]) -> None:
        installation.call("PUT", service, path, {"items": items})

    for document in packaged.documents("sample"):
        if document.get("id") == TARIFF:
            path = f"/v1/tariffs/{document['id']}/versions/{document['version']}"
            installation.approve("billing", installation.call("PUT", "billing", path, document))
    put("reading", "/v1/routes", [{"route_no": h.route_no, "org_unit": h.org_unit, "read_day": 1} for h in TOWN])
    for whose in ("own", "other"):
        put("reading", "/v1/devices", [{"device_id": f"{whose}-{h.number}", "org_unit": h.org_unit} for h in TOWN])
    own = {"items": [{"device_id": f"own-{h.number}"} for h in TOWN]}
    made = installation.call("POST", "reading", "/v1/device-keys", own)["outcomes"]
    installation.device_keys = {f"own-{h.number}": bytes.fromhex(o["key"]) for h, o in zip(TOWN, made, strict=True)}
    points = [{"service_point_no": h.service_point_no, "route_no": h.route_no} for h in TOWN]
    put("reading", "/v1/service-points", points)
    registers = [{"quantity": "import", "digits": 8, "scale": 2}]
    put(
        "reading",
        "/v1/meters",
        [{"meter_no": h.meter_no, "org_unit": h.org_unit, "registers": registers} for h in TOWN],
    )
    installed = {"installed_on": "2026-01-01", "unit": "kWh", "opening": {"import": "1000.00"}}
    installations = [{"service_point_no": h.service_point_no, "meter_no": h.meter_no} | installed for h in TOWN]
    put("reading", "/v1/installations", installations)
    put("billing", "/v1/accounts", [_account(h) for h in TOWN])
    put("notify", "/v1/parties", [_party(h, "P") for h in TOWN])
    # whose addresses no test changes: their links stay
    put("notify", "/v1/parties", [_party(h, "L") for h in TOWN])


def _account(home: Home) -> dict[str, Any]:
    since = "2026-01-01"
    contract = {
        "contract_no": f"K-{home.number:04}",
        "service_point_no": home.service_point_no,
        "from": since,
        "tariffs": [{"from": since, "tariff": TARIFF}],
        "opening_usage": [{"ladder": "year", "year": 2026, "used_wh": [0, 0, 0]}],
    }
    return {
        "account_no": home.account_no,
        "org_unit": home.org_unit,
        "opened_on": since,
        "facts": [{"from": since, "customer_class": "residential", "people": 3}],
        "contracts": [contract],
    }


def _party(home: Home, kind: str) -> dict[str, Any]:
    address = f"holder-{home.number}@example.org"
    return person(f"{kind}-{home.account_no}", home.account_no, home.org_unit, address, since="2026-01-01")

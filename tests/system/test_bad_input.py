"""Bad input, one row of the table each: what is sent, with which code it is refused, and that no database has changed by it."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest

from services.billing.tariffs.examples import TARIFF
from shared import ids
from shared.settings import SERVICES
from shared.web import devices
from tests.kits.installation import BY_ITSELF, REVIEWED, TOWN, Installation, signed

HOME = TOWN[0]
QUIET_SECONDS_MAX = 120
READ: dict[str, Any] = {
    "meter_no": HOME.meter_no,
    "read_at": "2026-02-10T00:00:00+08:00",
    "source": "remote",
    "unit": "kWh",
    "registers": {"import": "1150.00"},
}
PAYMENT: dict[str, Any] = {"account_no": HOME.account_no, "amount_fen": 100, "received_on": "2026-02-10"}
NO_EFFECT = {
    "relay_lease",  # which process leads, and until when
    "upload",  # counts what every message brought, what was refused as well
}

Send = Callable[[Installation], httpx.Response]


@dataclass(frozen=True)
class Case:
    name: str
    send: Send
    status: int
    code: str
    before: Send | None = None  # what has to be done first, and is no part of the bad input


def post(service: str, path: str, body: Any, **headers: str) -> Send:
    return request("POST", service, path, body, **headers)


def request(method: str, service: str, path: str, body: Any, who: str = "stranger-1", **headers: str) -> Send:
    """Send with a token that may do everything, unless the headers say otherwise."""

    def send(town: Installation) -> httpx.Response:
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        given = {"Content-Type": "application/json"} | town.token(who) | headers
        return town.client.request(method, town.urls[service] + path, content=content, headers=given)

    return send


def read(**change: Any) -> Send:
    return post("reading", "/v1/reads", {"items": [READ | change]})


def as_somebody(**claims: Any) -> Send:
    """Take a payment with a token of these claims."""

    def send(town: Installation) -> httpx.Response:
        token = town.token("cashier-9", **claims)["Authorization"]
        key = {"Idempotency-Key": ids.new(), "Authorization": token}
        return post("collection", "/v1/payments", PAYMENT, **key)(town)

    return send


def forged_token(town: Installation) -> httpx.Response:
    return as_somebody(key="x" * 40)(town)


def device_message(town: Installation) -> httpx.Response:
    """The same bytes each time: a message that somebody has recorded."""
    body = orjson.dumps({"items": [READ]})
    own = f"own-{HOME.number}"
    if not hasattr(device_message, "headers"):
        signature = devices.sign(key=town.device_keys[own], device_id=own, method="POST", target="/v1/reads", body=body)
        device_message.headers = signature  # type: ignore[attr-defined]
    headers = device_message.headers | {"Content-Type": "application/json"}  # type: ignore[attr-defined]
    return town.client.post(town.urls["reading"] + "/v1/reads", content=body, headers=headers)


def pay(amount_fen: int) -> Send:
    return post("collection", "/v1/payments", PAYMENT | {"amount_fen": amount_fen}, **{"Idempotency-Key": "used-once"})


def forged_callback(town: Installation) -> httpx.Response:
    body = {"channel_txn": "forged", "order_id": "x", "amount_fen": 100, "paid_on": "2026-02-10"}
    signature = {"X-Channel-Signature": signed(orjson.dumps(body | {"amount_fen": 1}))}
    return post("collection", "/v1/channels/app/callbacks", body, **signature)(town)


def decision(*, who: str, versions_behind: int = 0) -> Send:
    def send(town: Installation) -> httpx.Response:
        bill = next(b for b in town.items("billing", "/v1/bills?status=ready") if b["org_unit"] == REVIEWED)
        body = {"decision": "hold", "explanation": "to be looked at"}
        seen = {"If-Match": f'"{bill["row_version"] - versions_behind}"'}
        return request("POST", "billing", f"/v1/bills/{bill['bill_id']}/decisions", body, who, **seen)(town)

    return send


def tariff(version: int, since: str, until: str | None) -> Send:
    document = TARIFF | {"id": "bad/home", "version": version, "effective": {"from": since, "to": until}}
    return request("PUT", "billing", f"/v1/tariffs/bad/home/versions/{version}", document)


CASES = [
    Case("broken JSON", post("reading", "/v1/reads", b'{"items": ['), 400, "request.malformed_json"),
    Case("wrong type", request("PUT", "reading", "/v1/routes", {"items": 7}), 422, "request.invalid"),
    Case("wrong type in an item", read(meter_no=7), 200, "reading.malformed_item"),
    Case("unknown meter", read(meter_no="M-9999"), 200, "reading.unknown_meter"),
    Case("unknown register", read(registers={"import.peak": "1150.00"}), 200, "reading.unknown_register"),
    Case("read in the future", read(read_at="2199-02-10T00:00:00+08:00"), 200, "reading.in_the_future"),
    Case("more digits than the register", read(registers={"import": "1234567.00"}), 200, "reading.too_many_digits"),
    Case("negative", read(registers={"import": "-1.00"}), 200, "reading.negative"),
    Case("uploaded by its reader", read(source="site", reader="stranger-1"), 200, "reading.reader_is_uploader"),
    Case("wrong unit", read(unit="MWh"), 200, "reading.wrong_unit"),
    Case("batch too large", post("reading", "/v1/reads", {"items": [READ] * 1001}), 422, "request.invalid"),
    Case("body too large", post("reading", "/v1/reads", b" " * (4 * 1024 * 1024 + 1)), 413, "request.body_too_large"),
    Case("expired token", as_somebody(now=time.time() - 7200), 401, "auth.expired_token"),
    Case("forged token", forged_token, 401, "auth.invalid_token"),
    Case("missing scope", as_somebody(scopes=["collection:read"]), 403, "auth.missing_scope"),
    Case("account of another org unit", as_somebody(org_units=[REVIEWED]), 404, "account.unknown"),
    Case(
        "meter of another org unit",
        lambda town: post("reading", "/v1/reads", {"items": [READ]}, **town.token("stranger-1", org_units=[REVIEWED]))(
            town
        ),
        200,
        "auth.other_org_unit",
    ),
    Case("replayed device message", device_message, 401, "auth.replayed_message", before=device_message),
    Case("same idempotency key, another body", pay(200), 422, "idempotency.key_reused", before=pay(100)),
    Case("forged callback", forged_callback, 401, "channel.invalid_signature"),
    Case(
        "job for a day after tomorrow",
        post("reading", "/v1/jobs/plan-cycles/runs", {"business_date": "2199-01-01"}),
        422,
        "business_date.in_the_future",
    ),
    Case("stale decision", decision(who="reviewer-1", versions_behind=1), 412, "precondition.stale"),
    Case("a reviewer who read the meter", decision(who="uploader-1"), 403, "bill.reviewer_read_meter"),
    Case(
        "tariff with a gap in time",
        tariff(2, "2026-07-02", None),
        422,
        "tariff.version_gap",
        before=tariff(1, "2026-01-01", "2026-07-01"),
    ),
    Case(
        "tariff with an overlap in time",
        tariff(2, "2026-06-30", None),
        422,
        "tariff.version_overlap",
        before=tariff(1, "2026-01-01", "2026-07-01"),
    ),
]


def all_rows(town: Installation) -> dict[str, list[Any]]:
    """Return every row of every table of the four services."""
    found = {}
    for service in SERVICES:
        with closing(sqlite3.connect(f"file:{town.data / service}.db?mode=ro", uri=True)) as database:
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in set(names) - NO_EFFECT:
                found[f"{service}.{name}"] = sorted(map(repr, database.execute(f'SELECT * FROM "{name}"')))
    return found


def not_followed(town: Installation) -> bool:
    """Return whether a change of a rating document waits for billing to follow it."""
    with closing(sqlite3.connect(f"file:{town.data / 'billing'}.db?mode=ro", uri=True)) as database:
        ((count,),) = database.execute("SELECT count(*) FROM rating_change WHERE followed_at IS NULL")
    return bool(count)


def rows_at_rest(town: Installation) -> dict[str, list[Any]]:
    """Return all rows once nothing is on its way from service to service.

    No audit row waits for its place in the chain either, and no change of a rating document for the bills that follow it.
    """
    deadline = time.monotonic() + QUIET_SECONDS_MAX
    before = all_rows(town)
    while time.monotonic() < deadline:
        time.sleep(0.5)
        follows = not_followed(town)  # asked before the rows are read: what ends in between would be missing from them
        now = all_rows(town)
        waits = follows or any(now[f"{service}.audit_pending"] for service in SERVICES)
        if now == before and not waits:
            return now
        before = now
    raise AssertionError("the installation does not come to rest")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input_is_refused_with_its_code_and_nothing_has_changed(town: Installation, case: Case) -> None:
    if case.before is not None:
        first = case.before(town)
        assert first.is_success
        if first.status_code == 202:
            town.approve("billing", first.json())
    before = rows_at_rest(town)
    answer = case.send(town)
    found = answer.json()
    code = found["outcomes"][0]["code"] if answer.is_success else found["code"]
    assert (answer.status_code, code) == (case.status, case.code)
    if answer.is_success:
        assert found["outcomes"][0]["status"] == "refused"
    after = all_rows(town)
    assert {name for name in before if after[name] != before[name]} == set()


def test_the_same_calls_without_their_fault_are_taken(town: Installation) -> None:
    assert read()(town).json()["outcomes"][0]["status"] in ("accepted", "already_accepted")
    assert as_somebody(org_units=[BY_ITSELF])(town).status_code == 201
    assert decision(who="reviewer-1")(town).status_code == 200
    assert tariff(2, "2026-07-01", None)(town).status_code == 202

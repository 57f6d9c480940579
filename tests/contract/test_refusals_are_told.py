"""Every refusal of a command is a line in the log: of each route of each service, with its code, without what was sent."""

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.command import local
from shared import web
from shared.bus.embedded import EmbeddedEventLog
from shared.logging import JsonFormatter
from shared.service import Service
from shared.settings import SERVICES, settings_class
from shared.web.auth import PublicPolicy, ScopePolicy
from tests.kits import databases, webapp

PHONE = "13800000000"  # stands in every path and body: it must stand in no line
MONEY_AND_REVIEW = {
    "collection": (
        "/v1/payments",
        "/v1/payments/{payment_id}/reversal",
        "/v1/opening-receivables",
        "/v1/months/{month}/close",
    ),
    "billing": ("/v1/bills/{bill_id}/decisions", "/v1/runs/{route_no}/{cycle}/release", "/v1/release-switch"),
}


@pytest.fixture(params=SERVICES)
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Service]:
    name: str = request.param
    environment = {key: value for key, value in webapp.ENVIRONMENT.items() if key != "WATTLINE_BODY_BYTES_MAX"}
    settings = settings_class(name).load(environment | {"WATTLINE_DATA_DIR": str(tmp_path)})
    await databases.migrate(settings.database_url_of(name), name)
    built = local.build(name, settings, EmbeddedEventLog(tmp_path / "events.db"))
    yield built
    await built.database.close()


def commands(service: Service) -> Iterator[tuple[str, str, ScopePolicy]]:
    for method, path, policy in web.policies(service.app):
        if method not in ("GET", "HEAD") and isinstance(policy, ScopePolicy):
            yield method, path, policy


def body_of(service: Service, method: str, path: str) -> Any:
    """Return the body that the OpenAPI document shows as the example of a route, None where it takes none."""
    content = (
        service.app.openapi()["paths"][path.replace(":path", "")][method.lower()]
        .get("requestBody", {})
        .get("content", {})
    )
    return content.get("application/json", {}).get("example")


class Log:
    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog
        caplog.set_level(logging.INFO, "shared.web.refusals")

    def take(self) -> list[logging.LogRecord]:
        found = [record for record in self._caplog.records if record.name == "shared.web.refusals"]
        self._caplog.clear()
        return found


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Log:
    return Log(caplog)


async def refused(
    client: httpx.AsyncClient, log: Log, method: str, path: str, headers: dict[str, str], body: Any = None
) -> int:
    """Call a route, and return the status; where it is a refusal one line says so, and nothing of what was sent."""
    real = path.replace(":path}", "}").format_map(_Phone())
    answer = await client.request(
        method, real, json=body, headers=headers | {"Idempotency-Key": PHONE, "If-Match": '"1"'}
    )
    lines = log.take()
    if 400 <= answer.status_code < 500:
        [line] = lines
        told = {name: vars(line)[name] for name in ("method", "route", "status", "code")}
        expected = {"method": method, "route": path.replace(":path", ""), "status": answer.status_code}
        assert told == expected | {"code": answer.json()["code"]}
        assert vars(line)["subject"] == ("staff-1" if headers else "anonymous")
    for line in lines:
        assert PHONE not in JsonFormatter().format(line)
    return answer.status_code


class _Phone(dict[str, str]):
    def __missing__(self, _name: str) -> str:
        return PHONE


async def test_every_refused_command_is_a_line(service: Service, log: Log) -> None:
    statuses = set()
    async with webapp.client(service.app) as client:
        for method, path, policy in commands(service):
            allowed = webapp.bearer(*policy.any_of)
            assert await refused(client, log, method, path, {}) == 401
            assert await refused(client, log, method, path, webapp.bearer("of:nothing")) == 403
            example = body_of(service, method, path)
            statuses.add(await refused(client, log, method, path, allowed, example))
            if example is not None:
                statuses.add(await refused(client, log, method, path, allowed, {"phone": PHONE}))
                statuses.add(await refused(client, log, method, path, allowed, [PHONE]))
    assert max(statuses) < 500
    assert statuses & {403, 404, 409, 412, 422}


async def test_who_reads_without_the_right_is_told_and_who_finds_nothing_is_not(service: Service, log: Log) -> None:
    async with webapp.client(service.app) as client:
        for method, path, policy in web.policies(service.app):
            if method == "GET" and not isinstance(policy, PublicPolicy):
                assert await refused(client, log, method, path, webapp.bearer("of:nothing")) == 403
        answer = await client.get(f"/v1/trace/none/{PHONE}", headers=webapp.bearer(*local.SCOPES))
        assert (answer.status_code, log.take()) == (404, [])


async def test_the_routes_of_money_and_review_are_among_them(service: Service) -> None:
    told = {path for _, path, _ in commands(service)}
    assert {*MONEY_AND_REVIEW.get(service.name, ()), "/v1/approvals/decisions"} <= told

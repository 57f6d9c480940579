"""Each service looks at its audit chain by a job, and shows what it found where an alert watches."""

import json
import logging
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.command import local
from shared.bus.embedded import EmbeddedEventLog
from shared.db.audit_chain import Head
from shared.service import Service
from shared.settings import SERVICES, settings_class
from shared.web.scopes import OPERATING
from tests.kits import databases, webapp

OPERATOR = webapp.bearer(*OPERATING)


async def built(name: str, folder: Path, **environment: str) -> Service:
    given = webapp.ENVIRONMENT | {"WATTLINE_DATA_DIR": str(folder)} | environment
    settings = settings_class(name).load(given)
    await databases.migrate(settings.database_url_of(name), name)
    return local.build(name, settings, EmbeddedEventLog(folder / "events.db"))


@pytest.fixture(params=SERVICES)
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Service]:
    opened = await built(request.param, tmp_path)
    yield opened
    await opened.database.close()


async def verify(client: httpx.AsyncClient, day: str) -> int:
    answer = await client.post("/v1/jobs/verify-audit/runs", json={"business_date": day}, headers=OPERATOR)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["counts"]["faults"])


async def shown(client: httpx.AsyncClient) -> list[str]:
    return [line for line in (await client.get("/metrics")).text.splitlines() if line.startswith("wattline_audit_f")]


def tamper(service: Service, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / f"{service.name}.db") as connection:
        assert connection.execute("UPDATE audit_entry SET actor = 'nobody' WHERE id = 1").rowcount == 1
    connection.close()


async def test_a_tampered_audit_row_is_found_by_the_job_told_and_shown(
    service: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with webapp.client(service.app) as client:
        assert await verify(client, "2026-01-31") == 0
        await service.sealer.drain()  # the row that the first run has written
        assert await shown(client) == ["wattline_audit_faults 0.0"]
        tamper(service, tmp_path)
        assert await verify(client, "2026-02-01") == 1
        assert await shown(client) == ["wattline_audit_faults 1.0"]
    [line] = [record for record in caplog.records if record.getMessage() == "audit.broken"]
    assert (line.levelno, vars(line)["first"]) == (logging.ERROR, "audit.changed seq=1 entry=1")


async def test_a_fault_that_is_written_down_is_left_behind_by_a_kept_head(service: Service, tmp_path: Path) -> None:
    async with webapp.client(service.app) as client:
        await verify(client, "2026-01-31")
        await service.sealer.drain()
        tamper(service, tmp_path)
        kept = (await client.get("/v1/audit-head", headers=OPERATOR)).json()
    head = {service.name: str(Head(kept["seq"], kept["hash"]))}
    again = await built(service.name, tmp_path, WATTLINE_AUDIT_SINCE=json.dumps(head))
    async with webapp.client(again.app) as client:
        assert await verify(client, "2026-02-01") == 0
    await again.database.close()

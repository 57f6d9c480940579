"""What a process shows of itself: jobs by what became of them, connections, disk, certificates, build."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from shared.db import jobs
from shared.db.engine import Database, Tx, View
from shared.db.jobs import Job
from shared.settings import Settings
from tests.kits import webapp

ADMIN = webapp.bearer("jobs:run", "jobs:read", "admin")


async def shown(client: httpx.AsyncClient, name: str) -> float:
    text = (await client.get("/metrics")).text
    (value,) = re.findall(rf"^{re.escape('wattline_' + name)} (.*)$", text, re.MULTILINE)
    return float(value)


class Flaky:
    """A job of two chunks, of which one fails as long as it is told to; without chunks it has nothing to do."""

    chunks: Sequence[str] = ("a", "b")
    fails = True

    def job(self) -> Job:
        async def chunks(_view: View, _day: date) -> Sequence[str]:
            return self.chunks

        async def work(_tx: Tx, _day: date, chunk: str) -> dict[str, int]:
            if chunk == "b" and self.fails:
                raise ValueError
            return {}

        return Job("flaky", chunks, work)


async def run(client: httpx.AsyncClient, day: str) -> int:
    answer = await client.post("/v1/jobs/flaky/runs", json={"business_date": day}, headers=ADMIN)
    return answer.status_code


async def test_a_job_shows_its_runs_its_time_and_when_the_newest_date_was_completed(database: Database) -> None:
    flaky, success = Flaky(), 'job_last_success_timestamp_seconds{job="flaky"}'
    app = webapp.build(database, jobs=[flaky.job()])
    async with webapp.client(app) as client:
        began = await shown(client, success)
        assert [await shown(client, f'job_runs_total{{job="flaky",result="{r}"}}') for r in ("done", "failed")] == [
            0,
            0,
        ]
        database.clock = webapp.FixedClock(datetime(2026, 2, 1, 12, tzinfo=UTC))
        assert await run(client, "2026-01-31") == 500
        assert await shown(client, success) == began, "a date of which a chunk is left is not completed"
        flaky.fails = False
        assert await run(client, "2026-01-31") == 200
        assert await shown(client, success) == datetime(2026, 2, 1, 12, tzinfo=UTC).timestamp()
        flaky.chunks = ()
        database.clock = webapp.FixedClock(datetime(2026, 2, 2, 12, tzinfo=UTC))
        assert await run(client, "2026-02-01") == 200, "nothing to do is done as well"
        assert await shown(client, success) == datetime(2026, 2, 2, 12, tzinfo=UTC).timestamp()
        assert [await shown(client, f'job_runs_total{{job="flaky",result="{r}"}}') for r in ("done", "failed")] == [
            2,
            1,
        ]
        assert await shown(client, 'job_last_duration_seconds{job="flaky"}') >= 0
    async with webapp.client(webapp.build(database, jobs=[flaky.job()])) as another:  # a process that ran none of them
        assert await shown(another, success) == datetime(2026, 2, 2, 12, tzinfo=UTC).timestamp()


async def test_a_date_is_completed_by_whoever_finishes_its_last_chunk(postgres_database: str) -> None:
    database = Database(postgres_database)
    await webapp.create_tables(database)
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def chunks(_view: View, _day: date) -> Sequence[str]:
        return ("a", "b")

    async def slow(_tx: Tx, _day: date, chunk: str) -> dict[str, int]:
        inside.set()
        await go_on.wait()
        return {}

    async def quick(_tx: Tx, _day: date, _chunk: str) -> dict[str, int]:
        return {}

    day = date(2026, 1, 31)
    first = asyncio.create_task(jobs.run(database, Job("shared", chunks, slow), day))
    await inside.wait()
    second = await jobs.run(database, Job("shared", chunks, quick), day)
    assert (second.chunks_done, second.chunks_claimed_elsewhere) == (1, 1)
    async with database.view() as view:
        assert await jobs.last_completed(view, "shared") is None
    go_on.set()
    await first
    async with database.view() as view:
        assert await jobs.last_completed(view, "shared") is not None
    await database.close()


async def test_held_and_awaited_connections_are_shown(database_url: str) -> None:
    database = Database(database_url, pool_size=2)
    async with database.view(), database.view():
        waiting = asyncio.create_task(_look(database))
        for _ in range(100):
            await asyncio.sleep(0)
        assert database.connections() == (2, 2, 1)
    await waiting
    assert database.connections() == (0, 2, 0)
    await database.close()


async def _look(database: Database) -> None:
    async with database.view():
        pass


async def test_disk_and_build_are_shown(client: httpx.AsyncClient) -> None:
    assert 0 < await shown(client, "data_dir_free_bytes") < await shown(client, "data_dir_size_bytes")
    text = (await client.get("/metrics")).text
    assert re.search(r'^wattline_build_info\{python="3[^"]*",version="[0-9.]+"\} 1.0$', text, re.MULTILINE)
    assert re.search(r"^process_resident_memory_bytes ", text, re.MULTILINE)


def certificate(days: int) -> bytes:
    key, name = ed25519.Ed25519PrivateKey.generate(), x509.Name([])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now)
    return made.not_valid_after(now + timedelta(days=days)).sign(key, None).public_bytes(Encoding.PEM)


@pytest.mark.parametrize(("content", "days"), [(None, 0), (b"none", 0), (b"", 40)])
async def test_the_end_of_each_certificate_that_a_setting_names_is_shown(
    database: Database, tmp_path: Path, content: bytes | None, days: int
) -> None:
    file = tmp_path / "authorities.pem"
    if content:
        file.write_bytes(content)
    elif days:
        file.write_bytes(certificate(400) + certificate(days))
    environment = webapp.ENVIRONMENT | {"WATTLINE_TOKEN_KEYS_CERTIFICATES": str(file)}
    async with webapp.client(webapp.build(database, settings=Settings.load(environment))) as client:
        ends_at = await shown(client, 'certificate_expiry_timestamp_seconds{setting="token_keys_certificates"}')
    left = (ends_at - datetime.now(UTC).timestamp()) / 86400 if ends_at else 0
    assert abs(left - days) < 1

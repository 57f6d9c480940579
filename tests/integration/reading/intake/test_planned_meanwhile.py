"""A read whose batch is not committed yet while its day is planned is no read that nobody uses."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from services.reading.intake.use_cases import intake
from tests.kits.reading import january, read, running


@pytest.mark.postgres
async def test_a_read_and_the_planning_of_its_day_do_not_miss_each_other(
    postgres_database: str, tmp_path: Path
) -> None:
    async with running(postgres_database, tmp_path) as kit:
        await january(kit)
        own = kit.service.app.state.context
        uploader = intake.Uploader(
            kind="person", subject="head-end", may_see=lambda _: True, message_id="m1", sources=frozenset({"remote"})
        )
        async with kit.database.begin() as tx:
            (outcome,) = await intake.record(
                tx,
                items=[read("M0001", "2026-03-01", "290.00")],
                malformed=0,
                uploader=uploader,
                policies=own.policies,
                zone=own.zone,
            )
            assert outcome.status == "done"
            planned = asyncio.create_task(kit.plan("2026-03-01"))
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            async with asyncio.timeout(10):
                while not planned.done() and await tx.scalar(waits) == 0:  # noqa: ASYNC110 the database says so
                    await asyncio.sleep(0.02)
        await planned
        await kit.close("2026-03-02")
        assert (await kit.energies("S0001"))[-1] == ("2026-03-01", 1, "actual", 90_000), (
            "at the latest as its route is closed"
        )

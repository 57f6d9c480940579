"""Attacks of the size at which they once took a service down, on one in a process of its own with its limits as shipped.

Each tells how much its memory grew; the figures stand in `docs/reliability.md`.
"""

import asyncio
import itertools
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from fastapi import FastAPI

from shared import service
from shared.metrics import Metrics
from tests.attack.sockets import LIVE, code_of, read, send, status_of
from tests.attack.working import opened, post

pytestmark = pytest.mark.timeout(60)

MIB = 1024 * 1024
HEAD_MIB = 250
IDLE = 1000
SLOW = 300
TAKEN_MAX = 64  # of 1 MiB each
BODIES_MIB_MAX = 200  # 300 bodies of 1 MiB are 300 MiB; those that are taken are 64, for a moment twice
HEAD_MIB_MAX = IDLE_MIB_MAX = 32
FILES, OWN_FILES = 1024, 64  # what a process usually may have; databases, logs and what Python opens


class Alone:
    """A service in a process of its own, warm, whose memory is measured from then on."""

    def __init__(self, port: int, process: psutil.Process) -> None:
        self.port = port
        self._process = process
        self._before = process.memory_info().rss

    def grown(self, of: str) -> float:
        """Return by how many MiB its resident memory has grown, and tell it."""
        grown = (self._process.memory_info().rss - self._before) / MIB
        print(f"{of}: memory has grown by {grown:.0f} MiB")
        return grown

    async def works(self) -> None:
        """See that it answers how it is, and does what it is asked."""
        assert status_of(await send(self.port, [LIVE])) == 200
        assert status_of(await send(self.port, [post(100)])) == 200


@pytest.fixture
async def alone() -> AsyncIterator[Alone]:
    async with _served() as (port, process):
        assert status_of(await send(port, [post(100)])) == 200
        yield Alone(port, process)


@asynccontextmanager
async def _served() -> AsyncIterator[tuple[int, psutil.Process]]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.attack.working", folder]
        process = await asyncio.create_subprocess_exec(
            *command, cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(30):
                port = int(await process.stdout.readline())
            yield port, psutil.Process(process.pid)
        finally:
            process.kill()
            await process.wait()


async def test_a_quarter_of_a_gibibyte_of_headers_is_cut_off_and_takes_no_memory(alone: Alone) -> None:
    sent = 0

    def headers() -> Iterator[bytes]:
        nonlocal sent
        yield b"GET /nothing HTTP/1.1\r\nHost: wattline\r\n"
        for _ in range(HEAD_MIB):
            sent += 1
            yield b"X-Filling: " + b"a" * MIB + b"\r\n"

    await send(alone.port, headers())
    print(f"{sent} of {HEAD_MIB} MiB of headers were taken from the caller")
    assert sent < HEAD_MIB / 10
    assert alone.grown(f"{HEAD_MIB} MiB of headers") < HEAD_MIB_MAX
    await alone.works()


async def test_a_thousand_idle_sockets_keep_nobody_out(alone: Alone) -> None:
    assert IDLE > service.CONNECTIONS_MAX
    async with opened(alone.port, IDLE):
        await alone.works()
        assert alone.grown(f"{IDLE} idle sockets") < IDLE_MIB_MAX


def test_all_that_is_open_at_a_time_fits_in_the_files_of_a_process() -> None:
    accepted = service.server_config(FastAPI(), Metrics("tiny"), host="", port=0).backlog
    assert service.CONNECTIONS_MAX + accepted < FILES - OWN_FILES


async def test_many_slow_bodies_take_bounded_memory_and_others_are_answered(alone: Alone) -> None:
    async with opened(alone.port, SLOW, post(4 * MIB, sent=MIB)) as readers:
        answers = [asyncio.create_task(read(reader)) for reader in readers]
        refused = [await answer for answer in itertools.islice(asyncio.as_completed(answers), SLOW - TAKEN_MAX)]
        assert {code_of(answer) for answer in refused if answer} == {(503, "request.overloaded")}
        assert status_of(await send(alone.port, [LIVE])) == 200
        assert alone.grown(f"{SLOW} slow bodies") < BODIES_MIB_MAX
    async with asyncio.timeout(10):
        while status_of(await send(alone.port, [post(100)])) != 200:  # until it has seen that the callers went away
            pass

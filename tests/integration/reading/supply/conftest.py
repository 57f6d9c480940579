"""A point that a head-end switches, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kits.supplies import World, made


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with made(database_url, tmp_path) as one:
        yield one

"""Closing of months."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kits import collection as collection_kit
from tests.kits.collection import Kit


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    async with collection_kit.started_with_a_closed_month(tmp_path) as made:
        yield made


async def test_months_close_in_order_after_their_end_and_once(kit: Kit) -> None:
    async def close(month: str) -> tuple[int, str]:
        answer = await kit.clerk.post(f"/v1/months/{month}/close")
        return answer.status_code, answer.json().get("code") or answer.json()["status"]

    assert await close("2026-03") == (409, "ledger.month_out_of_order")
    assert await close("2026-01") == (200, "already_done")
    assert await close("2026-02") == (200, "done")
    assert await close("2026-03") == (200, "done")
    assert await close("2026-04") == (409, "ledger.month_not_ended")

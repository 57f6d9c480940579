"""The usages before those of a run are looked up by their points: a run of a large route costs no more for each of its bills."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, text

from services.billing.usages.store import firsts
from tests.kits.billing import Desk


@pytest.fixture
def sqlite(desk: Desk) -> Desk:
    if desk.db.dialect != "sqlite":
        pytest.skip("PostgreSQL plans by what the tables hold")
    return desk


async def _plan(desk: Desk, asked: Sequence[tuple[str, Any]]) -> list[str]:
    (statement, params), lines = asked[-1], []
    async with desk.db.view() as view:
        for row in (await view.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", params)).all():
            lines.append(str(row.detail))
    return lines


async def test_the_usages_before_are_found_by_point_and_not_by_route(sqlite: Desk) -> None:
    asked: list[tuple[str, Any]] = []
    engine = sqlite.db.engine.sync_engine

    def note(_conn: object, _cursor: object, statement: str, params: Any, *_: object) -> None:
        asked.append((statement, params))

    event.listen(engine, "before_cursor_execute", note)
    try:
        async with sqlite.db.view() as view:
            await view.all(text("SELECT 1"))
            await firsts.of_runs(view, [("R-1", date(2026, 2, 1), "2026-01")])
            of_runs = list(asked)
            await firsts.before(view, [("SP-1", "R-1", date(2026, 1, 1))])
    finally:
        event.remove(engine, "before_cursor_execute", note)
    by_run = [line for line in await _plan(sqlite, of_runs) if "usage_run" in line]
    assert len(by_run) == 1, "the usages of the run themselves"
    assert not [line for line in await _plan(sqlite, asked) if "usage_run" in line]

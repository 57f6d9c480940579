"""What an older version of billing has stored can be read by this one, on both databases."""

from datetime import date

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import Connection

from services.billing.runs.tables import BILL_RUN, ROUTE_CLOSING
from shared.db import migrations
from shared.db.engine import Database

D2, D3 = date(2026, 2, 2), date(2026, 2, 3)
BY_PERSON = '[{"code":"billing.run_unexplained","severity":"hold","values":{"unexplained":2}}]'


@pytest.fixture(scope="session")
def schema_of() -> None:
    """Say that the databases of this module are empty."""


def _at(connection: Connection, revision: str) -> None:
    command.upgrade(migrations.config("billing", connection), revision)


def _back_to(connection: Connection, revision: str) -> None:
    command.downgrade(migrations.config("billing", connection), revision)


async def test_runs_of_before_have_the_days_that_were_shown_and_what_is_unexplained_by_now(database_url: str) -> None:
    database = Database(database_url)
    runs = (
        ("R1", "open", "[]", "NULL"),
        ("R2", "in_review", "[]", "NULL"),
        ("R3", "released", "[]", "'2026-02-03'"),
        ("R4", "released", BY_PERSON, "'2026-02-03'"),
    )
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0031")
        for route, status, findings, issue_on in runs:
            run = f"'{route}', '2026-01', 'zj', '{status}', 1, '2026-02-02', '{findings}', {issue_on}"
            names = "route_no, cycle, org_unit, status, version, closed_on, findings, issue_on"
            await connection.exec_driver_sql(f"INSERT INTO bill_run ({names}) VALUES ({run})")
            closing = f"'{route}', '2026-02-01', '2026-01', 1, 1, 0, 2"
            names = "route_no, read_date, cycle, usages, sum_wh, missed, unexplained"
            await connection.exec_driver_sql(f"INSERT INTO route_closing ({names}) VALUES ({closing})")
        for version, unexplained in ((1, 0), (2, 1)):
            told = f"'R3', '2026-02-01', {version}, '2026-01', {unexplained}, '2026-02-04'"
            names = "route_no, read_date, version, cycle, unexplained, explained_on"
            await connection.exec_driver_sql(f"INSERT INTO route_explanation ({names}) VALUES ({told})")
        await connection.run_sync(_at, "head")
    r = BILL_RUN.c
    async with database.view() as view:
        found = await view.all(
            sa.select(r.calculated_on, r.let_go_on, r.released_on, r.unexplained, r.accepted).order_by(r.route_no)
        )
        closed = {row.closed_on for row in await view.all(sa.select(ROUTE_CLOSING.c.closed_on))}
    await database.close()
    assert [tuple(row) for row in found] == [
        (None, None, None, 2, 0),
        (D2, None, None, 2, 0),
        (D2, D3, D3, 1, 0),
        (D2, D3, D3, 2, 2),
    ]
    assert closed == {D2}


async def test_of_runs_released_before_nobody_is_named_and_the_step_is_taken_both_ways(database_url: str) -> None:
    database = Database(database_url)
    async with database.engine.begin() as connection:
        await connection.run_sync(_at, "0040")
        names = "route_no, cycle, org_unit, status, version, findings, released_on"
        run = "'R1', '2026-01', 'zj', 'released', 1, '[]', '2026-02-03'"
        await connection.exec_driver_sql(f"INSERT INTO bill_run ({names}) VALUES ({run})")
        for step, revision in ((_at, "0041"), (_back_to, "0040"), (_at, "head")):
            await connection.run_sync(step, revision)
    async with database.view() as view:
        found = await view.all(sa.select(BILL_RUN.c.route_no, BILL_RUN.c.released_on, BILL_RUN.c.released_by))
    await database.close()
    assert [tuple(row) for row in found] == [("R1", D3, None)]

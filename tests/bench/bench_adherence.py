"""Adherence of a month, by reader and by route, from a million tasks on PostgreSQL: over HTTP, a page after the other.

Goal: a million tasks in at most 120 seconds, and a task costs at a million at most 1.3 times what it costs at 100,000.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path

from sqlalchemy import text

from shared.testing.servers import PostgresServer
from tests.kits import reading
from tests.kits.reading import Kit

TASKS = tuple(int(n) for n in os.environ.get("BENCH_TASKS", "100000,1000000").split(","))
OF_A_ROUTE = 200
ROUTES_OF_A_READER = 10
MONTHS = 3
AT_ONCE = 50_000
UNIT = "zj/hangzhou"

# Points of routes, each with a meter of three registers; read on site in three months, most of them on their day, some not at
# all, some days off.
ROWS = (
    "INSERT INTO route SELECT 'R' || r, :unit, 1 FROM generate_series(1, CAST(:routes AS int)) r",
    "INSERT INTO reader_assignment SELECT 'assigned', 'R' || r, 'reader', '2025-01-01', 'a~' || r, NULL,"
    " 'reader-' || (r / :routes_of_reader), :unit, 1 FROM generate_series(1, CAST(:routes AS int)) r",
    "INSERT INTO service_point (service_point_no, route_no, org_unit, version)"
    " SELECT 'S' || n, 'R' || (1 + (n - 1) / :of_route), :unit, 1"
    " FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n",
    "INSERT INTO installation SELECT 'M' || n, DATE '2025-01-01', 'S' || n, NULL, '0,0,0', NULL,"
    ' \'[["import",8,2],["import.peak",8,2],["import.valley",8,2]]\', 1, 1, 1, 0'
    " FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n",
    "INSERT INTO route_cycle SELECT 'R' || r, d, to_char(d - 1, 'YYYY-MM'), :unit, d + 1, 0, 0, 0, 0, 0, 0"
    " FROM generate_series(1, CAST(:routes AS int)) r, unnest(CAST(:days AS date[])) d",
    "INSERT INTO task SELECT 'S' || n, d, 'R' || (1 + (n - 1) / :of_route), to_char(d - 1, 'YYYY-MM'), :unit, 'cycle',"
    " CASE WHEN n % 50 = 0 THEN 'estimated' ELSE 'read' END, NULL, 0, 1"
    " FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n, unnest(CAST(:days AS date[])) d",
    "INSERT INTO upload (upload_id, cycle, kind, uploader, message_id, received_at, received, accepted, already_accepted,"
    " conflicting, refused) VALUES ('upload', '2026-01', 'json', 'clerk', 'm', '2026-02-01', 0, 0, 0, 0, 0)",
    "INSERT INTO read SELECT 'M' || n, d + CASE WHEN n % 40 = 1 THEN INTERVAL '3 days' ELSE INTERVAL '9 hours' END,"
    " 'site', q, n, 'upload', 'reader-' || ((n - 1) / :of_route / :routes_of_reader), 'clerk'"
    " FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n, unnest(CAST(:days AS date[])) d,"
    " unnest(ARRAY['import', 'import.peak', 'import.valley']) q WHERE n % 50 <> 0",
)


async def _made(kit: Kit, tasks: int) -> None:
    days = [f"2026-{month:02d}-01" for month in range(2, 2 + MONTHS)]
    values = {
        "unit": UNIT,
        "routes": tasks // OF_A_ROUTE,
        "routes_of_reader": ROUTES_OF_A_READER,
        "of_route": OF_A_ROUTE,
    }
    for statement in (row.replace(":days AS date[]", f"'{{{','.join(days)}}}' AS date[]") for row in ROWS):
        spans = range(1, tasks, AT_ONCE) if ":first" in statement else [1]
        for first in spans:
            given = values | {"first": first, "last": min(first + AT_ONCE - 1, tasks)}
            async with kit.database.engine.begin() as connection:
                named = {name: value for name, value in given.items() if f":{name}" in statement}
                await connection.execute(text(statement), named)


async def _walked(kit: Kit, by: str, limit: int) -> tuple[float, int]:
    """Return in how many seconds all pages of a month came, and how many tasks they counted."""
    query = {"cycle": "2026-02", "limit": str(limit)}
    began, tasks = time.monotonic(), 0
    while True:
        answer = await kit.clerk.get(f"/v1/adherence/{by}", params=query, timeout=600)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        tasks += sum(row["expected"] for row in page["items"])
        if page["next_cursor"] is None:
            return time.monotonic() - began, tasks
        query["cursor"] = page["next_cursor"]


async def _bench(server: PostgresServer, tasks: int, folder: Path) -> dict[str, float]:
    name = f"adherence_{tasks}"
    server.create_database(name)
    url = server.url(name).replace("postgresql://", "postgresql+asyncpg://")
    found = {}
    async with reading.running(url, folder) as kit:
        began = time.monotonic()
        await _made(kit, tasks)
        print(
            f"  {tasks} tasks a month, {MONTHS} months of reads: made in {time.monotonic() - began:.0f} s", flush=True
        )
        for by, limit in (("readers", 25), ("routes", 200)):
            seconds, counted = await _walked(kit, by, limit)
            assert counted == tasks, counted
            found[by] = seconds * 1e6 / tasks
            print(f"  by {by}: {seconds:.1f} s, {found[by]:.1f} µs a task", flush=True)
        if tasks == min(TASKS):
            began = time.monotonic()
            counted = (await kit.job("find-conduct", "2026-04-12"))["counts"]
            routes = tasks // OF_A_ROUTE
            print(
                f"  rules of conduct: {1000 * (time.monotonic() - began) / routes:.0f} ms a route, {counted}",
                flush=True,
            )
            began = time.monotonic()
            counted = (await kit.job("make-scorecards", "2026-03-15"))["counts"]
            assert counted["rows"] == tasks, counted
            print(f"  scorecards: {1e6 * (time.monotonic() - began) / tasks:.0f} µs a task, {counted}", flush=True)
    return found


def run() -> None:
    server = PostgresServer(durable=False)
    server.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            costs = [asyncio.run(_bench(server, tasks, Path(tempfile.mkdtemp(dir=folder)))) for tasks in TASKS]
    finally:
        server.remove()
    for by in costs[0]:
        print(f"by {by}: a task of {TASKS[-1]} costs {costs[-1][by] / costs[0][by]:.2f} times that of {TASKS[0]}")

"""Jobs by business date: timed work that is a row, so that it is idempotent, resumable and re-runnable for a missed day."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select, update

from shared.db import bulk, platform
from shared.db.engine import Database, Tx, View

_TABLE = platform.TABLES.job_run
DAY = ""
"""The name of the row of a date itself, beside its chunks: it is done when all of them are."""
CHUNKS_MAX = 100_000  # a job that plans more chunks has a mistake in its plan
Counts = dict[str, int]


@dataclass(frozen=True)
class Job:
    """Work for one local date, cut in chunks that are one unit of work each.

    `chunks` names the chunks of a date in the order of work (a route, a range of accounts); `work` does one of them and
    returns what it counted. `why` is asked where there are no chunks. All depend on the date and the database alone.
    """

    name: str
    chunks: Callable[[View, date], Awaitable[Sequence[str]]]
    work: Callable[[Tx, date, str], Awaitable[Counts]]
    why: Callable[[View, date], Awaitable[str]] | None = None


def ranges(keys: Sequence[str], size: int) -> list[str]:
    """Return the names of chunks that are ranges of ordered keys, so many in each: `first<TAB>last`."""
    parts = [keys[start : start + size] for start in range(0, len(keys), size)]
    # a first key of 63 characters sorts no later than the whole: the name fits its column, the range is no smaller
    return [f"{part[0][:63]}\t{part[-1]}" for part in parts]


def bounds(chunk: str) -> tuple[str, str]:
    """Return the first and the last key of a chunk that is a range."""
    first, _, last = chunk.partition("\t")
    return first, last


@dataclass(frozen=True)
class JobResult:
    job: str
    business_date: date
    chunks_done: int
    chunks_already_done: int
    chunks_claimed_elsewhere: int
    counts: Counts
    reason: str | None


async def run(database: Database, job: Job, business_date: date) -> JobResult:
    """Do what is left of a job for a date; a chunk that is done is not done again.

    A chunk is claimed by locking its row: what another replica works on at this moment is left to it.
    """
    async with database.view() as view:
        chunks = list(await job.chunks(view, business_date))
        reason = await job.why(view, business_date) if job.why and not chunks else None
    if len(chunks) > CHUNKS_MAX:
        raise AssertionError(f"job {job.name} plans {len(chunks)} chunks")
    await _plan(database, job, business_date, chunks)
    done, already, elsewhere = 0, 0, 0
    totals: Counts = {}
    for chunk in chunks:
        async with database.begin() as tx:
            state = await _claim(tx, job, business_date, chunk)
            if state is None:
                elsewhere += 1
                continue
            if state == "done":
                already += 1
                continue
            counts = await job.work(tx, business_date, chunk)
            await _finish(tx, job, business_date, chunk, counts)
        done += 1
        for name, count in counts.items():
            totals[name] = totals.get(name, 0) + count
    await _complete(database, job, business_date)
    return JobResult(job.name, business_date, done, already, elsewhere, totals, reason)


async def _plan(database: Database, job: Job, business_date: date, chunks: Sequence[str]) -> None:
    rows = [DAY, *chunks]
    async with database.begin() as tx:
        count = len(rows)
        await bulk.insert_ignore(
            tx,
            _TABLE,
            {
                "job": [job.name] * count,
                "business_date": [business_date] * count,
                "chunk": rows,
                "state": ["open"] * count,
                "counts": ["{}"] * count,
                "started_at": [tx.now] * count,
            },
            key=("job", "business_date", "chunk"),
        )


def _row(job: Job, business_date: date, chunk: str) -> Any:
    return (_TABLE.c.job == job.name) & (_TABLE.c.business_date == business_date) & (_TABLE.c.chunk == chunk)


async def _claim(tx: Tx, job: Job, business_date: date, chunk: str) -> str | None:
    chosen = select(_TABLE.c.state).where(_row(job, business_date, chunk))
    row = await tx.first(chosen.with_for_update(skip_locked=True))
    return None if row is None else str(row.state)


async def _finish(tx: Tx, job: Job, business_date: date, chunk: str, counts: Counts) -> None:
    await tx.execute(
        update(_TABLE)
        .where(_row(job, business_date, chunk))
        .values(state="done", counts=json.dumps(counts), finished_at=tx.now)
    )


async def _complete(database: Database, job: Job, business_date: date) -> None:
    """Note that a date is completed, unless a chunk of it is still worked on elsewhere: who does that notes it."""
    other = _TABLE.alias()
    of_date = (other.c.job == job.name) & (other.c.business_date == business_date)
    left = select(other.c.chunk).where(of_date, other.c.chunk != DAY, other.c.state != "done").exists()
    async with database.begin() as tx:
        await tx.execute(
            update(_TABLE).where(_row(job, business_date, DAY), ~left).values(state="done", finished_at=tx.now)
        )


async def last_completed(view: View, name: str) -> datetime | None:
    """Return when the newest date of a job that is completed was, the last time that it was run."""
    newest = select(_TABLE.c.finished_at).where(_TABLE.c.job == name, _TABLE.c.chunk == DAY, _TABLE.c.state == "done")
    found: datetime | None = await view.scalar(newest.order_by(_TABLE.c.business_date.desc()).limit(1))
    return found


async def newest_date(view: View, name: str) -> date | None:
    """Return the newest date for which a job was begun."""
    found: date | None = await view.scalar(select(func.max(_TABLE.c.business_date)).where(_TABLE.c.job == name))
    return found


async def was_completed(view: View, name: str, chunks: str, *, since: date, before: date) -> bool:
    """Return whether a job is completed for a date of [since, before) that has chunks whose names begin so."""
    part = _TABLE.alias("part")
    of_date = (part.c.job == name) & (part.c.business_date == _TABLE.c.business_date)
    has_chunks = select(part.c.chunk).where(of_date, part.c.chunk.startswith(chunks, autoescape=True)).exists()
    days = (_TABLE.c.business_date >= since) & (_TABLE.c.business_date < before)
    done = (_TABLE.c.job == name) & (_TABLE.c.chunk == DAY) & (_TABLE.c.state == "done")
    return await view.scalar(select(_TABLE.c.chunk).where(done, days, has_chunks).limit(1)) is not None


async def newest_count(view: View, name: str, count: str) -> int:
    """Return the sum of what the chunks counted of the newest date of a job that is completed, and of later ones."""
    of_job = _TABLE.c.job == name
    completed = select(func.max(_TABLE.c.business_date)).where(of_job, _TABLE.c.chunk == DAY, _TABLE.c.state == "done")
    newest = func.coalesce(completed.scalar_subquery(), date.min)
    rows = await view.all(select(_TABLE.c.counts).where(of_job, _TABLE.c.business_date >= newest))
    return sum(json.loads(row.counts).get(count, 0) for row in rows)


async def list_runs(
    view: View, job: str, *, business_date: date | None = None, after: tuple[date, str] | None = None, limit: int
) -> Sequence[Row[Any]]:
    """Return the chunks of a job in order of date and chunk, from the one after `after`."""
    statement = select(_TABLE).where(_TABLE.c.job == job, _TABLE.c.chunk != DAY)
    if business_date is not None:
        statement = statement.where(_TABLE.c.business_date == business_date)
    if after is not None:
        last_date, last_chunk = after
        statement = statement.where(
            (_TABLE.c.business_date > last_date)
            | ((_TABLE.c.business_date == last_date) & (_TABLE.c.chunk > last_chunk))
        )
    return await view.all(statement.order_by(_TABLE.c.business_date, _TABLE.c.chunk).limit(limit))

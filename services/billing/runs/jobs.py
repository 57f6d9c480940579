"""Billing's timed work: the job `release-runs`, and the loop that issues what may go out."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import date

from services.billing.bills.use_cases import billing, following, thawing
from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.runs import store
from services.billing.runs.use_cases import issue, release, totals
from shared.db.engine import Database, Tx, View
from shared.db.jobs import Job
from shared.loops import Loop

log = logging.getLogger(__name__)
LOOK_SECONDS = 2.0  # the bell is the rule; looking finds what another replica or a crash left
PAUSE_SECONDS = (
    5.0  # after a failure: the database is away, or a bill cannot be issued; the alarm on the T+1 clock tells
)


def release_runs(context: Context) -> Job:
    """Return the job that catches up with runs which should have gone out by a business date."""

    async def chunks(view: View, business_date: date) -> Sequence[str]:
        return [f"{cycle}:{route_no}" for route_no, cycle in await store.unreleased(view, business_date)]

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        cycle, _, route_no = chunk.partition(":")
        await business_day.advance(tx, business_date)
        released = await release.release_due(
            tx, route_no=route_no, cycle=cycle, business_date=business_date, context=context
        )
        return {"released": released}

    async def why(_view: View, business_date: date) -> str:
        return f"no run of a route that was closed by {business_date} is left to be released"

    return Job(name="release-runs", chunks=chunks, work=work, why=why)


async def work_once(database: Database, context: Context) -> int:
    """Do all that can be done now: bill usages whose contract came, follow changed documents, go on after freezes, issue."""
    done = 0
    async with database.begin() as tx:
        done += await billing.bill_answered(tx, context=context)
    async with database.begin() as tx:
        done += await following.follow(tx, context=context)
    async with database.begin() as tx:
        done += await thawing.go_on(tx, context=context)
    done += await _check(database, context)
    while True:
        async with database.begin() as tx:
            issued = await issue.issue(tx, context=context)
        done += issued.issued + issued.held
        if not issued.issued and not issued.held:
            return done


async def _check(database: Database, context: Context) -> int:
    """Check all runs that are closed and open still, a unit of work for each page; most of them go on waiting."""
    done, after = 0, store.FIRST
    while True:
        async with database.view() as view:
            unchecked = await store.closed_but_open(view, after)
        if unchecked:
            async with database.begin() as tx:
                done += await totals.check(tx, unchecked, context=context)
        if len(unchecked) < store.RECHECKED_MAX:
            return done
        after = unchecked[-1][1], unchecked[-1][0]


def issuer(database: Database, context: Context) -> Loop:
    """Return the loop that issues bills; any number of replicas may run it."""

    async def run() -> None:
        while True:
            try:
                await work_once(database, context)
            except Exception:
                log.exception("issuing failed and will be tried again")
                await asyncio.sleep(PAUSE_SECONDS)
            await context.wake.wait(LOOK_SECONDS)

    return run

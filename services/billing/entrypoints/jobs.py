"""Billing's timed work: the job `release-runs`, and the loop that issues what may go out."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from services.billing.adapters import runs_store
from services.billing.adapters.tables import BILL_RUN
from services.billing.application import accounts, runs
from services.billing.application.context import Context
from services.billing.domain.runs import IN_REVIEW, OPEN
from shared.db.engine import Database, Tx, View
from shared.db.jobs import Job
from shared.service import Background

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # the bell is the rule; looking finds what another replica or a crash left
PAUSE_SECONDS = (
    5.0  # after a failure: the database is away, or a bill cannot be issued; the alarm on the T+1 clock tells
)
RUNS_MAX = 10_000


def release_runs(context: Context) -> Job:
    """Make the job that catches up with runs which should have gone out by a business date."""

    async def chunks(view: View, business_date: date) -> Sequence[str]:
        r = BILL_RUN.c
        rows = await view.all(
            select(r.route_no, r.cycle)
            .where(r.status.in_((OPEN, IN_REVIEW)), r.closed_on.is_not(None), r.closed_on <= business_date)
            .order_by(r.cycle, r.route_no)
            .limit(RUNS_MAX)
        )
        return [f"{row.cycle}:{row.route_no}" for row in rows]

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        cycle, _, route_no = chunk.partition(":")
        await runs_store.advance_business_day(tx, business_date)
        released = await runs.release_due(
            tx, route_no=route_no, cycle=cycle, business_date=business_date, context=context
        )
        return {"released": released}

    return Job(name="release-runs", chunks=chunks, work=work)


async def work_once(database: Database, context: Context) -> int:
    """Do all that can be done now: bill usages whose contract came, check closed runs, issue bills."""
    done = 0
    async with database.begin() as tx:
        done += await accounts.bill_answered(tx, context=context)
    async with database.view() as view:
        unchecked = await runs_store.closed_but_open(view)
    if unchecked:
        async with database.begin() as tx:
            done += await runs.check(tx, unchecked, context=context)
    while True:
        async with database.begin() as tx:
            issued = await runs.issue(tx, context=context)
        done += issued.issued + issued.held
        if not issued.issued and not issued.held:
            return done


def issuer(database: Database, context: Context) -> Background:
    """Make the loop that issues bills; any number of replicas may run it."""

    async def run() -> None:
        while True:
            try:
                await work_once(database, context)
            except Exception:
                log.exception("issuing failed and will be tried again")
                await asyncio.sleep(PAUSE_SECONDS)
            await context.wake.wait(LOOK_SECONDS)

    return run

"""The job `verify-audit`: is the chain over the audit rows whole, from its start or a kept head on, every night anew?

A part is looked at in a unit of work of its own, so that nobody waits for the whole. What it finds is counted and told in the
log; all of it is named by `wattline audit verify`.
"""

import logging
from collections.abc import Sequence
from datetime import date

from shared.db import audit_chain, jobs
from shared.db.audit_chain import Head, Verified
from shared.db.engine import Tx, View
from shared.db.jobs import Job

log = logging.getLogger(__name__)

NAME = "verify-audit"


def job(service: str, since: Head | None) -> Job:
    """Return the job of a service; before the kept head `since` nothing is looked at."""
    first = since or audit_chain.start(service)

    async def chunks(view: View, _business_date: date) -> Sequence[str]:
        return await audit_chain.parts(view, first)

    async def work(tx: Tx, _business_date: date, chunk: str) -> dict[str, int]:
        found = Verified(first)
        sealed = await audit_chain.verify_part(tx, service, first, chunk, found)
        for fault in found.faults[:1]:
            log.error("audit.broken", extra={"part": chunk, "faults": found.count, "first": str(fault)})
        return {"sealed": sealed, "faults": found.count}

    return Job(NAME, chunks, work)


async def faults(view: View) -> int:
    """Return how many faults the last look at the whole chain found, and the one that is under way."""
    return await jobs.newest_count(view, NAME, "faults")

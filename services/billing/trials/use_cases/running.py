"""The progress of a trial run: taken by one replica at a time, kept chunk by chunk, so that it goes on after a crash."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import orjson
from sqlalchemy import Row

from services.billing.trials import store
from services.billing.trials.domain.report import Report
from services.billing.trials.domain.trial import FAILED, FAILURES_MAX, WAITING
from shared.db.engine import Tx

LEASE: Final = timedelta(minutes=2)
"""Several times what a chunk takes; after it another replica goes on where this one stopped."""


async def take(tx: Tx, *, by: str) -> Row[Any] | None:
    """Take the next trial that nobody works on, and return it as it is now; None where there is none.

    One of whose chunks has failed too often is given up. Who restarts takes up its own at once.
    """
    row = await store.next_to_work_on(tx, by=by)
    if row is None:
        return None
    if row.failures >= FAILURES_MAX:
        await store.move(tx, row, "interrupt", why=FAILED, finished_at=tx.now)
        return None
    taken = {"leased_by": by, "leased_until": tx.now + LEASE, "failures": row.failures + 1}
    if row.status == WAITING:
        await store.move(tx, row, "begin", **taken)
    else:
        await store.change(tx, row, **taken)
    return await store.get(tx, row.trial_id)


async def begin(tx: Tx, row: Row[Any], found: Mapping[str, Any], *, seen: int) -> bool:
    """Note what was found of a trial: what it rests on and applies, its contracts; False where it is not ours any more."""
    return await store.extend(tx, row.trial_id, seen=seen, leased_until=tx.now + LEASE, **found)


async def note(tx: Tx, row: Row[Any], report: Report, *, seen: int, last: str, contracts: int) -> bool:
    """Keep the report as it is after a chunk; False where the trial is not ours any more: it was stopped, or taken over."""
    return await store.extend(
        tx,
        row.trial_id,
        seen=seen,
        leased_until=tx.now + LEASE,
        after_contract=last,
        contracts_done=contracts,
        report=orjson.dumps(report.as_json()).decode(),
        failures=0,
    )


async def end(tx: Tx, trial_id: str, *, seen: int, why: str = "") -> None:
    """Finish a trial, or interrupt it and say why, unless it is not ours any more."""
    row = await store.get(tx, trial_id, lock=True)
    if row is not None and row.version == seen:
        await store.move(tx, row, "interrupt" if why else "finish", why=why, finished_at=tx.now)

"""The timed work of roll-outs."""

from collections.abc import Sequence
from datetime import date

from services.reading.context import Context
from services.reading.rollouts.use_cases import first_remote
from shared.db.engine import Tx, View
from shared.db.jobs import Job


def jobs(own: Context) -> list[Job]:
    """Return the job by business date: `tell-first-remote-meters`, an org unit a chunk."""

    def types(day: date) -> Sequence[str]:
        return own.policies.on_or_first(day).rollouts.remote_types

    async def units(view: View, business_date: date) -> Sequence[str]:
        return await first_remote.units(view, business_date, types(business_date))

    async def tell(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        return {"told": await first_remote.tell(tx, chunk, business_date, types(business_date))}

    return [Job(name="tell-first-remote-meters", chunks=units, work=tell)]

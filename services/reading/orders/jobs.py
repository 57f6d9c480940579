"""The timed work of site orders."""

from collections.abc import Sequence
from datetime import date

from services.reading.context import Context
from services.reading.orders.use_cases import overdue
from services.reading.orders.use_cases.asking import Deadlines
from shared.db.engine import Tx, View
from shared.db.jobs import Job


def jobs(own: Context) -> list[Job]:
    """Return the job by business date: `find-overdue-orders`, an org unit a chunk."""
    deadlines = Deadlines(policies=own.policies, calendar=own.calendar)

    async def units(view: View, business_date: date) -> Sequence[str]:
        return await overdue.units(view, business_date)

    async def find(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        return {"overdue": await overdue.find(tx, org_unit=chunk, business_date=business_date, deadlines=deadlines)}

    return [Job(name="find-overdue-orders", chunks=units, work=find, why=overdue.why_none)]

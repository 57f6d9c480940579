"""The timed work of cases."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from services.billing.business_day import store as business_day
from services.billing.cases.use_cases import working
from services.billing.context import Context
from shared.db.engine import Tx, View
from shared.db.jobs import Job

NOTHING: Final = "-"
"""The chunk of a day on which the date alone comes."""


def date_case_steps(context: Context) -> Job:
    """Return the job that brings the business date, by which steps are overdue, and dates those that had no calendar."""

    async def chunks(view: View, _business_date: date) -> Sequence[str]:
        return await working.chunks(view) or [NOTHING]

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        await business_day.advance(tx, business_date)
        return await working.date_steps(tx, chunk, context=context) if chunk != NOTHING else {"dated": 0}

    async def why(_view: View, _business_date: date) -> str:
        return "every step of a case has its day"

    return Job(name="date-case-steps", chunks=chunks, work=work, why=why)

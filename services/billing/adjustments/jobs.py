"""The timed work of adjustments."""

from collections.abc import Sequence
from datetime import date

from services.billing.adjustments.use_cases import settling
from services.billing.business_day import store as business_day
from services.billing.context import Context
from shared.db.engine import Tx, View
from shared.db.jobs import Job


def adjust_meters(context: Context) -> Job:
    """Return the job that adjusts for tested meters whose spans are billed, and again where their bills have changed since."""

    async def chunks(view: View, _business_date: date) -> Sequence[str]:
        return await settling.chunks(view)

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        await business_day.advance(tx, business_date)
        return await settling.settle(tx, chunk, business_date=business_date, context=context)

    async def why(_view: View, _business_date: date) -> str:
        return "no meter was tested"

    return Job(name="adjust-meters", chunks=chunks, work=work, why=why)

"""The timed work of closings: the self-check, and the steps that follow from what is known."""

from collections.abc import Sequence
from datetime import date

from services.billing.business_day import store as business_day
from services.billing.closings.use_cases import advancing, finding
from services.billing.context import Context
from shared.db.engine import Tx, View
from shared.db.jobs import Job


def find_unused_supplies(context: Context) -> Job:
    """Return the job that finds supply which nobody uses (电量连续为零自检), and takes back what is used again."""

    async def chunks(view: View, _business_date: date) -> Sequence[str]:
        return await finding.chunks(view)

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        await business_day.advance(tx, business_date)
        return await finding.find(tx, chunk, business_date=business_date, context=context)

    async def why(_view: View, _business_date: date) -> str:
        return "there are no accounts"

    return Job(name="find-unused-supplies", chunks=chunks, work=work, why=why)


def advance_closings(context: Context) -> Job:
    """Return the job that takes the step which follows for each closing under way."""

    async def chunks(view: View, _business_date: date) -> Sequence[str]:
        return await advancing.chunks(view)

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        return await advancing.advance(tx, chunk, business_date=business_date, context=context)

    async def why(_view: View, _business_date: date) -> str:
        return "no closing is under way"

    return Job(name="advance-closings", chunks=chunks, work=work, why=why)

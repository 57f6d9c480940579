"""The timed work of findings of use."""

from collections.abc import Sequence
from datetime import date

from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.uses.domain.policy import UsePolicies
from services.billing.uses.use_cases import finding
from shared.db.engine import Tx, View
from shared.db.jobs import Job


def find_changed_uses(context: Context, policies: UsePolicies) -> Job:
    """Return the job that looks for homes that are used for something else: at all once a month, else at what was found."""

    async def chunks(view: View, business_date: date) -> Sequence[str]:
        return await finding.chunks(view, business_date, policies)

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        await business_day.advance(tx, business_date)
        return await finding.find(tx, chunk, business_date=business_date, context=context, policies=policies)

    async def why(_view: View, business_date: date) -> str:
        day = policies.on(business_date).on_day
        return f"nothing is found that could be withdrawn, and all contracts were looked at since day {day} of a month"

    return Job(name=finding.JOB, chunks=chunks, work=work, why=why)

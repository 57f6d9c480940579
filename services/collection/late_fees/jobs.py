"""The timed work of late fees."""

from collections.abc import Sequence
from datetime import date

from services.collection.late_fees.domain import Rulebook
from services.collection.late_fees.use_cases import charging
from services.collection.ledger.domain.policy import Policy
from shared.db.engine import Tx, View
from shared.db.jobs import Job


def charge_late_fees(policy: Policy, rulebook: Rulebook) -> Job:
    """Return the job that charges what was settled late, and withdraws what is otherwise now."""

    async def chunks(view: View, _business_date: date) -> Sequence[str]:
        return await charging.chunks(view)

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        return await charging.charge_chunk(tx, chunk, policy=policy, rulebook=rulebook, business_date=business_date)

    async def why(_view: View, _business_date: date) -> str:
        return "nothing was settled late since the late fees were calculated last"

    return Job(name="charge-late-fees", chunks=chunks, work=work, why=why)

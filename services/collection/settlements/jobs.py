"""The timed work of settlements."""

from collections.abc import Sequence
from datetime import date

from services.collection.ledger.domain.policy import Policy
from services.collection.settlements.use_cases import settling
from shared.db.engine import Tx, View
from shared.db.jobs import Job


def settle_accounts(policy: Policy) -> Job:
    """Return the job that settles accounts which closings have ended (销户结算)."""

    async def chunks(view: View, _business_date: date) -> Sequence[str]:
        return await settling.chunks(view)

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        return await settling.settle(tx, chunk, business_date=business_date, policy=policy)

    async def why(_view: View, _business_date: date) -> str:
        return "no account is to be settled"

    return Job(name="settle-accounts", chunks=chunks, work=work, why=why)

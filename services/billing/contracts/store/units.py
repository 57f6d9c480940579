"""Whose contracts are."""

from sqlalchemy import select

from services.billing.contracts.tables import ACCOUNT, CONTRACT
from shared.db.engine import View


async def unit_of(view: View, contract_no: str) -> str | None:
    """Return the org unit of the account of a contract, None where there is no such contract."""
    of_account = CONTRACT.join(ACCOUNT, ACCOUNT.c.account_no == CONTRACT.c.account_no)
    unit: str | None = await view.scalar(
        select(ACCOUNT.c.org_unit).select_from(of_account).where(CONTRACT.c.contract_no == contract_no)
    )
    return unit

"""Publishing the current state of reference entities again: `wattline republish billing --state account`."""

from collections.abc import Awaitable, Callable

from sqlalchemy import select

from services.billing.adapters.tables import ACCOUNT
from services.billing.application import accounts
from shared.db.engine import Tx

ACCOUNTS_MAX = 1000  # of one unit of work


async def account(tx: Tx, after: str) -> str | None:
    """Publish the next accounts behind a number, and return the last of them, None at the end."""
    a = ACCOUNT.c
    rows = await tx.all(select(a.account_no).where(a.account_no > after).order_by(a.account_no).limit(ACCOUNTS_MAX))
    if not rows:
        return None
    await accounts.republish(tx, [row.account_no for row in rows])
    return str(rows[-1].account_no)


STATES: dict[str, Callable[[Tx, str], Awaitable[str | None]]] = {"account": account}

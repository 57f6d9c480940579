"""The copy of billing's accounts."""

from collections.abc import Sequence

from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.store import accounts, months
from services.collection.receivables import store
from services.collection.receivables.use_cases import waiting_for_account
from shared.db.engine import Tx
from shared.events.billing import AccountChanged


async def copy(tx: Tx, *, policy: Policy, facts: Sequence[AccountChanged]) -> None:
    """Keep the newest state of each account, and post what waited for those that are new."""
    await store.hold_arrivals(tx, alone=True)
    await months.open_from(tx)
    newest: dict[str, AccountChanged] = {}
    for fact in facts:
        known = newest.get(fact.account_no)
        if known is None or fact.version > known.version:
            newest[fact.account_no] = fact
    ordered = [newest[no] for no in sorted(newest)]
    await accounts.put_accounts(tx, ordered)
    await waiting_for_account.post_waiting(tx, policy=policy, account_nos=[fact.account_no for fact in ordered])

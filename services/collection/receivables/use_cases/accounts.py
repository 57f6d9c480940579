"""The copy of billing's accounts."""

from collections.abc import Sequence

from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.store import accounts, months
from services.collection.prepaid import store as prepaid
from services.collection.receivables import store
from services.collection.receivables.use_cases import waiting_for_account
from shared.db.engine import Tx
from shared.events.billing import AccountChanged
from shared.events.fact import newest


async def copy(tx: Tx, *, policy: Policy, facts: Sequence[AccountChanged]) -> None:
    """Keep the newest state of each account, and post what waited for those that are new."""
    await store.hold_arrivals(tx, alone=True)
    await months.open_from(tx)
    ordered = newest(facts, lambda fact: fact.account_no)
    await accounts.put_accounts(tx, ordered)
    await prepaid.mark(tx, [fact.account_no for fact in ordered])
    await waiting_for_account.post_waiting(tx, policy=policy, account_nos=[fact.account_no for fact in ordered])

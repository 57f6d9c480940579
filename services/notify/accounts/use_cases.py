"""The copy of billing's accounts and contracts, kept from `account changed`."""

from collections.abc import Sequence

from services.notify.accounts import store
from services.notify.accounts.domain import Account, Supply
from shared.db.engine import Tx
from shared.events.billing import AccountChanged
from shared.events.collection import AccountStandingChanged
from shared.events.fact import newest


async def keep(tx: Tx, facts: Sequence[AccountChanged]) -> list[str]:
    """Keep what is newer than the copy, and return the service points where somebody may be supplied now.

    Their anchors are locked: who finds a service point without account waits for this unit of work.
    """
    told = newest(facts, lambda fact: fact.account_no)
    points = {contract.service_point_no for fact in told for contract in fact.contracts}
    if points:
        await store.lock_anchors(tx, map(store.service_point_anchor, points))
    applied = await store.put_accounts(
        tx,
        [Account(account_no=fact.account_no, org_unit=fact.org_unit, version=fact.version) for fact in told],
    )
    if not applied:
        return []
    supplies = [
        (
            contract.contract_no,
            Supply(
                account_no=fact.account_no,
                service_point_no=contract.service_point_no,
                org_unit=fact.org_unit,
                valid_from=contract.from_,
                valid_to=contract.to,
            ),
        )
        for fact in told
        if fact.account_no in applied
        for contract in fact.contracts
        if not contract.annulled
    ]
    await store.replace_supplies(tx, sorted(applied), supplies)
    return sorted(points)


async def keep_standings(tx: Tx, facts: Sequence[AccountStandingChanged]) -> None:
    """Keep how accounts pay; an older word that comes later changes nothing, and the account may not be known yet."""
    await store.put_standings(tx, newest(facts, lambda fact: fact.account_no))

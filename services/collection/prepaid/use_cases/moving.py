"""Money of prepaid accounts moves: they are judged, and who has enough again is let go in the same unit of work."""

from collections.abc import Sequence
from datetime import date

from services.collection.ledger.store import accounts
from services.collection.prepaid import domain, store
from services.collection.prepaid.domain import PREPAID, Balance
from services.collection.prepaid.store import Account
from services.collection.prepaid.use_cases import judging
from shared.db.engine import Tx


async def moved(tx: Tx, account_nos: Sequence[str]) -> list[str]:
    """Have prepaid accounts, which are locked, judged, and return those that have enough again, of whom nobody is cut for it.

    One statement where none of them is prepaid.
    """
    rows = await store.accounts(tx, account_nos)
    if not rows:
        return []
    overdrawn = [row for row in rows if row["overdrawn_on"] is not None]
    free = []
    if overdrawn:
        numbers = [row["account_no"] for row in overdrawn]
        money, estimates = await accounts.money(tx, numbers), await store.estimates(tx, numbers)
        for row in overdrawn:
            own = estimates.get(row["account_no"], [])
            prepaid_fen, owed_fen = money[row["account_no"]]
            balance = Balance(prepaid_fen=prepaid_fen, owed_fen=owed_fen, estimate_fen=domain.estimated(own))
            if balance.available_fen >= row["below_fen"] or not any(each.mode == PREPAID for each in own):
                none: Account = dict.fromkeys(("overdrawn_on", "told_at", "propose_at"))
                # below which levels it is, and was warned of, the next judgement says
                none |= {"doubt": "", "code": "", "state": "enough", "episode": row["episode"] + 1}
                free.append(row | none | {"available_fen": balance.available_fen})
        await store.write(tx, free)
        tx.publish([judging.recovered(tx, row) for row in free])
    await store.mark(tx, [row["account_no"] for row in rows])
    return [row["account_no"] for row in free]


async def billed(tx: Tx, bills: Sequence[tuple[str, date]]) -> None:
    """Let bills, as (contract, first day after it), take the place of the estimates of their days."""
    latest: dict[str, date] = {}
    for contract_no, period_to in bills:
        latest[contract_no] = max(period_to, latest.get(contract_no, period_to))
    if latest:
        await store.drop(tx, sorted(latest.items()))

"""Books that are saved withdraw, in the same unit of work, the cuts and the steps of dunning whose debts they settle."""

from collections.abc import Sequence

from services.collection.ledger.domain.books import Books
from services.collection.ledger.domain.documents import CLEARED, REVERSED
from services.collection.ledger.domain.policy import CUTTING
from services.collection.ledger.use_cases import commands
from services.collection.prepaid import store as prepaid_store
from services.collection.prepaid.use_cases import moving
from services.collection.steps.use_cases import withdraw_settled
from services.collection.supply import store
from services.collection.supply.domain import ARREARS, PREPAID, PROPOSED
from services.collection.supply.store import Cut
from services.collection.supply.use_cases.orders import Orders
from shared import approvals
from shared.db.engine import Tx

ACTOR = "system:settled"


async def save(tx: Tx, books: Books, causation_id: str = "") -> None:
    """Write the books back as the ledger does; what was to be cut for debts that are gone now is not, or is restored.

    Nor is anybody told any more of what he owed who has not been told yet.
    """
    await commands.save(tx, books, causation_id)
    if free := await moving.moved(tx, sorted(books.accounts)):
        await release_prepaid(tx, free)
    gone = {one.receivable_id: one.account_no for one in books.turned(CLEARED)}
    gone |= {one.receivable_id: one.account_no for one in books.changed_receivables.values() if one.status == REVERSED}
    if gone:
        await release_settled(tx, sorted(set(gone.values())))
        await withdraw_settled(tx, sorted(gone))


async def release_settled(tx: Tx, account_nos: Sequence[str]) -> None:
    """Release the cuts of locked accounts of whose debts none is owed any more."""
    cuts = [cut for cut in await store.in_force(tx, account_nos) if cut["cause"] == ARREARS]
    if not cuts:
        return
    owed = await store.owed(tx, [cut["cut_no"] for cut in cuts])
    await _release(tx, [cut for cut in cuts if not owed[cut["cut_no"]]])


async def release_prepaid(tx: Tx, account_nos: Sequence[str]) -> None:
    """Release the cuts of locked accounts for nothing being left: there is enough again, or they are not prepaid any more."""
    await _release(tx, [cut for cut in await store.in_force(tx, account_nos) if cut["cause"] == PREPAID])


async def release_gone(tx: Tx, account_nos: Sequence[str]) -> None:
    """Release the cuts of locked accounts whose reason is gone, of either cause."""
    await release_settled(tx, account_nos)
    rows = await prepaid_store.accounts(tx, account_nos)
    await release_prepaid(tx, [row["account_no"] for row in rows if row["overdrawn_on"] is None])


async def _release(tx: Tx, settled: Sequence[Cut]) -> None:
    if not settled:
        return
    orders = Orders(tx)
    orders.release(settled, "settled")
    await orders.write()
    if asked := [cut["cut_no"] for cut in settled if cut["state"] == PROPOSED]:
        await approvals.drop(tx, CUTTING, asked, actor=ACTOR, reason="nothing_left_to_decide")

"""What became of supply orders, as reading tells it: in any order, more than once."""

from collections.abc import Callable, Sequence
from typing import Any

from services.collection.ledger.domain.documents import Finding
from services.collection.ledger.store import accounts, findings
from services.collection.supply import store
from services.collection.supply.domain import CUT, ENDED, LIFE, ORDERED, RESTORING, WITHDRAWING
from services.collection.supply.store import Cut
from services.collection.supply.use_cases.orders import NOTHING_DUE, Orders, moved
from services.collection.supply.use_cases.settling import release_gone
from shared.db.engine import Tx
from shared.events.supply import SupplySwitched, SupplySwitchFailed, SupplySwitchUnknown

Change = Callable[[Orders, Cut, Any], Cut | None]


async def switched(tx: Tx, facts: Sequence[SupplySwitched]) -> None:
    """Note that supply was cut or restored; what was cut although its reason is gone is restored."""
    changed = await _change(tx, facts, _switched)
    if cut := sorted({one["account_no"] for one in changed if one["state"] == CUT}):
        await release_gone(tx, cut)


def _switched(orders: Orders, cut: Cut, fact: SupplySwitched) -> Cut | None:
    if fact.action == "restore":
        done = {"restored_at": fact.switched_at, "code": "restored"}
        return moved(cut, "end", **done) if cut["state"] == RESTORING else None
    if LIFE.may(cut["state"], "switch"):
        return moved(cut, "switch", switched_at=fact.switched_at, code="", **NOTHING_DUE)
    if cut["state"] in (WITHDRAWING, ENDED) and cut["switched_at"] is None:
        return orders.restore(cut, "restore", code=cut["code"]) | {"switched_at": fact.switched_at}
    return None


async def failed(tx: Tx, facts: Sequence[SupplySwitchFailed]) -> None:
    """Note that an order came to nothing: a cut waits for its next day, a restoring order is asked for again."""
    await _change(tx, facts, _failed)


def _failed(orders: Orders, cut: Cut, fact: SupplySwitchFailed) -> Cut | None:
    code = f"supply.{fact.code}"
    if cut["order_no"] != fact.order_no:
        return None
    if cut["state"] == ORDERED:
        return moved(cut, "put_off", code=code, **NOTHING_DUE)
    if cut["state"] == WITHDRAWING:
        return moved(cut, "give_up")
    if cut["state"] == RESTORING:
        return orders.restore(cut, "restore_again", code=code, by=cut["restore_by"])
    return None


async def unknown(tx: Tx, facts: Sequence[SupplySwitchUnknown]) -> None:
    """Note of orders that nobody knows yet whether they were carried out."""
    await _change(tx, facts, _unknown)


def _unknown(_orders: Orders, cut: Cut, fact: SupplySwitchUnknown) -> Cut | None:
    is_out = cut["order_no"] == fact.order_no and cut["state"] in (ORDERED, RESTORING)
    return {**cut, "code": "supply.unknown"} if is_out else None


async def _change(tx: Tx, facts: Sequence[Any], change: Change) -> list[Cut]:
    """Change the cuts of orders under the locks of their accounts, one fact after the other, and return those that changed."""
    cut_of = await store.cuts_of(tx, sorted({fact.order_no for fact in facts}))
    await findings.add_findings(
        tx,
        [
            Finding(
                code="supply.order_unknown",
                entity_kind="supply_order",
                entity_id=fact.order_no,
                account_no=fact.account_no,
                org_unit=fact.org_unit,
            )
            for fact in facts
            if fact.order_no not in cut_of
        ],
    )
    if not cut_of:
        return []
    cut_nos = sorted(set(cut_of.values()))
    await accounts.lock_accounts(tx, sorted({cut["account_no"] for cut in await store.some(tx, cut_nos)}))
    cuts = {cut["cut_no"]: cut for cut in await store.some(tx, cut_nos)}
    orders = Orders(tx)
    for fact in facts:
        if (cut_no := cut_of.get(fact.order_no)) and (after := change(orders, cuts[cut_no], fact)):
            cuts[cut_no] = after
            orders.put(after)
    return await orders.write()

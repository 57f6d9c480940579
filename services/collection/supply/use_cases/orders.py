"""How cuts go on: their rows as they are afterwards, the orders that are asked for, and the facts that tell it.

The rows of the accounts are held.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.collection.supply import domain, store
from services.collection.supply.domain import LIFE
from services.collection.supply.store import Cut
from shared import natural
from shared.db.engine import Tx
from shared.events.cuts import CutWithdrawn
from shared.events.supply import SupplyOrderRequested, SupplyOrderWithdrawn

NOTHING_DUE: dict[str, Any] = {"cut_at": None, "expires_at": None, "due_at": None}
_OF_ORDER = ("account_no", "service_point_no", "org_unit")


def moved(cut: Cut, event: str, **changes: Any) -> Cut:
    """Return a cut after an event."""
    return {**cut, "state": LIFE.move(cut["state"], event), **changes}


class Orders:
    """The changes of one unit of work to cuts, written at its end."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._changed: dict[str, Cut] = {}
        self._asked: list[dict[str, Any]] = []

    def put(self, cut: Cut) -> None:
        """Keep a cut as it is now."""
        self._changed[cut["cut_no"]] = cut

    async def write(self) -> list[Cut]:
        """Write what has changed, and return it (two statements)."""
        changed = list(self._changed.values())
        if self._asked:
            await store.add_orders(self._tx, self._asked)
        if changed:
            await store.write(self._tx, changed)
        return changed

    def ask(self, cut: Cut, action: str, *, not_before: datetime, expires_at: datetime) -> Cut:
        """Ask reading for an order, which takes the place of the cut's last one, and return the cut with it."""
        number = cut["orders"] + 1
        order_no = natural.key_id(cut["proposed_on"], "supply order", cut["cut_no"], number)
        sequence = domain.sequence(self._tx.now, cut["sequence"])
        on = self._tx.today
        of = {name: cut[name] for name in ("cut_no", "service_point_no", "org_unit")}
        self._asked.append({**of, "order_no": order_no, "action": action, "asked_on": on})
        self._tx.publish(
            [
                SupplyOrderRequested(
                    **{name: cut[name] for name in _OF_ORDER},
                    order_no=order_no,
                    action="cut" if action == "cut" else "restore",
                    not_before=not_before,
                    expires_at=expires_at,
                    supersedes=cut["order_no"] or None,
                    sequence=sequence,
                    reason=cut["cause"] if action == "cut" else "settled",
                    asked_on=on,
                    causation_id=cut["cut_no"],
                )
            ]
        )
        return {**cut, "order_no": order_no, "orders": number, "sequence": sequence}

    def restore(self, cut: Cut, event: str, *, code: str, by: datetime | None = None) -> Cut:
        """Ask for supply to be restored, and return the cut."""
        in_time = domain.restored_by(self._tx.now, self._tx.today)
        restore_by = by or in_time
        expires_at = max(restore_by, in_time)
        after = moved(cut, event, code=code, restore_by=restore_by, **NOTHING_DUE)
        return self.ask(after, "restore", not_before=self._tx.now, expires_at=expires_at)

    def release(self, cuts: Iterable[Cut], code: domain.Reason) -> None:
        """Withdraw cuts whose reason is gone, call their orders back, or ask for supply to be restored; and tell it."""
        for cut in cuts:
            event = domain.released(cut["state"])
            if event is None:
                continue
            if event == "restore":
                self.put(self.restore(cut, event, code=code))
                continue
            self.put(moved(cut, event, code=code, **NOTHING_DUE))
            named = {name: cut[name] for name in _OF_ORDER}
            told = {"reason": code, "withdrawn_at": self._tx.now, "causation_id": cut["cut_no"]}
            if event == "call_back":
                self._tx.publish([SupplyOrderWithdrawn(**named, order_no=cut["order_no"], **told)])
            if cut["announced_on"] is not None:
                self._tx.publish([CutWithdrawn(**named, cut_no=cut["cut_no"], **told)])

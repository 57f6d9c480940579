"""What is told of supply orders: codes and numbers, no words and no names of people."""

from collections.abc import Sequence
from typing import Any

from services.reading.supply.domain import DONE, UNKNOWN, Order
from shared.db.engine import Tx
from shared.events.supply import SupplySwitched, SupplySwitchFailed, SupplySwitchUnknown


def tell(tx: Tx, before: Sequence[Order], now: Sequence[Order]) -> None:
    """Publish what became of orders, each beside what it was; the points are locked."""
    changed = [(old, new) for old, new in zip(before, now, strict=True) if old.state != new.state]
    tx.publish([_switched(new) for _, new in changed if new.state == DONE])
    tx.publish([_failed(new) for _, new in changed if new.ended_at is not None and new.state != DONE])
    tx.publish([_unknown(new) for old, new in changed if new.state == UNKNOWN and old.unknown_since is None])


def _switched(order: Order) -> SupplySwitched:
    assert order.switched_at is not None
    assert order.said is not None
    return SupplySwitched(**_of(order), switched_at=order.switched_at, by=order.said.by, although=order.code or None)


def _failed(order: Order) -> SupplySwitchFailed:
    assert order.ended_at is not None
    return SupplySwitchFailed(**_of(order), failed_at=order.ended_at, code=order.code, detail=order.detail)


def _unknown(order: Order) -> SupplySwitchUnknown:
    assert order.sent_at is not None
    assert order.unknown_since is not None
    return SupplySwitchUnknown(**_of(order), sent_at=order.sent_at, unknown_since=order.unknown_since)


def _of(order: Order) -> dict[str, Any]:
    asked = order.asked
    return {
        "order_no": asked.order_no,
        "account_no": asked.account_no,
        "service_point_no": asked.service_point_no,
        "org_unit": asked.org_unit,
        "action": asked.action,
        "sequence": asked.sequence,
    }

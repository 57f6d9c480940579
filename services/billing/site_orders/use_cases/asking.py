"""Work at service points is asked for: by reviewers, by rules, by whatever else in billing waits for a result."""

from collections.abc import Sequence

from services.billing.site_orders import store
from services.billing.site_orders.domain import BILL, REREAD, Ask
from shared.db.engine import Tx
from shared.events.billing import RereadRequested, SiteOrderRequested


async def ask(tx: Tx, asked: Sequence[Ask]) -> set[str]:
    """Ask reading for site orders, each once under its number, and return the numbers that are asked for now.

    The account of each is locked, as by who publishes under it. What becomes of them is handed to the listener of their subject
    kind (`hearing`); an end that was heard before it was asked for stands in the row (`store.row`).
    """
    if not asked:
        return set()
    new = await store.insert(tx, asked)
    known = [each for each in asked if each.order_no not in new]
    if known:
        first = await store.heard_first(tx, [each.order_no for each in known])
        heard = [each for each in known if each.order_no in first]
        if heard:
            await store.fill(tx, heard)
            new |= first
    tx.publish([_fact(each) for each in asked if each.order_no in new])
    return new


def _fact(ask: Ask) -> RereadRequested | SiteOrderRequested:
    values = {
        name: getattr(ask, name)
        for name in ("account_no", "service_point_no", "org_unit", "cycle", "reason", "requested_by", "asked_on")
    }
    if ask.kind == REREAD:
        return RereadRequested(**values, request_id=ask.order_no, bill_id=ask.subject_id)
    of_bill = ask.subject_kind == BILL
    return SiteOrderRequested.model_validate(
        values
        | {
            "request_id": ask.order_no,
            "kind": ask.kind,
            "bill_id": ask.subject_id if of_bill else None,
            "reference": None if of_bill else ask.subject_id,
        }
    )

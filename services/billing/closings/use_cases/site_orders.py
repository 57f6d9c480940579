"""The site orders (现场工单) of closings: asked for under numbers that the closing keeps, and what became of them."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from services.billing.closings.domain import life
from services.billing.closings.domain.closing import Closing, Visit
from services.billing.closings.domain.life import CHECK, READ
from services.billing.site_orders import store
from services.billing.site_orders.domain import OUT, Ask
from services.billing.site_orders.use_cases import asking
from shared.db.engine import Tx
from shared.events.billing import SiteOrderWithdrawalRequested

SUBJECT: Final = "closing"
NOT_NEEDED: Final = "closing_withdrawn"
_REASONS: Final = {CHECK: "unused_supply", READ: "closing"}


async def ask(tx: Tx, closing: Closing, *, by: str, on: date) -> None:
    """Ask for the check of a closing, or for its final read, under the number that it has for it."""
    kind = CHECK if closing.state == life.CHECKING else READ
    number = closing.check_order_no if kind == CHECK else closing.read_order_no
    assert number is not None, "an approved closing has the number of its final read"
    await asking.ask(
        tx,
        [
            Ask(
                order_no=number,
                kind=kind,
                subject_kind=SUBJECT,
                subject_id=closing.closing_no,
                account_no=closing.account_no,
                service_point_no=closing.service_point_no,
                org_unit=closing.org_unit,
                reason=_REASONS[kind],
                requested_by=by,
                asked_on=on,
            )
        ],
    )


async def visits(tx: Tx, order_nos: Sequence[str]) -> dict[str, Visit]:
    """Return what became of orders, by number; one that is still out is not among them."""
    rows = await store.lock(tx, order_nos)
    return {
        number: Visit(
            state=row.state,
            code=row.result or "",
            on=row.ended_on,
            visited_by=row.visited_by,
            meter_no=row.meter_no,
            registers=store.registers_of(row.registers),
        )
        for number, row in rows.items()
        if row.state != OUT
    }


def take_back(tx: Tx, closings: Sequence[Closing], *, by: str, on: date) -> None:
    """Tell reading that the orders of closings are not needed any more; what has ended there stays as it is."""
    wanted = [
        (each, number)
        for each in closings
        for number in (each.check_order_no, each.read_order_no)
        if number is not None
    ]
    tx.publish(
        [
            SiteOrderWithdrawalRequested(
                account_no=each.account_no,
                request_id=number,
                service_point_no=each.service_point_no,
                org_unit=each.org_unit,
                reason=NOT_NEEDED,
                requested_by=by,
                asked_on=on,
            )
            for each, number in wanted
        ]
    )

"""Who had a hand in a case approves nothing of it: neither what it is charged or adjusted for, nor another class."""

from services.billing.cases.domain import cases
from services.billing.cases.store import hands as store
from services.billing.site_orders import store as orders_store
from shared.db.engine import View
from shared.errors import BusinessError


class HadAHand(BusinessError):
    status = 403
    code = "case.had_a_hand"
    title = "Who investigated, calculated, proposed or approved the case before may not approve this"


async def of(view: View, case_no: str) -> set[str]:
    """Return everybody who has had a hand in a case, up to now: whom it was given to, also before, and by whom.

    Who moved it, added or withdrew evidence, did a step, calculated, sent to site or visited. Not who only approved or rejected.
    """
    moved = [(row.event, row.actor) for row in await store.moves(view, case_no)]
    found = await store.workers(view, case_no) | cases.movers(moved)
    for order in await orders_store.of_subject(view, cases.SUBJECT, case_no):
        found |= {who for who in (order.requested_by, order.visited_by, order.let_go_by) if who}
    return found


async def check(view: View, case_no: str, actor: str) -> None:
    """Check that somebody has had no hand in a case; raises HadAHand."""
    if actor in await of(view, case_no):
        raise HadAHand

"""What visitors observed beside what they were sent for comes with their reports, and waits for no decision on these."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from services.reading.context import Context
from services.reading.intake.use_cases.intake import Times
from services.reading.network.domain.refusal import Refused
from services.reading.observations import use_cases as observations
from services.reading.observations.use_cases import Seen
from services.reading.orders import store as orders
from services.reading.reads.domain.days import ReadDays
from services.reading.visits.use_cases import reporting
from services.reading.visits.use_cases.reporting import Reported, Sender
from shared.db.engine import Tx
from shared.outcome import CHANGED_MEANWHILE, Outcome, refused

TAKEN: Final = ("done", "already_done", "awaiting_approval")


async def take(tx: Tx, given: Sequence[Reported | Outcome], *, sender: Sender, own: Context) -> list[Outcome]:
    """Take reports as `reporting.take`; what was observed is kept and told at once with a report that is taken, or was before.

    A report with an observation that cannot be kept is refused.
    """
    seen, wrong = await _judge(tx, given, sender, own)
    left = [wrong.get(each.order_no, each) if isinstance(each, Reported) else each for each in given]
    outcomes = await reporting.take(tx, left, sender=sender, own=own)
    kept = [one for each in outcomes if each.status in TAKEN for one in seen.get(each.id or "", [])]
    if not kept:
        return outcomes
    became = await observations.record(tx, kept, may_see=sender.may_see, own=own)
    # of what the visitor's other device tells otherwise at this moment the next report says it
    lost = {one.order_no for one, each in zip(kept, became, strict=True) if each.status not in TAKEN}
    return [refused(CHANGED_MEANWHILE, id=each.id) if each.id in lost else each for each in outcomes]


async def _judge(
    tx: Tx, given: Sequence[Reported | Outcome], sender: Sender, own: Context
) -> tuple[dict[str, list[Seen]], dict[str, Outcome]]:
    """Return what was observed by the order of its visit, and the orders whose report is refused for it.

    What is no report of a known order is refused as such.
    """
    times = Times(ReadDays(own.policies, own.zone), tx.now)
    counted = Counter(each.order_no for each in given if isinstance(each, Reported))
    told = [each for each in given if isinstance(each, Reported) and each.observations and counted[each.order_no] == 1]
    known = await orders.by_no(tx, [each.order_no for each in told])
    seen: dict[str, list[Seen]] = {}
    wrong: dict[str, Outcome] = {}
    for each in told:
        order = known.get(each.order_no)
        if order is None or not sender.may_see(order.asked.org_unit):
            continue
        try:
            reporting.check_sender(each.visited_by, sender)
            at, _ = times.of(each.visited_at)
        except Refused as fault:
            wrong[each.order_no] = refused(fault.code, fault.text, each.order_no)
            continue
        seen[each.order_no] = [
            Seen(
                observed=one,
                observed_by=each.visited_by or sender.subject,
                service_point_no=order.point,
                seen_at=at,
                order_no=each.order_no,
            )
            for one in each.observations
        ]
    found = await observations.against(tx, list(seen.values()), may_see=sender.may_see, own=own)
    return seen, wrong | {number: replace(each, id=number) for number, each in zip(seen, found, strict=True) if each}

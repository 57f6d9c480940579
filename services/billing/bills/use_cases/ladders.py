"""Who comes near the next tier of a ladder is told once, when the bill that shows it goes out."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.billing.bills.domain import ladder_near
from services.billing.bills.domain.ladder_near import Near
from services.billing.bills.domain.policy import Policies
from services.billing.bills.store import ladders
from shared.db.engine import Tx
from shared.events.billing import LadderTierNear

_OF_BILL = ("account_no", "contract_no", "service_point_no", "org_unit", "bill_id", "cycle")
_OF_TIER = ("ladder", "year", "tier", "used_wh", "limit_wh", "reached")


async def tell(tx: Tx, issued: Sequence[tuple[Mapping[Any, Any], date]], *, policies: Policies) -> None:
    """Tell of the tiers that bills, given with their days of issue, show to be near or reached, of each year and tier once.

    The accounts are locked. One statement, none where no bill shows one. Of several tiers of a bill the highest is told.
    """
    first: dict[ladders.Key, tuple[Mapping[Any, Any], date, Near]] = {}
    for head, day in sorted(issued, key=lambda each: (each[0]["period_to"], each[0]["bill_id"])):
        rules = policies.on(day).ladder_near
        state = head["restated_state"] or head["ladder_state"]
        for near in ladder_near.find(state, head["ladder_limits"], rules) if rules else ():
            first.setdefault((head["contract_no"], near.ladder, near.year, near.tier), (head, day, near))
    if not first:
        return
    new = await ladders.add(tx, list(first.values()))
    highest: dict[str, tuple[Mapping[Any, Any], date, Near]] = {}
    for key, one in first.items():
        bill_id = one[0]["bill_id"]
        if key in new and (bill_id not in highest or highest[bill_id][2].tier < one[2].tier):
            highest[bill_id] = one
    tx.publish([_fact(*one) for one in highest.values()])


def _fact(head: Mapping[Any, Any], day: date, near: Near) -> LadderTierNear:
    return LadderTierNear(
        **{name: head[name] for name in _OF_BILL},
        **{name: getattr(near, name) for name in _OF_TIER},
        told_on=day,
        causation_id=head["bill_id"],
    )

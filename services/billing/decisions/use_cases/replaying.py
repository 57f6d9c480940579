"""What another policy would have found on bills as they are stored (规则回放): nothing is stored by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.bills.domain.policy import Policies
from services.billing.bills.store import replayed
from services.billing.review import store as review_store
from services.billing.review.domain import subject
from services.billing.review.domain.beside import Runs
from services.billing.review.domain.findings import HELD_BY_REVIEWER, HOLD, Finding, worst
from services.billing.review.domain.limits import review
from services.billing.review.domain.replay import Replay
from services.billing.review.domain.rules.registry import RULES
from services.billing.usages.store import firsts as firsts_store
from shared.db.columns import Condition
from shared.db.engine import View

CODES = frozenset(rule.code for rule in RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What was counted of the bills of some contracts, and the last of these; None where there are no more."""

    replay: Replay
    last: str | None


async def page(
    view: View, *, visible: Condition, cycles: tuple[str, str], policies: Policies, after: str, limit: int
) -> Page:
    """Replay the rules of a policy on the bills in force of cycles, of the next contracts behind a number.

    Each bill is looked at as it was when it was calculated, beside its run as that was compared.
    """
    contracts = await replayed.contracts(view, visible=visible, cycles=cycles, after=after, limit=limit)
    replay = Replay()
    if contracts:
        bills = await replayed.bills(view, contracts, visible=visible, cycles=cycles)
        await _count(view, bills, policies, replay)
    return Page(replay=replay, last=contracts[-1] if len(contracts) == limit else None)


async def _count(view: View, bills: Sequence[Row[Any]], policies: Policies, replay: Replay) -> None:
    found = await review_store.compared(view, {(bill.route_no, bill.cycle) for bill in bills})
    compared = {key: run for key, run in found.items() if run.examined}
    wanted = {
        (bill.service_point_no, bill.route_no, bill.period_from)
        for bill in bills
        if (bill.route_no, bill.cycle) in compared
    }
    runs = Runs(compared=compared, before=await firsts_store.before(view, sorted(wanted)) if wanted else {})
    verdicts = await review_store.verdicts_of(view, [bill.bill_id for bill in bills])
    for bill in bills:
        context = orjson.loads(bill.context)
        if "review" not in context:
            replay.unknown += 1
            continue
        looked_at = subject.from_json(
            context["review"],
            energy_wh=bill.energy_wh,
            days=(bill.period_to - bill.period_from).days,
            months=context["months"],
            total_fen=bill.total_fen,
        )
        runs.put_beside(looked_at, (bill.route_no, bill.cycle), bill.service_point_no, bill.period_from)
        then = [each for each in orjson.loads(bill.findings) if each["code"] != HELD_BY_REVIEWER]
        now = review(looked_at, policies.on(bill.period_to).review)
        others = [Finding(each["code"], each["severity"]) for each in then if not _is_of_rule(each["code"])]
        replay.take(
            looked_at.customer_class,
            {each["code"] for each in then if _is_of_rule(each["code"])},
            {one.code for one in now},
            verdicts.get(bill.bill_id, {}),
            held_then=any(each["severity"] == HOLD for each in then),
            held_now=worst([*now, *others]) == HOLD,
        )


def _is_of_rule(code: str) -> bool:
    """Return whether a policy decides on a finding: those of the rules, and those of reads and rating that are carried along."""
    return code in CODES or code.startswith(("reading.", "rating."))

"""What another policy would have found on bills and runs as they are stored (规则回放), run by run: nothing is stored by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from sqlalchemy import Row

from services.billing.bills.domain.policy import Policies, Policy
from services.billing.bills.store import replayed
from services.billing.review import store as review_store
from services.billing.review.domain import subject, to_site
from services.billing.review.domain.beside import Compared, First, Key, Runs
from services.billing.review.domain.findings import (
    HELD_BY_REVIEWER,
    HOLD,
    NOT_RATED,
    SENT_TO_SITE,
    Finding,
    of_text,
    worst,
)
from services.billing.review.domain.limits import review
from services.billing.review.domain.replay import Replay
from services.billing.review.domain.rules.registry import RULES
from services.billing.runs import domain, store
from services.billing.runs.use_cases import comparing, known, totals
from services.billing.usages.domain import Totals
from services.billing.usages.store import firsts as firsts_store
from shared.db.columns import Condition
from shared.db.engine import View

CODES: Final = frozenset((SENT_TO_SITE, *(rule.code for rule in RULES)))
AS_THEY_STAND: Final = (domain.NO_CALENDAR, domain.TOTALS_DIFFER, domain.UNEXPLAINED)
"""What was found of a run by these is not kept once it is no more: what stands is counted then as now, whatever the policy."""
BEGINNING: Final = store.FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What was counted of some runs and their bills, and the last of these (cycle, route); None where there are no more."""

    replay: Replay
    last: tuple[str, str] | None


async def page(
    view: View, *, visible: Condition, cycles: tuple[str, str], policies: Policies, after: tuple[str, str], limit: int
) -> Page:
    """Replay the rules of a policy on the next runs of cycles behind a (cycle, route), and on their bills in force.

    Each bill is looked at as it was when it was calculated, by the version of the day of its read, beside its run: how its
    neighbours did is measured again, and what was another than in the run before, both as if the policy had held then. A run is
    looked at by what is known of it now. Raises `NotCovered`. The number of statements does not depend on runs and bills.
    """
    rows = await store.between(view, cycles, visible=visible, after=after, limit=limit)
    replay = Replay()
    if rows:
        await _count(view, rows, visible, policies, replay)
    return Page(replay=replay, last=(rows[-1].cycle, rows[-1].route_no) if len(rows) == limit else None)


async def _count(view: View, rows: Sequence[Row[Any]], visible: Condition, policies: Policies, replay: Replay) -> None:
    keys = [(row.route_no, row.cycle) for row in rows]
    compared = await review_store.compared(view, keys)
    before = await review_store.compared(view, {run.before for run in compared.values() if run.examined})
    days = await comparing.read_days(view, [*compared, *before])
    by_run = {key: policies.on(max(on)) for key, on in days.items()}
    usages = await comparing.first_usages(view, {key: days[key] for key in compared})
    tried = {key: _tried(run, before.get(run.before), usages.get(key, ()), by_run) for key, run in compared.items()}
    await _count_bills(view, await replayed.bills(view, keys, visible=visible), tried, policies, replay)
    whole = [row for row in rows if row.status != domain.OPEN and (row.route_no, row.cycle) in tried]
    for row in rows:
        if row not in whole:
            replay.pass_over_run(_standing(row))
    await _count_runs(view, whole, tried, usages, by_run, replay)


def _tried(run: Compared, before: Compared | None, usages: Sequence[First], policies: Mapping[Key, Policy]) -> Compared:
    """Return a run as its bills would be looked at, had other policies held then and before."""
    if before is None:
        return run
    now, was = (replace(each, basis=replace(each.basis, policy=policies[each.key].digest)) for each in (run, before))
    return comparing.examined_beside(now, was, usages, policies[run.key])


async def _count_bills(
    view: View, bills: Sequence[Row[Any]], compared: Mapping[Key, Compared], policies: Policies, replay: Replay
) -> None:
    points = {(one.service_point_no, one.route_no, one.period_from) for one in bills}
    before = await firsts_store.before(view, sorted(points))
    runs = Runs(compared=compared, before=before, first_cycle=await review_store.first_cycle(view))
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
        then = [one for one in of_text(bill.findings) if one.code != HELD_BY_REVIEWER]
        others = [one for one in then if not _is_of_policy(one.code)]
        limits = policies.on(bill.read_date).review
        now = review(looked_at, limits)
        now += to_site.find([*(one for one in others if one.code == NOT_RATED), *now], limits.site_orders)
        replay.take(
            looked_at.customer_class,
            {one.code for one in then if _is_of_policy(one.code)},
            {one.code for one in now},
            verdicts.get(bill.bill_id, {}),
            held_then=worst(then) == HOLD,
            held_now=worst([*now, *others]) == HOLD,
        )


async def _count_runs(
    view: View,
    rows: Sequence[Row[Any]],
    compared: Mapping[Key, Compared],
    usages: Mapping[Key, Sequence[First]],
    policies: Mapping[Key, Policy],
    replay: Replay,
) -> None:
    keys = [(row.route_no, row.cycle) for row in rows]
    reported, last = await known.reports(view, rows), await store.last_sums(view, keys)
    own = await totals.own_totals(view, await store.closings(view, keys))
    for row, key in zip(rows, keys, strict=True):
        policy = policies[key]
        counted = Totals(row.usages, row.sum_wh, own[key].estimated)
        now = [
            domain.sum_changed(row.sum_wh, last.get(key), policy.run_sum_change_percent),
            domain.unread_share(counted, reported[key].missed, policy.run_unread),
            *comparing.of_run(compared[key], usages.get(key, ()), policy),
        ]
        then = [one for one in of_text(row.findings) if one.code not in AS_THEY_STAND]
        replay.take_run(then, [one for one in now if one is not None], _standing(row))


def _standing(run: Row[Any]) -> list[Finding]:
    return [one for one in of_text(run.findings) if one.code in AS_THEY_STAND]


def _is_of_policy(code: str) -> bool:
    """Return whether a policy decides on a finding: those of the rules, and those of reads and rating that are carried along."""
    return code in CODES or code.startswith(("reading.", "rating."))

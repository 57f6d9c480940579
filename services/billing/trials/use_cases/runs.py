"""What another policy makes of whole runs: which it would hold, let go by itself, or have released by two people."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Row

from services.billing.bills.domain.policy import RELEASE_OF_RUN, Policies
from services.billing.bills.store import touched
from services.billing.context import Context
from services.billing.review import store as review_store
from services.billing.review.domain.findings import HOLD, Finding
from services.billing.runs import domain, store
from services.billing.runs.domain import Checked
from services.billing.runs.use_cases import comparing, known, totals
from services.billing.trials.domain.report import Report, Run
from services.billing.trials.domain.trial import Scope
from services.billing.usages.domain import Totals
from shared.db.engine import View
from shared.second_person import SecondPerson

PAGE: Final = 1000  # runs of one look


async def report(
    view: View, scope: Scope, *, tried: Policies, limits: Mapping[bool, SecondPerson], context: Context
) -> Report:
    """Look at the runs of a scope whose totals agree, under the policy in force and under another; `limits` by whether tried.

    All of a run counts as it stands: what its route reported and explained since, the run before, and its bills in force.
    """
    found, after = Report(), ("", "")
    while rows := await store.agreeing(
        view, scope.org_unit, scope.route_no, (scope.cycle_from, scope.cycle_to), after=after, limit=PAGE
    ):
        await _look(view, rows, found, tried, limits, context)
        after = rows[-1].route_no, rows[-1].cycle
    return found


async def _look(
    view: View,
    rows: Sequence[Row[Any]],
    found: Report,
    tried: Policies,
    limits: Mapping[bool, SecondPerson],
    context: Context,
) -> None:
    keys = [(row.route_no, row.cycle) for row in rows]
    reported, last = await known.reports(view, rows), await store.last_sums(view, keys)
    own = await totals.own_totals(view, await store.closings(view, keys))
    compared = await review_store.compared(view, keys)
    fen = await touched.total_of_runs(view, keys)
    for row, key in zip(rows, keys, strict=True):
        changed = compared[key].changed if key in compared else ()
        run = {}
        for is_tried, policies in ((False, context.policies), (True, tried)):
            policy = policies.on(row.closed_on)
            more = (
                [Finding(comparing.AFTER_CHANGE, policy.run_after_change)]
                if changed and policy.run_after_change
                else []
            )
            checked = domain.check(
                reported=reported[key],
                own=_as_reported(own[key], reported[key].totals),
                last_sum_wh=last.get(key),
                org_unit=row.org_unit,
                policy=policy,
                calendar=context.calendar,
                more=more,
            )
            run[is_tried] = _run(checked, fen.get(key, 0), limits[is_tried])
        found.count_run(run[False], run[True])


def _as_reported(own: Totals, reported: Totals) -> Totals:
    """Return billing's totals with the count and sum that agreed: a usage that came since changes neither."""
    return replace(own, usages=reported.usages, sum_wh=reported.sum_wh)


def _run(checked: Checked, fen: int, limits: SecondPerson) -> Run:
    goes = checked.status == domain.RELEASING
    held = tuple(sorted({one.code for one in checked.findings if one.severity == HOLD}))
    return Run(held=held, by_hand=not goes, by_two=not goes and limits.scope(RELEASE_OF_RUN, fen) is not None)

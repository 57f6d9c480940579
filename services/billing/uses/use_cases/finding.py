"""Detectors look at contracts: what they find by what is known now is stored, what they find no more is withdrawn."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.billing.bills.domain.closing_rules import months_after
from services.billing.cases.use_cases import signalling
from services.billing.context import Context
from services.billing.contracts.store import supplies
from services.billing.contracts.store.supplies import Supply
from services.billing.usages.domain import Usage
from services.billing.usages.store import usages as usages_store
from services.billing.uses import store
from services.billing.uses.domain import detect, findings
from services.billing.uses.domain.findings import OPEN, WITHDRAWN, Place, UseFinding
from services.billing.uses.domain.habits import habits_of
from services.billing.uses.domain.policy import UsePolicies, Uses
from shared.business_calendar import Calendar
from shared.db import jobs
from shared.db.engine import Tx, View

CONTRACTS_PER_CHUNK: Final = 100  # one unit of work: 13 months of curves of each, some MB
JOB: Final = "find-changed-uses"
ALL: Final = "all"
FOUND: Final = "found"
SEPARATOR: Final = "\t"


async def chunks(view: View, business_date: date, policies: UsePolicies) -> Sequence[str]:
    """Return the ranges of contracts (which, first, last) that are looked at on a business date.

    All of them once a month: on the day that the policy names, or the first one after it on which the job runs to its end. On
    other days those of which something is found, so that what is no more true goes as soon as usages say so.
    """
    since = _last_due(business_date, policies.on(business_date).on_day)
    if not await jobs.was_completed(view, JOB, ALL + SEPARATOR, since=since, before=business_date):
        return [SEPARATOR.join((ALL, *ends)) for ends in await supplies.ranges(view, CONTRACTS_PER_CHUNK)]
    found = await store.standing(view)
    parts = [found[start : start + CONTRACTS_PER_CHUNK] for start in range(0, len(found), CONTRACTS_PER_CHUNK)]
    return [SEPARATOR.join((FOUND, part[0], part[-1])) for part in parts]


def _last_due(on: date, on_day: int) -> date:
    """Return the last day of a month, not after a business date, from which on all contracts are to be looked at once."""
    return on.replace(day=on_day) if on.day >= on_day else months_after(on.replace(day=on_day), -1)


async def find(tx: Tx, chunk: str, *, business_date: date, context: Context, policies: UsePolicies) -> dict[str, int]:
    """Bring the findings of a range of contracts in line with what is known; a constant number of statements.

    What was found of a contract that is over stays as it is; of one that was annulled, or is no home any more, it is withdrawn.
    """
    which, first, last = chunk.split(SEPARATOR)
    uses = policies.on(business_date)
    there = await store.lock_between(tx, first, last)
    standing = {each.place.contract_no for each in there if each.state != WITHDRAWN}
    supplied = await supplies.between(tx, first, last, on=business_date)
    looked_at = [each for each in supplied if which == ALL or each.contract_no in standing]
    homes = [each for each in looked_at if each.covers(business_date) and each.customer_class in uses.typical_wh_a_day]
    since = business_date - timedelta(days=uses.past_days)
    spans = {each.contract_no: (max(each.from_, since), business_date + timedelta(days=1)) for each in homes}
    days = [(each.service_point_no, *spans[each.contract_no]) for each in homes]
    usages = await usages_store.standing(tx, days, also_waiting=True) if days else []
    now = await asyncio.to_thread(
        _found, homes, spans, usages, uses=uses, on=business_date, zone=context.zone, calendar=context.calendar
    )
    decided = {each.contract_no for each in looked_at if each.annulled or each.covers(business_date)}
    known = [each for each in there if each.place.contract_no in decided]
    ended = await store.ended_cases(tx, [each.finding_id for each in known if each.state == OPEN])
    changed = findings.changed(known, now, business_date, ended=ended, again=uses.again)
    await store.put(tx, changed)
    new = [
        each
        for each in changed
        if each.state == OPEN and each.found_on == business_date and each.found_on == each.changed_on
    ]
    await signalling.of_uses(
        tx,
        [(each.finding_id, each.code, each.place.service_point_no, each.found_on) for each in new],
        context=context,
    )
    return {
        "looked_at": len(homes),
        "found": len(new),
        "withdrawn": sum(each.state == WITHDRAWN for each in changed),
    }


def _found(
    homes: Sequence[Supply],
    spans: Mapping[str, tuple[date, date]],
    usages: Sequence[Usage],
    *,
    uses: Uses,
    on: date,
    zone: ZoneInfo,
    calendar: Calendar,
) -> list[UseFinding]:
    """Return what is found of homes by their usages; one that begins before a contract, or ends after it, says nothing of it."""
    by_point: dict[str, list[Usage]] = {}
    for usage in usages:
        by_point.setdefault(usage.service_point_no, []).append(usage)
    result = []
    for home in homes:
        from_, to = spans[home.contract_no]
        of_all = by_point.get(home.service_point_no, ())
        mine = [each for each in of_all if from_ <= each.period_from and each.period_to <= to]
        habits = habits_of(mine, home.customer_class, uses=uses, zone=zone, calendar=calendar)
        finding = detect.find(habits, uses) if habits else None
        if finding is not None:
            place = Place(**{name: getattr(home, name) for name in Place.__dataclass_fields__})
            result.append(findings.found(place, home.from_, finding, on))
    return result

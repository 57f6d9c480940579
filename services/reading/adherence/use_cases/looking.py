"""Adherence is a function of what is known: nothing of it is stored, so that no order of arrival decides it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.reading.adherence.domain import counts
from services.reading.adherence.domain.counts import Counts, Duty
from services.reading.adherence.store import outcomes
from services.reading.readers.store import duty
from services.reading.reads.domain import reach
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.domain.identity import ReadKey
from services.reading.reads.domain.reach import Reach
from services.reading.reads.store import visits
from services.reading.tasks.store import route_cycles
from services.reading.wrong_reads import use_cases as wrong_reads
from services.reading.wrong_reads.domain import BY_READER, WrongRead
from shared.db.columns import Condition
from shared.db.engine import View
from shared.web.auth import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which duties are looked at: those of a cycle, of one route, one reader or an org unit with all below it."""

    cycle: str
    route_no: str | None = None
    reader: str | None = None
    org_unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfRoute:
    """A route on a read date with its counts."""

    duty: Duty
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class OfReader:
    """A reader with the counts of all routes that are the reader's on the read dates of a cycle; empty: nobody's."""

    reader: str
    routes: int
    counts: Counts


async def by_route(
    view: View, wanted: Wanted, days: ReadDays, *, caller: Caller, after: Any, limit: int
) -> list[OfRoute]:
    """Return a page of the routes of a cycle, by number and read date; seven statements.

    What was wrong stands with the last read date that a route has in the cycle.
    """
    duties = await _duties(view, wanted, caller.visible)
    page = [each for each in duties if after is None or (each.route_no, each.read_date) > after][:limit]
    found = await outcomes.counted(view, page, *await _reads(view, page, days), visible=caller.visible)
    errors = await _errors(view, wanted, days, caller, route_nos={each.route_no for each in page})
    wrong = Counter(each.route_no for each in errors)
    last = {each.route_no: each.read_date for each in duties}

    def of(duty: Duty) -> Counts:
        its = wrong[duty.route_no] if last[duty.route_no] == duty.read_date else 0
        return replace(found.get((duty.route_no, duty.read_date), Counts()), wrong=its)

    return [OfRoute(duty=each, counts=of(each)) for each in page]


async def by_reader(
    view: View, wanted: Wanted, days: ReadDays, *, caller: Caller, after: Any, limit: int
) -> list[OfReader]:
    """Return a page of readers with what they were to read in a cycle, and of those whose reads were corrected in that month.

    What is nobody's comes first. Seven statements.
    """
    duties = await _duties(view, wanted, caller.visible)
    wrong = Counter(each.reader or "" for each in await _errors(view, wanted, days, caller))
    readers = {each.reader or "" for each in duties} | set(wrong)
    behind = sorted(each for each in readers if after is None or (each,) > after)
    page = behind[:limit]
    mine = [each for each in duties if (each.reader or "") in set(page)]
    found = await outcomes.counted(view, mine, *await _reads(view, mine, days), visible=caller.visible)
    of_reader: dict[str, list[Duty]] = {reader: [] for reader in page}
    for each in mine:
        of_reader[each.reader or ""].append(each)
    return [
        OfReader(
            reader=reader,
            routes=len({each.route_no for each in of_reader[reader]}),
            counts=replace(
                counts.together(
                    found[each.route_no, each.read_date]
                    for each in of_reader[reader]
                    if (each.route_no, each.read_date) in found
                ),
                wrong=wrong[reader],
            ),
        )
        for reader in page
    ]


async def tasks(
    view: View, wanted: Wanted, days: ReadDays, *, outcome: str | None, visible: Condition, after: Condition, limit: int
) -> list[dict[str, Any]]:
    """Return a page of tasks of a route or a reader, each with its end and how many days it was off; three statements."""
    duties = await _duties(view, wanted, visible)
    rows = await outcomes.listed(
        view,
        duties,
        *await _reads(view, duties, days),
        visible=visible,
        after=after,
        limit=limit,
        outcome=outcome,
    )
    return [dict(row._mapping) | {"days_off": _days_off(row, days)} for row in rows]


async def every(view: View, wanted: Wanted, days: ReadDays, *, visible: Condition) -> Sequence[Any]:
    """Return all tasks of what is looked at, each with its end, by point and read date; three statements."""
    duties = await _duties(view, wanted, visible)
    return await outcomes.every(view, duties, *await _reads(view, duties, days)) if duties else []


def _days_off(row: Any, days: ReadDays) -> int | None:
    return (days.of(row.read_at) - row.read_date).days if row.read_at else None


async def _duties(view: View, wanted: Wanted, visible: Condition) -> list[Duty]:
    rows = await route_cycles.of_cycle(
        view,
        wanted.cycle,
        visible=visible,
        planned=duty.planned_reader,
        route_no=wanted.route_no,
        org_unit=wanted.org_unit,
    )
    found = [
        Duty(
            route_no=row.route_no,
            read_date=row.read_date,
            cycle=row.cycle,
            org_unit=row.org_unit,
            reader=row.planned_reader,
        )
        for row in rows
    ]
    return [each for each in found if wanted.reader is None or each.reader == wanted.reader]


async def _errors(
    view: View, wanted: Wanted, days: ReadDays, caller: Caller, *, route_nos: wrong_reads.Scope = None
) -> list[WrongRead]:
    """Return the errors of readers that were put right in the month that is called like the cycle."""
    route_nos = [wanted.route_no] if wanted.route_no else route_nos
    found = await wrong_reads.of_month(view, wanted.cycle, days, may_see=caller.may_see, route_nos=route_nos)
    mine = {"route_no": wanted.route_no, "reader": wanted.reader, "org_unit": wanted.org_unit}
    return [each for each in found if each.fault == BY_READER and each.is_of(**mine)]


async def _reads(view: View, duties: Sequence[Duty], days: ReadDays) -> tuple[list[Reach], list[ReadKey]]:
    """Return how far reads of the duties may be from their days, and which of the reads are annulled."""
    reaches = [reach.of(day, days) for day in sorted({each.read_date for each in duties})]
    if not reaches:
        return [], []
    return reaches, await visits.annulled(view, reaches[0].since, max(each.until for each in reaches))

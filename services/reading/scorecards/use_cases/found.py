"""When a wrong read was found (当日处理): the earliest that anything of the books says of it; four statements."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TypeVar

from services.reading.conduct import store as conduct
from services.reading.disputes import store as disputes
from services.reading.network.domain import calendar
from services.reading.orders import store as orders
from services.reading.reads.domain.days import ReadDays
from services.reading.tasks.domain.tasks import cycle_of
from services.reading.validation import store as findings
from services.reading.wrong_reads.domain import WrongRead
from shared.db.engine import View

K = TypeVar("K")


async def found_on(view: View, wrong: Sequence[WrongRead], days: ReadDays) -> dict[str, date]:
    """Return the days on which wrong reads were found, by the ids of their corrections.

    A finding of validation, a re-read that was asked for, a dispute of its cycle, a finding of conduct, or who corrects it says
    so: the first of them between the read, or its last correction, and this one. Without any it is the day of the correction.
    """
    point_nos = sorted({each.service_point_no for each in wrong})
    by_rule = await findings.first_of_reads(view, sorted({each.read_id for each in wrong}))
    asked = _by_point(await orders.rereads_at(view, point_nos))
    doubted = await disputes.at(view, point_nos)
    of_cycle = _by_point(
        ((each.point, cycle), each.opened.opened_on) for each in doubted for cycle in each.opened.cycles
    )
    suspected = _by_point(((point, on), day) for point, on, day in await conduct.at(view, point_nos))

    def days_of(each: WrongRead) -> Iterable[date]:
        reach = timedelta(days=days.policies.on_or_first(each.day).adherence.reach_days)
        if each.found_on:
            yield each.found_on
        if at := by_rule.get(each.read_id):
            yield calendar.local_day(at, days.zone)
        yield from asked.get(each.service_point_no, ())
        for cycle in {cycle_of(each.day + off) for off in (-reach, timedelta(), reach)}:
            yield from of_cycle.get((each.service_point_no, cycle), ())
        for number in range(-reach.days, reach.days + 1):
            yield from suspected.get((each.service_point_no, each.day + timedelta(days=number)), ())

    def first(each: WrongRead) -> date:
        known = [day for day in days_of(each) if each.since <= day <= each.fixed_on]
        return min(known, default=each.fixed_on)

    return {each.correction_id: first(each) for each in wrong}


def _by_point(given: Iterable[tuple[K, date]]) -> Mapping[K, Sequence[date]]:
    found: dict[K, list[date]] = {}
    for key, day in given:
        found.setdefault(key, []).append(day)
    return found

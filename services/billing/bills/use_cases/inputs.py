"""What a calculation reads before it rates: bills with their ladder states, usages, lines, and what is proposed on the same days.

Who calculates locks the accounts; who only tries (a trial run) reads the same without a lock and writes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.billing.bills.domain import chains
from services.billing.bills.domain.bills import EFFECTIVE, PROPOSED, Stored
from services.billing.bills.domain.chains import Chain
from services.billing.bills.store import bills as bills_store
from services.billing.bills.use_cases import asked as asked_for
from services.billing.bills.use_cases.asked import Asked
from services.billing.rating import rating_types
from services.billing.rating.tariff.book import TariffBook
from services.billing.rating.tariff.names import Names
from services.billing.usages.domain import Usage
from services.billing.usages.store import usages as usages_store
from shared.db.engine import View

Rater = Callable[[Sequence[rating_types.Request], TariffBook], Sequence[rating_types.RatedBill]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What contracts are calculated from, beside what is asked for.

    `stored`: their bills from the effective one before the first day on. `known`, `old_lines`: the usages and lines of those in
    force from that day on. `measured`: the usages of sub-meters, by point. `proposed`: the proposals that are taken up.
    """

    stored: Mapping[str, Sequence[Stored]]
    known: Mapping[str, Usage]
    old_lines: Mapping[str, str]
    measured: Mapping[str, Sequence[Usage]]
    proposed: Sequence[Row[Any]]

    def chain(self, asked: Asked, *, issued_stand: bool = False) -> Chain:
        """Lay out the chain of what is asked for a contract."""
        return chains.plan(
            asked.terms,
            self.stored[asked.terms.contract_no],
            asked.fresh,
            self.known,
            out=asked.out,
            again=asked.again,
            cause=asked.cause,
            issued_stand=issued_stand,
            measured=self.measured,
        )


async def read(view: View, asked: Mapping[str, Asked], *, lock: bool = True) -> Inputs:
    """Read what the contracts that have something to calculate are calculated from.

    What was proposed on these days is taken up in what is `asked` for. The number of statements does not depend on the number of
    contracts.
    """
    starts = {no: start for no, a in asked.items() if (start := a.start) is not None}
    stored = await bills_store.from_periods(view, starts)
    proposed, earlier = await _join_proposals(view, asked, starts, stored, lock=lock)
    if earlier:
        starts |= earlier
        stored |= await bills_store.from_periods(view, earlier)
    known, old_lines = await _later(view, starts, stored)
    measured = await _sub_meters(view, asked, starts, stored)
    return Inputs(stored=stored, known=known, old_lines=old_lines, measured=measured, proposed=proposed)


def rated_by(rater: Rater, book: TariffBook, names: Names) -> chains.Rate:
    """Return how requests are rated by a book, with a finding for each name that the account has and its tariff has not."""

    def rate(requests: Sequence[rating_types.Request]) -> list[rating_types.RatedBill]:
        return [
            replace(bill, findings=(*bill.findings, *unknown)) if (unknown := names.unknown(request, bill)) else bill
            for request, bill in zip(requests, rater(requests, book), strict=True)
        ]

    return rate


async def _join_proposals(
    view: View,
    asked: Mapping[str, Asked],
    starts: Mapping[str, date],
    stored: Mapping[str, Sequence[Stored]],
    *,
    lock: bool,
) -> tuple[Sequence[Row[Any]], dict[str, date]]:
    """Take up what was proposed on days that are calculated now; return it, and where these chains begin earlier.

    The policy that kept it keeps it again, with all that has come since, unless somebody has just decided on it.
    """
    waiting: dict[str, str] = {}
    for no, start in starts.items():
        overtaken = {bill_id for bill_id, _ in asked[no].overtaken}
        for bill in stored[no]:
            if bill.status == PROPOSED and bill.period_to > start and bill.bill_id not in overtaken:
                waiting[bill.bill_id] = bill.cause
    if not waiting:
        return (), {}
    heads = await bills_store.heads(view, list(waiting))
    causes = {row.group_id: waiting[row.bill_id] for row in heads.values()}
    rows = await bills_store.proposals(view, sorted(causes))
    joined = await asked_for.on_days(view, rows, of_any_contract=False, lock=lock)
    for no, request in joined.requests.items():
        own = asked[no]
        gone = set(own.out.values())
        own.fresh = {period: usage for period, usage in request.fresh.items() if period not in gone} | own.fresh
        own.out = {bill_id: period for bill_id, period in request.out.items() if period not in own.fresh} | own.out
    for row in rows:
        own = asked[row.contract_no]
        own.again = min(own.again or row.period_from, row.period_from)
        own.cause = "" if own.decided else own.cause or causes[row.group_id]
    begun = {no: asked[no].start or starts[no] for no in joined.requests}
    return rows, {no: first for no, first in begun.items() if first < starts[no]}


async def _later(
    view: View, starts: Mapping[str, date], stored: Mapping[str, Sequence[Stored]]
) -> tuple[dict[str, Usage], dict[str, str]]:
    """Return the usages and lines of the effective bills that may be calculated again; in the common case there are none."""
    again = [
        bill
        for no, start in starts.items()
        for bill in stored[no]
        if bill.status in EFFECTIVE and bill.period_from >= start
    ]
    if not again:
        return {}, {}
    known = await usages_store.by_id(view, [bill.usage_id for bill in again])
    return known, await bills_store.lines_of(view, [bill.bill_id for bill in again])


async def _sub_meters(
    view: View, asked: Mapping[str, Asked], starts: Mapping[str, date], stored: Mapping[str, Sequence[Stored]]
) -> dict[str, list[Usage]]:
    """Return the usages in force of the sub-meters of contracts on the days to calculate, by service point."""
    days = []
    for no, start in starts.items():
        if links := asked[no].terms.sub_meters:
            ends = [to for _, to in asked[no].fresh]
            last = max([start, *ends, *(bill.period_to for bill in stored[no] if bill.status in EFFECTIVE)])
            days += [(point, start, last) for point in sorted({link.service_point_no for link in links})]
    found: dict[str, list[Usage]] = {}
    for usage in await usages_store.standing(view, days, also_waiting=True) if days else ():
        found.setdefault(usage.service_point_no, []).append(usage)
    return found

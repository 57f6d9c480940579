"""What a calculation reads before it rates: bills with their ladder states, usages, lines, and what is proposed on the same days.

Who calculates locks the accounts; who only tries (a trial run) reads the same without a lock and writes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Row

from services.billing.bills.domain import chains, past
from services.billing.bills.domain.bills import EFFECTIVE, PROPOSED, Stored
from services.billing.bills.domain.chains import Chain
from services.billing.bills.domain.past import Past
from services.billing.bills.store import bills as bills_store
from services.billing.bills.store import past as past_store
from services.billing.bills.use_cases import asked as asked_for
from services.billing.bills.use_cases.asked import Asked
from services.billing.rating import rating_types
from services.billing.rating.tariff.book import TariffBook
from services.billing.rating.tariff.names import Names
from services.billing.review import store as review_store
from services.billing.review.domain.beside import Runs
from services.billing.supplies import store as supplies_store
from services.billing.supplies.domain import NO_CUTS, Cuts
from services.billing.usages.domain import Usage
from services.billing.usages.store import firsts as firsts_store
from services.billing.usages.store import usages as usages_store
from shared.db.engine import View

A_YEAR: Final = timedelta(days=365)
LEAP: Final = timedelta(days=1)
ZEROS_REACH: Final = timedelta(days=400)
"""How far back cycles without usage are counted: six of two months, and more."""
Rater = Callable[[Sequence[rating_types.Request], TariffBook], Sequence[rating_types.RatedBill]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What contracts are calculated from, beside what is asked for.

    `stored`: their bills from the effective one before the first day on. `known`, `old_lines`: the usages and lines of those in
    force from that day on; of a contract with a two-part price also of the one before. `last_year`: the bills in force a year
    before. `runs`: those that were compared. `measured`: the usages of sub-meters, and of points where
    nothing was used, by point. `proposed`: the proposals that are
    taken up. `cuts`: on which days points were cut.
    """

    stored: Mapping[str, Sequence[Stored]]
    known: Mapping[str, Usage]
    old_lines: Mapping[str, str]
    last_year: Mapping[str, Sequence[Past]]
    runs: Runs
    measured: Mapping[str, Sequence[Usage]]
    proposed: Sequence[Row[Any]]
    cuts: Mapping[str, Cuts] = field(default_factory=dict)

    def chain(self, asked: Asked, *, issued_stand: bool = False) -> Chain:
        """Lay out the chain of what is asked for a contract."""
        chain = chains.plan(
            asked.terms,
            self.stored[asked.terms.contract_no],
            asked.fresh,
            self.known,
            out=asked.out,
            again=asked.again,
            cause=asked.cause,
            issued_stand=issued_stand,
            measured=self.measured,
            lines=self.old_lines,
            last_year=self.last_year.get(asked.terms.contract_no, ()),
            runs=self.runs,
        )
        chain.cuts = self.cuts.get(asked.terms.service_point_no, NO_CUTS)
        return chain


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
    known, old_lines = await _later(view, asked, starts, stored)
    last_year = await _last_year(view, asked, starts, stored)
    points = sorted({asked[no].terms.service_point_no for no in starts})
    return Inputs(
        stored=stored,
        known=known,
        old_lines=old_lines,
        last_year=last_year,
        runs=await _runs(view, [*known.values(), *(u for no in starts for u in asked[no].fresh.values())]),
        measured=await _measured(view, asked, starts, stored, known),
        proposed=proposed,
        cuts=await supplies_store.cuts(view, points) if points else {},
    )


async def _runs(view: View, usages: Sequence[Usage]) -> Runs:
    """Return the runs of usages that were compared already, with the first usages before; in the common case there are none."""
    compared = await review_store.compared(view, {(usage.route_no, usage.cycle) for usage in usages})
    if not compared:
        return Runs()
    wanted = {
        (usage.service_point_no, usage.route_no, usage.period_from)
        for usage in usages
        if (usage.route_no, usage.cycle) in compared and compared[usage.route_no, usage.cycle].peers
    }
    return Runs(
        compared=compared,
        before=await firsts_store.before(view, sorted(wanted)) if wanted else {},
        first_cycle=await review_store.first_cycle(view),
    )


def rated_by(rater: Rater, book: TariffBook, names: Names) -> chains.Rate:
    """Return how requests are rated by a book, with what its tariffs say of the names of accounts and quantities."""

    def named(request: rating_types.Request, bill: rating_types.RatedBill) -> rating_types.RatedBill:
        unknown, losses_wh = names.unknown(request, bill), names.losses_wh(bill)
        if not unknown and not losses_wh:
            return bill
        return replace(bill, findings=(*bill.findings, *unknown), losses_wh=losses_wh)

    def rate(requests: Sequence[rating_types.Request]) -> list[rating_types.RatedBill]:
        return [named(request, bill) for request, bill in zip(requests, rater(requests, book), strict=True)]

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
    view: View, asked: Mapping[str, Asked], starts: Mapping[str, date], stored: Mapping[str, Sequence[Stored]]
) -> tuple[dict[str, Usage], dict[str, str]]:
    """Return the usages and lines of the effective bills that may be calculated again; in the common case there are none.

    Beside them those of the bill before of a contract with a two-part price: what they say is compared.
    """
    again, before = list[Stored](), list[Stored]()
    for no, start in starts.items():
        two_part = past.is_two_part(asked[no].terms, asked[no].fresh.values())
        for bill in stored[no]:
            if bill.status in EFFECTIVE and (two_part or bill.period_from >= start):
                (again if bill.period_from >= start else before).append(bill)
    wanted = [*again, *before]
    if not wanted:
        return {}, {}
    known = await usages_store.by_id(view, [bill.usage_id for bill in wanted])
    return known, await bills_store.lines_of(view, [bill.bill_id for bill in wanted])


async def _last_year(
    view: View, asked: Mapping[str, Asked], starts: Mapping[str, date], stored: Mapping[str, Sequence[Stored]]
) -> dict[str, list[Past]]:
    """Return the bills in force a year before the days to calculate, of contracts that are as old as that."""
    days: dict[str, tuple[date, date]] = {}
    for no, start in starts.items():
        bills = stored[no]
        if asked[no].terms.opened <= start - A_YEAR and any(bill.period_from < start for bill in bills):
            ends = [to for _, to in asked[no].fresh] + [bill.period_to for bill in bills]
            days[no] = start - A_YEAR - LEAP, max(ends) - A_YEAR + LEAP
    return await past_store.in_force(view, days) if days else {}


async def _measured(
    view: View,
    asked: Mapping[str, Asked],
    starts: Mapping[str, date],
    stored: Mapping[str, Sequence[Stored]],
    known: Mapping[str, Usage],
) -> dict[str, list[Usage]]:
    """Return the usages in force of the sub-meters of contracts on the days to calculate, by service point.

    Beside them those of points where nothing was used, of as long before as the review counts cycles.
    """
    usages = [*known.values(), *(usage for no in starts for usage in asked[no].fresh.values())]
    at_zero = [usage for usage in usages if not usage.import_wh and not usage.estimated]
    days = [(one.service_point_no, one.period_from - ZEROS_REACH, one.period_to) for one in at_zero]
    for no, start in starts.items():
        if links := asked[no].terms.sub_meters:
            ends = [to for _, to in asked[no].fresh]
            last = max([start, *ends, *(bill.period_to for bill in stored[no] if bill.status in EFFECTIVE)])
            days += [(point, start, last) for point in sorted({link.service_point_no for link in links})]
    found: dict[str, list[Usage]] = {}
    for usage in await usages_store.standing(view, days, also_waiting=True) if days else ():
        found.setdefault(usage.service_point_no, []).append(usage)
    return found

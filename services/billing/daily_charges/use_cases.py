"""Daily registers are heard, and what they will cost is told where it is something else than was told last."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any, Final

from services.billing.bills.store import bills as bills_store
from services.billing.bills.store import of_contracts
from services.billing.bills.use_cases import inputs
from services.billing.context import Context
from services.billing.contracts.domain import Terms
from services.billing.contracts.store import contracts as contracts_store
from services.billing.contracts.store import daily as marks
from services.billing.daily_charges import domain, store
from services.billing.daily_charges.domain import POSTPAID, USUAL_DAYS, Billed, Charge, Rated
from services.billing.rating.bulk import rate as bulk
from services.billing.rating.rating_types import RatedBill, Request
from services.billing.rating.reference import engine as reference
from services.billing.rating.tariff.book import TariffBook
from shared.db.engine import Database, Tx
from shared.db.restore import least_version
from shared.events.fact import newest
from shared.events.prepaid import DailyChargeEstimated, DailyRegister

CONTRACTS_MAX: Final = 1000  # of a unit of work: some tenths of a second


async def hear(tx: Tx, facts: Sequence[DailyRegister]) -> None:
    """Keep the newest register of each point; the prepaid contracts there are to be told anew. Any order ends the same."""
    points = await store.hear(tx, newest(facts, lambda fact: fact.service_point_no))
    if points:
        await marks.mark_at(tx, points)


async def turn(database: Database, context: Context) -> int:
    """Tell what is to be told of some contracts, and return of how many that was looked at."""
    today = database.clock.now().astimezone(context.zone).date()
    async with database.view() as view:
        turning = await store.turning(view, today, CONTRACTS_MAX)
        if not turning and not await marks.any_due(view):
            return 0
    async with database.begin() as tx:
        await marks.mark(tx, turning)
        return await tell(tx, context=context, today=today)


async def tell(tx: Tx, *, context: Context, today: date) -> int:
    """Tell the daily charges of contracts that are marked, where they differ; return how many contracts were looked at.

    A constant number of statements. A bill that is stored meanwhile marks its contract again, after this.
    """
    rows = {row.contract_no: row for row in await marks.take(tx, CONTRACTS_MAX)}
    if not rows:
        return 0
    numbers = list(rows)
    terms = await contracts_store.terms_by_number(tx, numbers, lock=False)
    registers = await store.registers(tx, sorted({row.service_point_no for row in rows.values()}))
    billed = await _billed(tx, terms)
    planned = {}
    for no, own in terms.items():
        register = registers.get(own.service_point_no)
        since = domain.rated_from(own, billed[no], register)
        if register is not None and since is not None:
            planned[no] = domain.chain(own, billed[no], register.usage(since))
    loaded = await context.books.current(tx)
    answers = domain.rate(list(planned.values()), inputs.rated_by(_once, loaded.book, loaded.names))
    rated: dict[str, Rated] = dict(zip(planned, answers, strict=True))
    await _tell(tx, terms, billed, rated, rows, today=today)
    await marks.settle(tx, numbers)
    return len(numbers)


async def _tell(
    tx: Tx,
    terms: Mapping[str, Terms],
    billed: Mapping[str, Billed],
    rated: Mapping[str, Rated],
    rows: Mapping[str, Any],
    *,
    today: date,
) -> None:
    before = await store.told(tx, list(terms))
    least = least_version(tx.now)  # above what was told before a restore
    charges: dict[str, tuple[Mapping[str, str], int, Charge]] = {}
    facts: list[DailyChargeEstimated] = []
    for no, own in terms.items():
        modes = contracts_store.payment_modes_of(rows[no].payment_modes)
        now, last = domain.charge(own, billed[no], rated.get(no), modes, today), before.get(no)
        same = last is not None and all(getattr(last, name) == value for name, value in asdict(now).items())
        if same or (last is None and now.mode == POSTPAID and now.turns_on is None):
            continue
        version = max(last.version + 1 if last else 1, least)
        of = {"account_no": own.account_no, "service_point_no": own.service_point_no, "org_unit": own.org_unit}
        charges[no] = of, version, now
        facts.append(_fact(no, of, version, now))
    await store.put(tx, charges)
    await store.keep(tx, {no: (charges[no][1], each) for no, each in rated.items() if no in charges})
    tx.publish(facts)


def _fact(contract_no: str, of: Mapping[str, str], version: int, now: Charge) -> DailyChargeEstimated:
    return DailyChargeEstimated(
        **of,
        contract_no=contract_no,
        version=version,
        mode="prepaid" if now.mode == domain.PREPAID else "postpaid",
        period_from=now.period_from,
        through=now.through,
        amount_fen=now.amount_fen,
        energy_wh=now.energy_wh,
        days=(now.through - now.period_from).days,
        whole=now.whole,
        usual_fen=now.usual_fen,
    )


async def _billed(tx: Tx, terms: Mapping[str, Terms]) -> dict[str, Billed]:
    """Return the bills in force of contracts: those of the last season, from the first that is not out on, and from the last
    issued one on, however long ago these are."""
    latest = tx.now.date() - timedelta(days=USUAL_DAYS)
    starts = {no: max(latest, own.opened) for no, own in terms.items()}
    for row in await of_contracts.not_out(tx, list(terms)):
        starts[row.contract_no] = min(starts[row.contract_no], row.period_from)
    found = await bills_store.from_periods(tx, starts)
    billed = {no: Billed.of(stored) for no, stored in found.items()}
    deeper = {
        no: terms[no].opened for no, each in billed.items() if each.effective and each.not_out[:1] == each.effective[:1]
    }
    if deeper:
        billed |= {no: Billed.of(stored) for no, stored in (await bills_store.from_periods(tx, deeper)).items()}
    return billed


def _once(requests: Sequence[Request], book: TariffBook) -> list[RatedBill]:
    """Rate by the bulk implementation, and what it leaves by the reference: an estimate is posted nowhere, once is enough."""
    found = bulk.rate(requests, book)
    left = [at for at, bill in enumerate(found) if bill is None]
    rest = dict(zip(left, reference.rate([requests[at] for at in left], book), strict=True)) if left else {}
    return [bill if bill is not None else rest[at] for at, bill in enumerate(found)]

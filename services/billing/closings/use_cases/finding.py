"""The self-check (电量连续为零自检): supply that nobody uses is found, by what is known on a business date."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.billing.bills.domain.closing_rules import months_after
from services.billing.business_day import store as business_day
from services.billing.closings.domain import unused as domain
from services.billing.closings.domain.unused import EXPLAINED, OPEN, Supply, Unused
from services.billing.closings.store import closings
from services.billing.closings.store import unused as store
from services.billing.context import Context
from services.billing.contracts.store import contracts as contracts_store
from services.billing.contracts.store import supplied
from services.billing.supplies import store as supplies
from services.billing.supplies.domain import NO_CUTS
from services.billing.usages.domain import Usage, zeros
from services.billing.usages.store import usages as usages_store
from shared.business_calendar import YearUnknown
from shared.db import jobs
from shared.db.audit import AuditEntry
from shared.db.engine import Tx, View
from shared.errors import BusinessError

ACCOUNTS_PER_CHUNK = 1000  # one unit of work: some ten thousand usages are looked at
REACH_MONTHS = (
    3  # how much further back than the rule says is looked: periods are longer than their months, or came late
)


class UnknownUnused(BusinessError):
    status = 404
    code = "unused_supply.unknown"
    title = "No unused supply of that contract was found"


class NotOpen(BusinessError):
    status = 409
    code = "unused_supply.not_open"
    title = "It is used again, or a closing of it is under way"


class AlreadyOver(BusinessError):
    status = 422
    code = "unused_supply.explained_until_past"
    title = "What explains it has ended already"


class TooLong(BusinessError):
    status = 422
    code = "unused_supply.explained_too_long"
    title = "An explanation holds for so many months at most as the policy says; then it is given anew"


async def chunks(view: View) -> Sequence[str]:
    """Return the ranges of accounts (`first<TAB>last`)."""
    found, last = list[str](), ""
    while numbers := await contracts_store.after(view, last, ACCOUNTS_PER_CHUNK):
        found += jobs.ranges(numbers, ACCOUNTS_PER_CHUNK)
        last = numbers[-1]
    return found


async def find(tx: Tx, chunk: str, *, business_date: date, context: Context) -> dict[str, int]:
    """Bring the work list of a range of accounts in line with the usages in force; return how many rows are of which state."""
    first, last = jobs.bounds(chunk)
    rules = context.policies.on(business_date).closing
    reach = months_after(business_date, -(rules.unused_months + REACH_MONTHS))
    rows = await supplied.on(tx, first, last, business_date)
    usages: dict[str, list[Usage]] = {}
    days = sorted({(row.service_point_no, reach, business_date) for row in rows})
    for usage in await usages_store.standing(tx, days, also_waiting=True) if days else ():
        usages.setdefault(usage.service_point_no, []).append(usage)
    cuts = await supplies.cuts(tx, sorted(usages)) if usages else {}
    before = await store.between(tx, first, last)
    under_way = await closings.of_contracts(tx, [row.contract_no for row in rows])
    take_up_by = _take_up_by(business_date, context)
    now: list[Unused] = []
    for row in rows:
        found = domain.found(
            _supply(row, business_date),
            zeros(usages.get(row.service_point_no, ()), row.from_date, cuts.get(row.service_point_no, NO_CUTS)),
            before.get(row.contract_no),
            closing_no=under_way.get(row.contract_no),
            rules=rules,
            on=business_date,
            take_up_by=take_up_by,
        )
        now += [] if found is None else [found]
    there = {row.contract_no for row in rows}
    now += [each.withdraw(business_date) for number, each in before.items() if number not in there]
    await store.insert(tx, [each for each in now if each.contract_no not in before])
    await store.write(tx, [each for each in now if before.get(each.contract_no, each) != each])
    return {state: sum(each.state == state for each in now) for state in domain.STATES}


def _supply(row: Row[Any], on: date) -> Supply:
    terms = supplied.terms_on(row.facts, on)
    return Supply(
        contract_no=row.contract_no,
        account_no=row.account_no,
        service_point_no=row.service_point_no,
        org_unit=row.org_unit,
        from_=row.from_date,
        customer_class=terms.customer_class,
        states=tuple(one.state for one in terms.equipment),
    )


def _take_up_by(on: date, context: Context) -> date | None:
    try:
        return context.calendar.after(on, context.policies.on(on).closing.take_up_business_days)
    except YearUnknown:
        return None


async def explain(
    tx: Tx,
    contract_no: str,
    *,
    why: str,
    until: date,
    explanation: str,
    actor: str,
    may_see: Callable[[str], bool],
    context: Context,
) -> Unused:
    """Say why a supply is unused and until when that holds (known cut, suspension agreed elsewhere, empty for a known time).

    For so many months at most as the policy says, from the latest business date that billing knows. Raises UnknownUnused,
    NotOpen, AlreadyOver, TooLong.
    """
    row = (await store.locked(tx, [contract_no])).get(contract_no)
    if row is None or not may_see(row.org_unit):
        raise UnknownUnused
    if row.state not in (OPEN, EXPLAINED):
        raise NotOpen(row.state)
    latest = await business_day.latest(tx)
    if latest is not None and until <= latest:
        raise AlreadyOver
    on = latest or row.found_on
    months = context.policies.on(on).closing.explained_months_max
    if until > (last := months_after(on, months)):
        raise TooLong(f"{months} months: until {last} at most")
    row = replace(row, state=EXPLAINED, why=why, explained_until=until, explained_by=actor, explanation=explanation)
    await store.write(tx, [row])
    tx.audit(
        [
            AuditEntry(
                action="unused_supply.explained",
                entity_kind="unused_supply",
                entity_id=contract_no,
                actor=actor,
                reason=explanation,
            )
        ]
    )
    return row

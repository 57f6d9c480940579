"""Contracts of billing, whose first and last days cut usage periods."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from services.reading.contracts import store as contracts
from services.reading.policies.domain import Policies
from services.reading.reads.domain.days import ReadDays
from services.reading.tasks.use_cases import late_points
from services.reading.usage.use_cases import deriving
from services.reading.usage.use_cases.deriving import Change
from services.reading.usage.use_cases.knowing import Loader
from shared.db.engine import Tx
from shared.events.billing import AccountChanged, Contract


async def copy_contracts(tx: Tx, facts: Sequence[AccountChanged], *, policies: Policies, zone: ZoneInfo) -> None:
    """Keep the newest state of contracts, and derive again the usages of the points where their days changed.

    A contract's first and last day end a period, with a read of that day or, where there is none, by days. The opening registers
    begin the first period, so the first day of the first contract of a point needs none.
    """
    in_order = sorted(facts, key=lambda fact: fact.version)
    newest = {fact.account_no: fact for fact in in_order}
    given = [(fact, contract) for fact in newest.values() for contract in fact.contracts]
    before = await contracts.by_no(tx, [contract.contract_no for _, contract in given])
    paced = [contract.service_point_no for _, contract in given if contract.cycle_months > 1]
    paced += [row.service_point_no for row in before.values() if row.cycle_months > 1]
    if paced:
        await late_points.hold_routes(tx, paced)  # planning sees them, or they see what it planned
    applied = await contracts.copy_contracts(tx, given)
    changed = [_of_fact(contract) for _, contract in given if contract.contract_no in applied]
    kept = {no: _of_row(row) for no, row in before.items()}
    earlier = _earlier(in_order, newest, before)
    touched: dict[str, date | None] = {}
    for point, day in _days([contract for contract in changed if contract != kept.get(contract.contract_no)], earlier):
        there = touched.get(point)
        touched[point] = day if there is None else min(there, day)
    again: dict[str, list[tuple[date, date]]] = {}
    for point, lost in _lost(changed, earlier):
        again.setdefault(point, []).append(lost)
    loader = Loader(days=ReadDays(policies, zone))
    await deriving.derive_again(tx, touched, loader=loader, change=Change(again=again, undated=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stated:
    """What was stated of a contract at some time."""

    contract_no: str
    service_point_no: str
    from_: date
    to: date | None
    curve_minutes: int | None
    cycle_months: int
    annulled: bool
    payment_modes: str


def _of_fact(contract: Contract) -> _Stated:
    return _Stated(
        contract_no=contract.contract_no,
        service_point_no=contract.service_point_no,
        from_=contract.from_,
        to=contract.to,
        curve_minutes=contract.curve_minutes,
        cycle_months=contract.cycle_months,
        annulled=contract.annulled,
        payment_modes=contracts.modes_text(contract),
    )


def _of_row(row: Row[Any]) -> _Stated:
    return _Stated(
        contract_no=row.contract_no,
        service_point_no=row.service_point_no,
        from_=row.starts_on,
        to=row.ends_on,
        curve_minutes=row.curve_minutes,
        cycle_months=row.cycle_months,
        annulled=bool(row.annulled),
        payment_modes=row.payment_modes,
    )


def _earlier(
    in_order: Sequence[AccountChanged], newest: Mapping[str, AccountChanged], before: Mapping[str, Row[Any]]
) -> dict[str, list[_Stated]]:
    """Return what was stated of each contract before its newest state: as it was kept, and since then in the same batch.

    Billing has billed by each of these states, however fast the next one followed.
    """
    found = {no: [_of_row(row)] for no, row in before.items()}
    for fact in in_order:
        for contract in fact.contracts if fact is not newest[fact.account_no] else ():
            row = before.get(contract.contract_no)
            if row is None or row.version < fact.version:
                found.setdefault(contract.contract_no, []).append(_of_fact(contract))
    return found


def _lost(
    changed: Sequence[_Stated], earlier: Mapping[str, Sequence[_Stated]]
) -> Iterator[tuple[str, tuple[date, date]]]:
    """Yield the points and days that a contract covered and covers no more: what was told of them is told again."""
    for now in changed:
        for old in earlier.get(now.contract_no, ()):
            if old.annulled:
                continue
            start, end = old.from_, old.to or date.max
            if now.annulled or now.service_point_no != old.service_point_no:
                yield old.service_point_no, (start, end)
                continue
            yield old.service_point_no, (start, min(end, now.from_))
            yield old.service_point_no, (max(start, now.to or date.max), end)


def _days(changed: Sequence[_Stated], earlier: Mapping[str, Sequence[_Stated]]) -> Iterator[tuple[str, date]]:
    """Yield the points and days at which something changed: those of a contract before and after."""
    for now in changed:
        for each in (*earlier.get(now.contract_no, ()), now):
            yield from ((each.service_point_no, day) for day in (each.from_, each.to) if day is not None)

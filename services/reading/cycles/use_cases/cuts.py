"""Contracts of billing, whose first and last days cut usage periods."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from services.reading.contracts import store as contracts
from services.reading.policies.domain import Policies
from services.reading.reads.domain.days import ReadDays
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
    newest = {fact.account_no: fact for fact in sorted(facts, key=lambda fact: fact.version)}
    given = [(fact, contract) for fact in newest.values() for contract in fact.contracts]
    before = await contracts.by_no(tx, [contract.contract_no for _, contract in given])
    applied = await contracts.copy_contracts(tx, given)
    changed = [contract for _, contract in given if contract.contract_no in applied]
    touched: dict[str, date | None] = {}
    for point, day in _days(changed, before):
        there = touched.get(point)
        touched[point] = day if there is None else min(there, day)
    again: dict[str, list[tuple[date, date]]] = {}
    for point, lost in _lost(changed, before):
        again.setdefault(point, []).append(lost)
    loader = Loader(days=ReadDays(policies, zone))
    await deriving.derive_again(tx, touched, loader=loader, change=Change(again=again, undated=True))


def _lost(changed: Sequence[Contract], before: Mapping[str, Row[Any]]) -> Iterator[tuple[str, tuple[date, date]]]:
    """Yield the points and days that a contract covered and covers no more: what was told of them is told again."""
    for contract in changed:
        old = before.get(contract.contract_no)
        if old is None or old.annulled:
            continue
        start, end = old.starts_on, old.ends_on or date.max
        if contract.annulled or contract.service_point_no != old.service_point_no:
            yield old.service_point_no, (start, end)
            continue
        yield old.service_point_no, (start, min(end, contract.from_))
        yield old.service_point_no, (max(start, contract.to or date.max), end)


def _days(changed: Sequence[Contract], before: Mapping[str, Row[Any]]) -> Iterator[tuple[str, date]]:
    """Yield the points and days at which something changed: those of a contract before and after."""
    for contract in changed:
        old = before.get(contract.contract_no)
        now = contract.service_point_no, contract.from_, contract.to, contract.curve_minutes, contract.annulled
        if old is not None:
            was = old.service_point_no, old.starts_on, old.ends_on, old.curve_minutes, bool(old.annulled)
            if was == now:
                continue
            yield from ((old.service_point_no, day) for day in (old.starts_on, old.ends_on) if day is not None)
        yield from ((contract.service_point_no, day) for day in (contract.from_, contract.to) if day is not None)

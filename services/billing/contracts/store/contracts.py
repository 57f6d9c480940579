"""Accounts and contracts: rows to domain and back."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Date, FromClause, Integer, Row, Select, and_, or_, select

from services.billing.contracts import domain
from services.billing.contracts.domain import Account, AccountTerms, Assignment, Contract, Payment, SubMeter, Terms
from services.billing.contracts.store import before, daily
from services.billing.contracts.tables import ACCOUNT, CONTRACT
from services.billing.rating import rating_types
from services.billing.rating.rating_types import AccountSpan
from shared.db import bulk, columns, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View

CACHED_TEXTS_MAX = 20_000  # terms and assignments repeat over accounts; 20,000 different ones take about 20 MB
VERSIONS: Final = (ACCOUNT.c.version, CONTRACT.c.account_version)
"""What is raised in a database that was restored: `wattline restored billing`."""


@dataclass(frozen=True, slots=True)
class Stated:
    """An account as a whole, the same as another where their digests are."""

    digest: str
    account: Account = field(compare=False)


def stated(account: Account) -> Stated:
    """Return an account with the digest of its state."""
    return Stated(hashlib.sha256(orjson.dumps(account, option=orjson.OPT_SORT_KEYS)).hexdigest(), account)


async def terms_of(
    view: View, wanted: Sequence[tuple[str, date, date]], contract_nos: Sequence[str] = (), *, lock: bool = True
) -> dict[int, Terms]:
    """Find and lock the contract that covers each (service point, period), by its index in `wanted`.

    Accounts are locked in key order. A contract is only taken with the account version that it was written with: where an
    account was changed while this waited for its lock, the old contract falls out, and the usage waits for the next look.
    With `contract_nos` (one for each wanted) only that contract is looked at. Who only reads does not `lock`.
    """
    if not wanted:
        return {}
    numbers = contract_nos or [""] * len(wanted)
    given = travel.relation(
        view,
        "wanted",
        {
            "i": (Integer(), list(range(len(wanted)))),
            "service_point_no": (columns.No, [sp for sp, _, _ in wanted]),
            "period_from": (Date(), [start for _, start, _ in wanted]),
            "period_to": (Date(), [end for _, _, end in wanted]),
            "contract_no": (columns.No, numbers),
        },
    )
    c = CONTRACT.c
    covers = and_(
        c.service_point_no == given.c.service_point_no,
        ~c.annulled,
        c.from_date <= given.c.period_from,
        or_(c.to_date.is_(None), c.to_date >= given.c.period_to),
        or_(given.c.contract_no == "", given.c.contract_no == c.contract_no),
    )
    same = and_(ACCOUNT.c.account_no == c.account_no, ACCOUNT.c.version == c.account_version)
    statement = (
        select(given.c.i, *_TERMS)
        .select_from(given.join(CONTRACT, covers).join(ACCOUNT, same))
        .order_by(ACCOUNT.c.account_no)
    )
    locked = statement.with_for_update(of=ACCOUNT) if lock else statement
    return {row.i: terms_in(row) for row in await view.all(locked)}


async def terms_by_number(view: View, contract_nos: Sequence[str], *, lock: bool = True) -> dict[str, Terms]:
    """Lock the accounts of contracts, and return the terms of each as they stand, whatever days it covers now.

    Who only reads does not `lock`.
    """
    given = travel.relation(view, "wanted", {"contract_no": (columns.No, sorted(set(contract_nos)))})
    joined = given.join(CONTRACT, CONTRACT.c.contract_no == given.c.contract_no).join(
        ACCOUNT, ACCOUNT.c.account_no == CONTRACT.c.account_no
    )
    statement = select(*_TERMS).select_from(joined).order_by(ACCOUNT.c.account_no)
    locked = statement.with_for_update(of=ACCOUNT) if lock else statement
    return {row.contract_no: terms_in(row) for row in await view.all(locked)}


async def lock_at(tx: Tx, service_points: Sequence[str]) -> None:
    """Lock, in key order, the accounts that were ever supplied at service points."""
    points = travel.relation(tx, "points", {"service_point_no": (columns.No, sorted(set(service_points)))})
    here = select(CONTRACT.c.account_no).join(points, points.c.service_point_no == CONTRACT.c.service_point_no)
    await tx.all(
        select(ACCOUNT.c.account_no)
        .where(ACCOUNT.c.account_no.in_(here))
        .order_by(ACCOUNT.c.account_no)
        .with_for_update(of=ACCOUNT)
    )


def contracts() -> FromClause:
    """Return the contracts, for a statement that finds the bills of service points."""
    return CONTRACT


_TERMS = (
    *(
        CONTRACT.c[name]
        for name in (
            *("contract_no", "service_point_no", "from_date", "to_date", "annulled"),
            *("assignments", "opening", "cycle_months", "sub_meters"),
        )
    ),
    *(ACCOUNT.c[name] for name in ("account_no", "org_unit", "facts", "version")),
)


def terms_in(row: Any) -> Terms:
    """Return the terms in a row of a contract and its account."""
    return Terms(
        account_no=row.account_no,
        contract_no=row.contract_no,
        service_point_no=row.service_point_no,
        org_unit=row.org_unit,
        account_terms=account_terms_of(row.facts),
        assignments=assignments_of(row.assignments),
        opening=row.opening,
        opened=row.from_date,
        ended=row.from_date if row.annulled else row.to_date,
        cycle_months=row.cycle_months,
        spans=_spans(row.facts, row.assignments),
        sub_meters=sub_meters_of(row.sub_meters) if row.sub_meters else (),
        account_version=row.version,
    )


@lru_cache(CACHED_TEXTS_MAX)
def account_terms_of(text: str) -> tuple[AccountTerms, ...]:
    """Return the terms of an account from their text."""
    return tuple(
        AccountTerms(date.fromisoformat(day), class_, people, households, **_read(*more))
        for day, class_, people, households, *more in orjson.loads(text)
    )


def _read(more: Mapping[str, Any] = rating_types.NOTHING) -> dict[str, Any]:
    """Return what a home does not have: the short form of a row ends before it."""
    found = dict(more)
    if "equipment" in found:
        found["equipment"] = tuple(rating_types.Equipment(*one) for one in found["equipment"])
    if "values" in found:
        found["values"] = tuple(sorted(found["values"].items()))
    if "exempt" in found:
        found["exempt"] = tuple(found["exempt"])
    return found


def _written(terms: AccountTerms) -> list[Any]:
    more = {
        "option": terms.option,
        "capacity_va": terms.capacity_va,
        "contract_demand_w": terms.contract_demand_w,
        "equipment": [(one.name, one.capacity_va, one.state) for one in terms.equipment],
        "values": dict(terms.values),
        "exempt": terms.exempt,
    }
    kept = {name: value for name, value in more.items() if value or value == 0}
    return [terms.from_, terms.customer_class, terms.people, terms.households, *([kept] if kept else [])]


@lru_cache(CACHED_TEXTS_MAX)
def assignments_of(text: str) -> tuple[Assignment, ...]:
    """Return the tariff assignments of a contract from their text."""
    return tuple(Assignment(date.fromisoformat(day), tariff) for day, tariff in orjson.loads(text))


@lru_cache(CACHED_TEXTS_MAX)
def sub_meters_of(text: str) -> tuple[SubMeter, ...]:
    """Return the sub-meters of a contract from their text, empty where it has none."""
    return tuple(
        SubMeter(point, quantity, date.fromisoformat(from_), date.fromisoformat(to) if to else None)
        for point, quantity, from_, to in (orjson.loads(text) if text else ())
    )


def _sub_meters_text(contract: Contract) -> str:
    rows = [(one.service_point_no, one.quantity, one.from_, one.to) for one in contract.sub_meters]
    return orjson.dumps(rows).decode() if rows else ""


@lru_cache(CACHED_TEXTS_MAX)
def _spans(account_terms: str, assignments: str) -> tuple[AccountSpan, ...]:
    return domain.spans(account_terms_of(account_terms), assignments_of(assignments))


def _account_terms_text(account: Account) -> str:
    return orjson.dumps([_written(terms) for terms in account.facts]).decode()


def _assignments_text(contract: Contract) -> str:
    return orjson.dumps([(a.from_, a.tariff) for a in contract.assignments]).decode()


def _payment_modes_text(contract: Contract) -> str:
    return (
        orjson.dumps([(one.from_, one.mode) for one in contract.payment_modes]).decode()
        if contract.payment_modes
        else ""
    )


def payment_modes_of(text: str) -> tuple[Payment, ...]:
    """Return how a contract is paid from its text."""
    return tuple(Payment(date.fromisoformat(day), mode) for day, mode in orjson.loads(text)) if text else ()


async def lock(tx: Tx, numbers: Sequence[str]) -> dict[str, Row[Any]]:
    """Lock accounts in key order and return their rows by number."""
    rows = await bulk.select_in(
        tx,
        ACCOUNT,
        {"account_no": numbers},
        order_by=(ACCOUNT.c.account_no,),
        for_update=True,
    )
    return {row.account_no: row for row in rows}


async def load(tx: Tx, numbers: Sequence[str]) -> dict[str, tuple[Stated, int]]:
    """Lock accounts in key order and return each with its version, by number."""
    rows = await lock(tx, numbers)
    contracts = by_account(await contracts_of(tx, list(rows)))
    return {no: (Stated(row.digest, account_of(row, contracts.get(no, ()))), row.version) for no, row in rows.items()}


def by_account(contracts: Sequence[Row[Any]]) -> dict[str, list[Row[Any]]]:
    """Return the rows of contracts by their account."""
    found: dict[str, list[Row[Any]]] = {}
    for contract in contracts:
        found.setdefault(contract.account_no, []).append(contract)
    return found


async def rows(view: View, numbers: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the rows of accounts."""
    return await bulk.select_in(view, ACCOUNT, {"account_no": numbers})


async def contracts_at(view: View, service_points: Sequence[str], numbers: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the contracts at the service points, and those with the numbers, of any account."""
    at = await bulk.select_in(view, CONTRACT, {"service_point_no": sorted(set(service_points))})
    known = {row.contract_no for row in at}
    others = await bulk.select_in(view, CONTRACT, {"contract_no": sorted(set(numbers))})
    return [*at, *(row for row in others if row.contract_no not in known)]


async def contracts_of(view: View, account_nos: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the contracts of accounts."""
    return await bulk.select_in(view, CONTRACT, {"account_no": account_nos}, order_by=(CONTRACT.c.from_date,))


def accounts() -> FromClause:
    """Return the accounts, for a statement that locks those whose other rows it reads."""
    return ACCOUNT


def has_contract(
    service_point_no: ColumnElement[str], from_: ColumnElement[date], to: ColumnElement[date]
) -> ColumnElement[bool]:
    """Return the condition that a contract covers a service point's period."""
    covered = and_(
        CONTRACT.c.service_point_no == service_point_no,
        ~CONTRACT.c.annulled,
        CONTRACT.c.from_date <= from_,
        or_(CONTRACT.c.to_date.is_(None), CONTRACT.c.to_date >= to),
        CONTRACT.c.account_no == ACCOUNT.c.account_no,
        CONTRACT.c.account_version == ACCOUNT.c.version,
    )
    return select(CONTRACT.c.contract_no).where(covered).exists()


def numbers_of(account_no: str) -> Select[Any]:
    """Return the contracts of an account as a selection of their numbers."""
    return select(CONTRACT.c.contract_no).where(CONTRACT.c.account_no == account_no)


async def after(view: View, account_no: str, limit: int) -> list[str]:
    """List the next accounts behind a number."""
    a = ACCOUNT.c
    rows = await view.all(select(a.account_no).where(a.account_no > account_no).order_by(a.account_no).limit(limit))
    return [row.account_no for row in rows]


async def page(
    view: View, *, visible: Condition, after: Condition, limit: int, service_point_no: str | None
) -> Sequence[Row[Any]]:
    """List accounts by number, all or those that were ever supplied at a service point."""
    a = ACCOUNT.c
    statement = select(a.account_no, a.org_unit, a.version).where(visible(a.org_unit), after(a.account_no))
    if service_point_no is not None:
        here = select(CONTRACT.c.account_no).where(CONTRACT.c.service_point_no == service_point_no)
        statement = statement.where(a.account_no.in_(here))
    return await view.all(statement.order_by(a.account_no).limit(limit))


async def upsert(tx: Tx, changed: Sequence[tuple[Stated, int]]) -> set[str]:
    """Write accounts in the versions that they will be, and return the numbers of those that were applied."""
    accounts = [stated.account for stated, _ in changed]
    await before.keep(tx, [(stated.account.account_no, version) for stated, version in changed])
    rows = await bulk.upsert_newer(
        tx,
        ACCOUNT,
        {
            "account_no": [a.account_no for a in accounts],
            "org_unit": [a.org_unit for a in accounts],
            "opened_on": [a.opened_on for a in accounts],
            "closed_on": [a.closed_on for a in accounts],
            "facts": [_account_terms_text(a) for a in accounts],
            "customer_no": [a.customer_no for a in accounts],
            "digest": [stated.digest for stated, _ in changed],
            "version": [version for _, version in changed],
        },
        key=("account_no",),
    )
    applied = {row.account_no for row in rows}
    written = [
        (s.account, version, c)
        for s, version in changed
        if s.account.account_no in applied
        for c in s.account.contracts
    ]
    if written:
        await bulk.upsert_newer(
            tx, CONTRACT, _contract_columns(written), key=("contract_no",), version="account_version"
        )
        await daily.mark_stated(tx, [contract.contract_no for _, _, contract in written])
    return applied


def _contract_columns(rows: Sequence[tuple[Account, int, Contract]]) -> Mapping[str, list[Any]]:
    return {
        "contract_no": [c.contract_no for _, _, c in rows],
        "account_no": [a.account_no for a, _, _ in rows],
        "account_version": [version for _, version, _ in rows],
        "service_point_no": [c.service_point_no for _, _, c in rows],
        "from_date": [c.from_ for _, _, c in rows],
        "to_date": [c.to for _, _, c in rows],
        "assignments": [_assignments_text(c) for _, _, c in rows],
        "opening": ["" if c.opening is None else orjson.dumps(c.opening).decode() for _, _, c in rows],
        "cycle_months": [c.cycle_months for _, _, c in rows],
        "annulled": [c.annulled for _, _, c in rows],
        "reason": [c.reason for _, _, c in rows],
        "curve_minutes": [c.curve_minutes for _, _, c in rows],
        "payment_modes": [_payment_modes_text(c) for _, _, c in rows],
        "sub_meters": [_sub_meters_text(c) for _, _, c in rows],
    }


def account_of(row: Row[Any], contracts: Sequence[Row[Any]]) -> Account:
    """Build an account from its row and the rows of its contracts."""
    return Account(
        account_no=row.account_no,
        org_unit=row.org_unit,
        opened_on=row.opened_on,
        closed_on=row.closed_on,
        facts=account_terms_of(row.facts),
        contracts=tuple(
            Contract(
                contract_no=c.contract_no,
                service_point_no=c.service_point_no,
                from_=c.from_date,
                to=c.to_date,
                assignments=assignments_of(c.assignments),
                opening=orjson.loads(c.opening) if c.opening else None,
                cycle_months=c.cycle_months,
                annulled=c.annulled,
                reason=c.reason,
                curve_minutes=c.curve_minutes,
                payment_modes=payment_modes_of(c.payment_modes),
                sub_meters=sub_meters_of(c.sub_meters),
            )
            for c in contracts
        ),
        customer_no=row.customer_no,
    )

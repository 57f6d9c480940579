"""Accounts (户) and contracts: who is supplied where, since when, in which class and on which tariff. All of it dated."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final, Literal, TypeVar

from services.billing.rating import rating_types
from services.billing.rating.rating_types import Equipment
from services.billing.rating.tariff import names
from services.billing.rating.tariff.model import Tariff
from services.billing.rating.tariff.quantity_rules import RestRule
from shared import exact
from shared.dated import Period
from shared.document import listed

CurveMinutes = Literal[15, 30, 60]
PaymentMode = Literal["postpaid", "prepaid"]
REASON_MISSING: Final = "account.reason_missing"
_OWN_QUANTITIES: Final = {"import", "export", "reactive"}
CHANGES_MAX: Final = 64  # changes of class or household in an account's life; also the limit of contracts in one fact


class AccountWrong(ValueError):
    """An account's state contradicts itself; `code` says how, `pointer` (JSON pointer) where."""

    def __init__(self, code: str, pointer: str) -> None:
        super().__init__(f"{code} at {pointer}")
        self.code = code
        self.pointer = pointer


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """What an account is from a day on, until the next terms: customer class, people in the household (户籍人口).

    `option`, `capacity_va`, `contract_demand_w` and `equipment` are those of a two-part price; `values` the decimals by name that
    the tariff refers to (losses, fixed kWh, shares, power factor standard, free kWh), `exempt` the exemptions that its charges
    know. All as rating has them.
    """

    from_: date
    customer_class: str
    people: int
    households: int
    option: str = ""
    capacity_va: int | None = None
    contract_demand_w: int | None = None
    equipment: tuple[Equipment, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    exempt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """The tariff of a contract from a day on, until the next assignment."""

    from_: date
    tariff: str


@dataclass(frozen=True, slots=True)
class Payment:
    """How a contract is paid from a day on, until the next payment mode: after the bill, or before (费控)."""

    from_: date
    mode: PaymentMode


@dataclass(frozen=True, slots=True)
class SubMeter:
    """A service point behind the main meter (套表) whose usage is taken off it in [from_, to) (套扣).

    `quantity`: the name under which the tariff of the main contract takes it off (`rest_of … without`).
    """

    service_point_no: str
    quantity: str
    from_: date
    to: date | None = None

    @property
    def period(self) -> Period:
        """Return the days on which it is taken off."""
        return Period(self.from_, self.to)


@dataclass(frozen=True, slots=True)
class Link:
    """A main meter and a sub-meter of it, on the days that its contract covers."""

    contract_no: str
    main: str
    sub: str
    days: Period


D = TypeVar("D", AccountTerms, Assignment, rating_types.AccountSpan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Supply of one service point in [from_, to). `opening` is the ladder state at going live or at opening.

    `annulled`: entered by mistake, it covers no day. `reason`: why it was moved or annulled. `curve_minutes`: the slots of the
    load curve that its bills need. `payment_modes`: how it is paid, postpaid before the first of them; no bill depends on it.
    """

    contract_no: str
    service_point_no: str
    from_: date
    to: date | None
    assignments: tuple[Assignment, ...]
    opening: dict[str, Any] | None
    cycle_months: int
    annulled: bool = False
    reason: str = ""
    curve_minutes: CurveMinutes | None = None
    payment_modes: tuple[Payment, ...] = ()
    sub_meters: tuple[SubMeter, ...] = ()

    @property
    def period(self) -> Period:
        """Return the days of supply."""
        return Period(self.from_, self.to)

    def links(self) -> list[Link]:
        """Return its sub-meters on the days that it covers."""
        common = ((one, _common(one.period, self.period)) for one in self.sub_meters if not self.annulled)
        return [
            Link(self.contract_no, self.service_point_no, one.service_point_no, days) for one, days in common if days
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as a whole: a PUT replaces all of it."""

    account_no: str
    org_unit: str
    opened_on: date
    closed_on: date | None
    facts: tuple[AccountTerms, ...]
    """Dated account data, as the API has it."""
    contracts: tuple[Contract, ...]
    customer_no: str = ""
    """The customer (客户编号) that the account is of, opaque; empty where none was given. No bill depends on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The contract and account of a bill, as they stand: what rating needs beside the usage."""

    account_no: str
    contract_no: str
    service_point_no: str
    org_unit: str
    account_terms: tuple[AccountTerms, ...]
    assignments: tuple[Assignment, ...]
    opening: str
    """Ladder state at the opening, JSON text, empty where none was given."""
    opened: date
    """First day of the contract: the yearly quota counts its months from here."""
    ended: date | None
    """First day that it does not cover any more; `opened` for one that was annulled."""
    cycle_months: int
    spans: tuple[rating_types.AccountSpan, ...]
    sub_meters: tuple[SubMeter, ...] = ()
    account_version: int = 0


def check(account: Account) -> None:
    """Refuse an account that contradicts itself; raises AccountWrong."""
    if account.closed_on is not None and account.closed_on < account.opened_on:
        raise AccountWrong("account.dates_reversed", "/closed_on")
    _rising([terms.from_ for terms in account.facts], "account.facts_order", "/facts")
    if not account.facts or account.facts[0].from_ > account.opened_on:
        raise AccountWrong("account.facts_gap", "/facts")
    for index, terms in enumerate(account.facts):
        if len({one.name for one in terms.equipment}) != len(terms.equipment):
            raise AccountWrong("account.equipment_twice", f"/facts/{index}/equipment")
        if terms.equipment and terms.capacity_va is not None:
            raise AccountWrong("account.capacity_twice", f"/facts/{index}/capacity_va")
    if len({contract.contract_no for contract in account.contracts}) != len(account.contracts):
        raise AccountWrong("account.contract_twice", "/contracts")
    for index, contract in enumerate(account.contracts):
        _check_contract(account, contract, f"/contracts/{index}")
    standing = [contract for contract in account.contracts if not contract.annulled]
    by_point = sorted(standing, key=lambda contract: (contract.service_point_no, contract.from_))
    for one, other in pairwise(by_point):
        if one.service_point_no == other.service_point_no and one.period.overlaps(other.period):
            raise AccountWrong("account.contracts_overlap", "/contracts")


def check_names(account: Account, versions: Mapping[str, Sequence[Tariff]]) -> None:
    """Refuse an account with names that its tariffs do not have, or figures that cannot be; raises AccountWrong.

    A tariff that is nowhere would hold each bill; so would the state of equipment, and an option that no charge is for.
    """
    tariffs: list[Tariff] = []
    for i, contract in enumerate(account.contracts):
        for j, assignment in enumerate(() if contract.annulled else contract.assignments):
            if assignment.tariff not in versions:
                raise AccountWrong(
                    "account.tariff_unknown",
                    f"/contracts/{i}/tariffs/{j}: {assignment.tariff}; there are: {listed(versions)}",
                )
            tariffs.extend(versions[assignment.tariff])
        _check_quantities(contract, versions, f"/contracts/{i}/sub_meters")
    if not tariffs or not any(t.option or t.equipment or t.values or t.exempt for t in account.facts):
        return
    options = {""}.union(*(names.options(tariff) for tariff in tariffs))
    states = set[str]().union(*(names.states(tariff) for tariff in tariffs))
    exemptions = set[str]().union(*(names.exemptions(tariff) for tariff in tariffs))
    named = set[str]().union(*(names.figures(tariff) for tariff in tariffs))
    for i, terms in enumerate(account.facts):
        if terms.option not in options:
            raise AccountWrong("account.option_unknown", f"/facts/{i}/option: {_known(options)}")
        for j, one in enumerate(terms.equipment):
            if one.state not in states:
                raise AccountWrong("account.state_unknown", f"/facts/{i}/equipment/{j}/state: {_known(states)}")
        if not exemptions.issuperset(terms.exempt):
            raise AccountWrong("account.exemption_unknown", f"/facts/{i}/exempt: {_known(exemptions)}")
        for name, value in terms.values:
            if name not in named:
                raise AccountWrong("account.value_unknown", f"/facts/{i}/values/{name}: {_known(named)}")
            _check_figure(name, exact.parse(value).fraction(), tariffs, f"/facts/{i}/values/{name}")


def _check_figure(name: str, value: Fraction, tariffs: Sequence[Tariff], pointer: str) -> None:
    for tariff in tariffs:
        if value > 1 and name in names.shares(tariff):
            raise AccountWrong("account.share_above_one", pointer)
        standards = names.standards(tariff).get(name)
        if standards is not None and value * 100 not in standards:
            raise AccountWrong("account.standard_unknown", f"{pointer}: {_known(f'{x / 100:.2f}' for x in standards)}")
        if name in names.free_kwh(tariff) and (value * 1000).denominator != 1:
            raise AccountWrong("account.free_kwh_too_fine", pointer)


def _check_quantities(contract: Contract, versions: Mapping[str, Sequence[Tariff]], pointer: str) -> None:
    """Refuse a sub-meter whose quantity a tariff of its days does not take off: its energy would be billed twice."""
    if contract.annulled:
        return
    for j, one in enumerate(contract.sub_meters):
        for tariff in (t for a in contract.assignments for t in versions[a.tariff]):
            without = {n for rule in tariff.quantities if isinstance(rule, RestRule) for n in rule.without}
            without -= {rule.name for rule in tariff.quantities} | set(tariff.registers("import"))
            taken_off = {name.partition(".")[0] for name in without} - _OWN_QUANTITIES
            days = Period(date.min if tariff.from_ is None else tariff.from_, tariff.to)
            if one.quantity not in taken_off and days.overlaps(one.period):
                raise AccountWrong("account.sub_meter_quantity_unknown", f"{pointer}/{j}/quantity: {_known(taken_off)}")


def _common(one: Period, other: Period) -> Period | None:
    if not one.overlaps(other):
        return None
    return Period(max(one.from_, other.from_), min((to for to in (one.to, other.to) if to), default=None))


def _known(names: Iterable[str]) -> str:
    return ", ".join(sorted(name for name in names if name))


def terms_on(account_terms: Sequence[AccountTerms], day: date) -> AccountTerms:
    """Return the terms of an account on a day (the first known ones before all)."""
    return _on(account_terms, day)


def class_on(account_terms: Sequence[AccountTerms], day: date) -> str:
    """Return the customer class on a day (the first known one before all terms)."""
    return _on(account_terms, day).customer_class


def tariff_on(assignments: Sequence[Assignment], day: date) -> str:
    """Return the id of the tariff assigned on a day (the first one before all assignments)."""
    return _on(assignments, day).tariff


def _on(dated: Sequence[D], day: date) -> D:
    found = dated[0]
    for one in dated:
        if one.from_ > day:
            break
        found = one
    return found


def spans(
    account_terms: Sequence[AccountTerms], assignments: Sequence[Assignment]
) -> tuple[rating_types.AccountSpan, ...]:
    """Merge the terms of an account and tariff assignments into the spans that rating takes.

    Every span names its tariff, so that a change of tariff within a period makes segments.
    """
    first = account_terms[0].from_
    starts = sorted({terms.from_ for terms in account_terms} | {a.from_ for a in assignments if a.from_ > first})
    found = []
    for index, start in enumerate(starts):
        terms = _on(account_terms, start)
        found.append(
            rating_types.AccountSpan(
                from_=start,
                to=starts[index + 1] if index + 1 < len(starts) else None,
                class_=terms.customer_class,
                people=terms.people,
                households=terms.households,
                option=terms.option,
                capacity_va=terms.capacity_va,
                contract_demand_w=terms.contract_demand_w,
                equipment=terms.equipment,
                values={name: exact.parse(value) for name, value in terms.values},
                tariff=tariff_on(assignments, start) if len(assignments) > 1 else None,
                exempt=terms.exempt,
            )
        )
    return tuple(found)


def changed_since(old: Account, now: Account) -> dict[str, date]:
    """Return, by contract, the first day whose bill may come out otherwise under the new state of an account.

    A contract that begins on another day, or with another ladder usage, has other quotas in all of its bills.
    """
    olds, found = {contract.contract_no: contract for contract in old.contracts}, {}
    for new in now.contracts:
        was = olds.get(new.contract_no)
        if was is None:
            continue
        first = min(was.from_, new.from_)
        if (was.from_, was.opening, was.cycle_months) != (new.from_, new.opening, new.cycle_months):
            found[new.contract_no] = first
        elif (day := _first_difference(_dated_terms(old, was), _dated_terms(now, new))) is not None:
            found[new.contract_no] = max(day, first)
    return found


_DatedTerms = Mapping[date, tuple[rating_types.AccountSpan, str, frozenset[tuple[str, str]]]]


def _dated_terms(account: Account, contract: Contract) -> _DatedTerms:
    """Return what holds from each day of change on, without regard to how long it does."""
    found = {}
    of_spans = spans(account.facts, contract.assignments)
    changes = {day for one in contract.sub_meters for day in (one.from_, one.to) if day and day > of_spans[0].from_}
    for day in sorted({span.from_ for span in of_spans} | changes):
        span = _on(of_spans, day)
        behind = frozenset((one.service_point_no, one.quantity) for one in contract.sub_meters if day in one.period)
        found[day] = replace(span, from_=date.min, to=None, tariff=None), tariff_on(contract.assignments, day), behind
    return found


def _first_difference(old: _DatedTerms, new: _DatedTerms) -> date | None:
    def on(terms: _DatedTerms, day: date) -> object:
        return terms[max((start for start in terms if start <= day), default=min(terms))]

    days = sorted({*old, *new})
    first = next((day for day in days if on(old, day) != on(new, day)), None)
    return date.min if first == days[0] else first


def is_moved(old: Contract, new: Contract) -> bool:
    """Return whether a contract covers other days than was stated: not where one without an end gets one, it just ends."""
    return (old.from_, old.annulled) != (new.from_, new.annulled) or (old.to is not None and old.to != new.to)


def _check_contract(account: Account, contract: Contract, pointer: str) -> None:
    if contract.annulled:
        if not contract.reason:
            raise AccountWrong(REASON_MISSING, f"{pointer}/reason")
        return
    if contract.to is not None and contract.to <= contract.from_:
        raise AccountWrong("account.dates_reversed", f"{pointer}/to")
    if contract.from_ < account.opened_on:
        raise AccountWrong("account.contract_before_opening", f"{pointer}/from")
    if account.closed_on is not None and (contract.to is None or contract.to > account.closed_on):
        raise AccountWrong("account.contract_after_closing", f"{pointer}/to")
    _rising([a.from_ for a in contract.assignments], "account.tariffs_order", f"{pointer}/tariffs")
    if not contract.assignments or contract.assignments[0].from_ > contract.from_:
        raise AccountWrong("account.tariffs_gap", f"{pointer}/tariffs")
    _rising([one.from_ for one in contract.payment_modes], "account.payment_modes_order", f"{pointer}/payment_modes")
    for index, one in enumerate(contract.sub_meters):
        if one.to is not None and one.to <= one.from_:
            raise AccountWrong("account.dates_reversed", f"{pointer}/sub_meters/{index}/to")
        if one.service_point_no == contract.service_point_no:
            raise AccountWrong("account.sub_meter_own_point", f"{pointer}/sub_meters/{index}/service_point_no")
        before = contract.sub_meters[:index]
        if any(o.service_point_no == one.service_point_no and o.period.overlaps(one.period) for o in before):
            raise AccountWrong("account.sub_meter_twice", f"{pointer}/sub_meters/{index}")


def _rising(days: Sequence[date], code: str, pointer: str) -> None:
    if any(one >= other for one, other in pairwise(days)):
        raise AccountWrong(code, pointer)

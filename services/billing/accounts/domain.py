"""What accounts may say of contracts that they have, which sub-meters beside those of others, and whose points contracts name."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from services.billing.contracts.domain import REASON_MISSING, Account, Contract, Link, is_moved
from shared.dated import Period
from shared.org_units import WHOLE_UTILITY, covers

OVERLAP: Final = "account.contracts_overlap"
OF_ANOTHER_ACCOUNT: Final = "account.contract_of_another_account"


@dataclass(frozen=True, slots=True)
class Named:
    """The points that a contract names anew: those that are another bureau's, and those of which it is not known yet."""

    foreign: Sequence[str]
    unknown: Sequence[str]


def goes_on(olds: Sequence[Contract], account: Account) -> dict[str, date]:
    """Return, by contract, the last day (`date.max`: none) of those that have ended and are to end later, or never were."""
    ended = {old.contract_no: old.to for old in olds if old.to is not None and not old.annulled}
    return {
        new.contract_no: date.max if new.annulled or new.to is None else new.to
        for new in account.contracts
        if new.contract_no in ended and (new.annulled or new.to is None or new.to > ended[new.contract_no])
    }


def named_anew(now: Account, old: Account | None, owners: Mapping[str, str], units: Sequence[str]) -> dict[str, Named]:
    """Return, by contract, the points that it did not name before, seen by who puts it; none for the whole utility."""
    if WHOLE_UTILITY in units:
        return {}
    before = {contract.contract_no: _points(contract) for contract in old.contracts} if old else {}
    found = {}
    for contract in now.contracts:
        anew = sorted(_points(contract) - before.get(contract.contract_no, set()))
        foreign = [point for point in anew if point in owners and not covers(units, owners[point])]
        unknown = [point for point in anew if point not in owners]
        if anew:
            found[contract.contract_no] = Named(foreign, unknown)
    return found


def without(account: Account, foreign: Mapping[str, Collection[str]], *, reason: str) -> Account:
    """Return an account without the points, by contract, that are another bureau's.

    A contract on one never was; a sub-meter that is one is left out.
    """
    return replace(
        account, contracts=tuple(_without(c, foreign.get(c.contract_no, ()), reason) for c in account.contracts)
    )


def _without(contract: Contract, foreign: Collection[str], reason: str) -> Contract:
    if contract.service_point_no in foreign and not contract.annulled:
        return replace(contract, annulled=True, reason=reason)
    left = tuple(one for one in contract.sub_meters if one.service_point_no not in foreign)
    return replace(contract, sub_meters=left)


def _points(contract: Contract) -> set[str]:
    own = {contract.service_point_no, *(one.service_point_no for one in contract.sub_meters)}
    return set() if contract.annulled else own


def link_faults(wanted: Mapping[str, Sequence[Contract]], others: Sequence[Link]) -> dict[str, tuple[str, str]]:
    """Return, by account, the code and contract of a sub-meter that another main meter has, or that stands above its own main.

    `others`: the links of all accounts that are not `wanted`.
    """
    standing, found = list(others), dict[str, tuple[str, str]]()
    for account_no, contracts in wanted.items():
        own = [link for contract in contracts for link in contract.links()]
        known = [*standing, *own]
        for link in own:
            if any(o.sub == link.sub and o != link and o.days.overlaps(link.days) for o in known):
                found[account_no] = "account.sub_meter_of_another", link.contract_no
            elif _is_circle(link, known):
                found[account_no] = "account.sub_meters_circle", link.contract_no
        standing += () if account_no in found else own
    return found


def _is_circle(link: Link, known: Sequence[Link]) -> bool:
    """Return whether the main meter of a link is behind its own sub-meter on a day."""
    below, seen = [link], {link}
    while below:
        one = below.pop()
        if one.sub == link.main:
            return True
        more = {o for o in known if o.main == one.sub and o.days.overlaps(link.days)} - seen
        below += more
        seen |= more
    return False


Wrong = tuple[str, str]
"""The code of a refusal, and the contract that it is about."""


class Claims:
    """Which contract holds which service point: the accounts of a batch as they are to be, all others as they are.

    `at`: the rows of the contracts at these points and of these numbers; `olds`: the contracts of accounts before.
    """

    def __init__(self, at: Sequence[Any], olds: Mapping[str, Sequence[Contract]]) -> None:
        self._contracts = olds
        self._owner: dict[str, str] = {}
        self._stored: dict[str, dict[str, tuple[str, Period | None]]] = {}
        for c in at:
            self._keep(
                c.account_no, c.contract_no, c.service_point_no, None if c.annulled else Period(c.from_date, c.to_date)
            )
        for account_no, contracts in self._contracts.items():
            for own in contracts:
                self._keep(account_no, own.contract_no, own.service_point_no, _days(own))

    def _keep(self, account_no: str, contract_no: str, service_point_no: str, days: Period | None) -> None:
        self._owner[contract_no] = account_no
        self._stored.setdefault(account_no, {})[contract_no] = service_point_no, days

    def refusals(self, wanted: Sequence[Account]) -> dict[str, Wrong]:
        """Return by account why it cannot have its contracts.

        A day of change that two accounts of a batch share moves in any order of the two. Of accounts that want the same days the
        first has them. What is refused keeps what it has, which may refuse another one: until nothing changes.
        """
        found = {a.account_no: fault for a in wanted if (fault := self._changed_wrongly(a))}
        while True:
            left = [account for account in wanted if account.account_no not in found]
            more = self._conflicts(left)
            if not more:
                return found
            found |= more

    def _changed_wrongly(self, account: Account) -> Wrong | None:
        named = {c.contract_no: c for c in account.contracts}
        for old in self._contracts.get(account.account_no, ()):
            new = named.get(old.contract_no)
            if new is None:
                return "account.contract_missing", old.contract_no
            if new.service_point_no != old.service_point_no:
                return "account.contract_moved", old.contract_no
            if is_moved(old, new) and not new.reason:
                return REASON_MISSING, old.contract_no
        return None

    def _conflicts(self, wanted: Sequence[Account]) -> dict[str, Wrong]:
        changing = {account.account_no for account in wanted}
        owner, at_point = dict(self._owner), dict[str, list[Period]]()
        for account_no, contracts in self._stored.items():
            for point, days in contracts.values() if account_no not in changing else ():
                if days is not None:
                    at_point.setdefault(point, []).append(days)
        found = {}
        for account in wanted:
            if (fault := _conflict(account, owner, at_point)) is not None:
                found[account.account_no] = fault
                continue
            for c in account.contracts:
                owner[c.contract_no] = account.account_no
                if not c.annulled:
                    at_point.setdefault(c.service_point_no, []).append(c.period)
        return found


def _conflict(account: Account, owner: Mapping[str, str], at_point: Mapping[str, Sequence[Period]]) -> Wrong | None:
    for c in account.contracts:
        if owner.get(c.contract_no, account.account_no) != account.account_no:
            return OF_ANOTHER_ACCOUNT, c.contract_no
        if not c.annulled and any(c.period.overlaps(period) for period in at_point.get(c.service_point_no, ())):
            return OVERLAP, c.contract_no
    return None


def _days(contract: Contract) -> Period | None:
    """Return the days that a contract claims, none where it is annulled."""
    return None if contract.annulled else contract.period

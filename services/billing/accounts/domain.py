"""Which sub-meters accounts can have beside those of all others, and whose the points are that contracts name."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from services.billing.contracts.domain import Account, Contract, Link
from shared.org_units import WHOLE_UTILITY, covers


@dataclass(frozen=True, slots=True)
class Named:
    """The points that a contract names anew: those that are another bureau's, and those of which it is not known yet."""

    foreign: Sequence[str]
    unknown: Sequence[str]


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

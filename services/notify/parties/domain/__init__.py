"""Parties: who is told, in which role, and where a notice may go to (S16–S18).

A name and the address of a contact point (a number, a mailbox, a door) are the only personal data of the product. They never take
part in choosing, so what chooses (`Reach`) does not hold them, and what holds them (`Party`, `ContactPoint`) does not show them.
"""

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, NamedTuple

from services.notify.parties.domain import preferences
from services.notify.parties.domain.preferences import PLAIN, Preferences
from services.notify.policies.domain import LANGUAGES, ROLES, Policy
from shared.org_units import covers

KINDS: Final = ("person", "household", "firm")
VULNERABILITIES: Final = ("elderly", "living_alone", "disabled", "illness", "life_support", "hardship")
WISHES: Final = ("large_print", "read_aloud", "plain_words", "call_before_visit", "tell_carer")
"""What a person wishes so that a notice can be understood (无障碍)."""
BY_PERSON: Final = ("declared", "called", "on_site")
"""How a person verifies a contact point."""
NOBODY: Final = ""
"""The party of a notice that goes to a door: whoever is supplied there; its contact point is the service point."""
DOORS_LANGUAGE: Final = "zh"  # who lives there is not known, nor how they wish to be spoken to
POINTS_MAX, ROLES_MAX = 20, 200  # of a party: a person has a few numbers, an agency some hundred flats
WAITING, IN_USE, REFUSED = "waiting_for_account", "in_use", "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPoint:
    """Where a party is reached (联系方式); `valid_to` is the first day no longer valid.

    `address_since` is the version of the party in which its address became what it is: what verified another does not count.
    """

    point_no: str
    kind: str
    address: str = field(repr=False)
    valid_from: date
    valid_to: date | None = None
    address_since: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a party is to an account, or to a service point whoever holds its account (one of both), and when."""

    role: str
    account_no: str = ""
    service_point_no: str = ""
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerability:
    """Why a person needs more care (特殊客户), who said so, and since when."""

    reason: str
    source: str = field(repr=False)
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """A contact point with the address that it has is right for an account, or for a service point (one of both)."""

    party_no: str
    point_no: str
    account_no: str = ""
    service_point_no: str = ""
    how: str
    day: date
    by: str = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A person, household or firm that is told (当事人). `verified`: what comes with it, beside what was noted before.

    `teller`: the employee who calls this person, such as the reader of the route (S20); empty: whoever takes the call task.
    """

    party_no: str
    org_unit: str
    kind: str
    name: str = field(repr=False)
    language: str
    vulnerability: Vulnerability | None = None
    wishes: tuple[str, ...] = ()
    preferences: Preferences = PLAIN
    teller: str = ""
    points: tuple[ContactPoint, ...] = ()
    roles: tuple[Role, ...] = ()
    verified: tuple[Verification, ...] = field(default=(), compare=False)


Towards = tuple[str, str]
"""What a role is towards: an account or a service point, the other one empty."""


class Reach(NamedTuple):
    """A contact point of a party in a role towards an account, as the choice needs it: without its address.

    `verified`: what it is verified for, as (how, account, service point). A party without any is one with an empty `point_no`.
    """

    party_no: str
    account_no: str
    org_unit: str
    role: str
    service_point_no: str
    role_from: date
    role_to: date | None
    point_no: str
    kind: str
    valid_from: date
    valid_to: date | None
    verified: Collection[tuple[str, str, str]]
    preferences: Preferences = PLAIN
    is_vulnerable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What a cause is about: whose account, and at which service points (all that it is supplied at where it names none)."""

    account_no: str
    org_unit: str
    service_points: Collection[str]
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """A contact point as it is now, with its address: what a notice is sent to. `zone`: its party's, empty: the utility's."""

    address: str = field(repr=False)
    address_since: int
    language: str
    is_vulnerable: bool = False
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A way to a party: which contact point, over which channel.

    `still`: another contact point and channel that disturbs nobody; `wanted`: false where the party has declined the notice.
    """

    party_no: str
    point_no: str
    channel: str
    still: tuple[str, str] | None = None
    wanted: bool = True


FAULTS: Final = {
    **preferences.FAULTS,
    "party.unknown_kind": "A party is a person, a household or a firm",
    "party.unknown_role": "The role is none that notices are told to",
    "party.unknown_language": "There is no template in this language",
    "party.unknown_point_kind": "The policy has no such kind of contact point",
    "party.bad_address": "The address of a contact point has not the form that its kind needs",
    "party.reversed_dates": "valid_to must lie after valid_from",
    "party.point_repeated": "Two contact points of the party have the same number",
    "party.role_repeated": "The party has the same role twice at the same time",
    "party.role_of_nothing": "A role is towards an account or a service point: one of both",
    "party.unknown_vulnerability": "The reason of the vulnerability is not known",
    "party.unknown_wish": "The wish is not known",
    "verification.unknown_point": "The party has no such contact point",
    "verification.unknown_how": f"A person verifies by one of: {', '.join(BY_PERSON)}",
    "verification.of_nothing": "A verification is for an account or a service point: one of both",
    "verification.in_the_future": "The day of a verification lies ahead",
}
"""What can be wrong with a party, by its code."""


def fault(party: Party, policy: Policy, today: date) -> str | None:
    """Return the code of what is wrong with a party, or None. No name and no address is ever part of it."""
    if party.kind not in KINDS:
        return "party.unknown_kind"
    if party.language not in LANGUAGES:
        return "party.unknown_language"
    if party.vulnerability is not None and party.vulnerability.reason not in VULNERABILITIES:
        return "party.unknown_vulnerability"
    if not set(party.wishes) <= set(WISHES):
        return "party.unknown_wish"
    known = {point.point_no for point in party.points}
    return (
        preferences.fault(party.preferences, policy)
        or _fault_of_points(party.points, policy)
        or _fault_of_roles(party.roles)
        or next((code for each in party.verified if (code := fault_of_verification(each, today, known))), None)
    )


def _fault_of_points(points: Sequence[ContactPoint], policy: Policy) -> str | None:
    for point in points:
        form = policy.points.get(point.kind)
        if form is None:
            return "party.unknown_point_kind"
        if not form.fullmatch(point.address):
            return "party.bad_address"
        if _reversed(point.valid_from, point.valid_to):
            return "party.reversed_dates"
    return "party.point_repeated" if len({point.point_no for point in points}) < len(points) else None


def _fault_of_roles(roles: Sequence[Role]) -> str | None:
    spans: dict[tuple[str, str, str], list[Role]] = defaultdict(list)
    for role in roles:
        if role.role not in ROLES:
            return "party.unknown_role"
        if bool(role.account_no) == bool(role.service_point_no):
            return "party.role_of_nothing"
        if _reversed(role.valid_from, role.valid_to):
            return "party.reversed_dates"
        spans[role.role, role.account_no, role.service_point_no].append(role)
    for same in spans.values():
        same.sort(key=lambda role: role.valid_from)
        if any(a.valid_to is None or b.valid_from < a.valid_to for a, b in itertools.pairwise(same)):
            return "party.role_repeated"
    return None


def _reversed(valid_from: date, valid_to: date | None) -> bool:
    return valid_to is not None and valid_to <= valid_from


def fault_of_verification(given: Verification, today: date, points: Collection[str]) -> str | None:
    """Return the code of what is wrong with a verification that a person enters, or None; `points` are those of the party."""
    if given.point_no not in points:
        return "verification.unknown_point"
    if given.how not in BY_PERSON:
        return "verification.unknown_how"
    if bool(given.account_no) == bool(given.service_point_no):
        return "verification.of_nothing"
    return "verification.in_the_future" if given.day > today else None


def moved(party: Party, *, leaves: Towards, enters: Towards | None, on: date) -> Party:
    """Return a party that moves on a day (搬迁): its roles towards one place end, and begin towards the other."""
    kept, moving = [], []
    for role in party.roles:
        leaving = (role.account_no, role.service_point_no) == leaves and role.valid_from < on
        if leaving and (role.valid_to is None or role.valid_to > on):
            kept.append(replace(role, valid_to=on))
            moving.append(role)
        else:
            kept.append(role)
    if enters is not None:
        account_no, service_point_no = enters
        kept += [
            replace(role, account_no=account_no, service_point_no=service_point_no, valid_from=on, valid_to=None)
            for role in moving
        ]
    return replace(party, roles=tuple(kept))


def standing(org_unit: str, account_org_unit: str | None) -> str:
    """Return how a party stands to an account: it waits for that to be known, or is refused where it is another bureau's.

    A party that another bureau has entered is never told: no wrong door (S16).
    """
    if account_org_unit is None:
        return WAITING
    return IN_USE if covers([org_unit], account_org_unit) else REFUSED


def by_account(reaches: Iterable[Reach]) -> Mapping[str, Sequence[Reach]]:
    """Return reaches by account, each account's by party and point."""
    found: dict[str, list[Reach]] = defaultdict(list)
    for reach in sorted(reaches, key=lambda each: (each.account_no, each.party_no, each.point_no)):
        found[reach.account_no].append(reach)
    return found

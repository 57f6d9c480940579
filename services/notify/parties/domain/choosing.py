"""Who is told of something, and which way it goes: the choice among the contact points of an account (S16). Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from services.notify.parties.domain import Chosen, Door, Reach, preferences
from services.notify.policies.domain import DOOR, Channel, Policy
from shared.org_units import covers


@dataclass(slots=True)
class Way:
    """A way to a party that a notice may take, and for which of its roles; `wanted`: whether it wants it so."""

    chosen: Chosen
    channel: Channel
    roles: set[str] = field(default_factory=set)
    last_resort: bool = False
    wanted: bool = True


def ways(reaches: Iterable[Reach], *, template: str, door: Door, policy: Policy) -> dict[str, list[Way]]:
    """Return the parties of one account that get a notice of this template, each with its ways in order.

    A party counts if it has a role that is told on some day from `first_day` to `last_day`, towards the account or one of its
    service points in question; a contact point if it is valid then and verified for the account or one of these service points
    (S16). To the door itself somebody may go without any. Ways are in the order of the policy's channels for this kind, those
    that the party wants first before all others, those of last resort after all others. Channels that it never wants count only
    where no other is left. `policy` is that of the day of the cause.
    """
    return _ways(_counting(reaches, template, door, policy), template, policy, has_door=bool(door.service_points))


Counting = list[tuple[Reach, bool]]
"""Those in roles that are told, each with whether its contact point may be used."""


def _counting(reaches: Iterable[Reach], template: str, door: Door, policy: Policy) -> Counting:
    told = policy.roles[template]
    return [
        (reach, _is_verified(reach, door, policy)) for reach in reaches if reach.role in told and _has_role(reach, door)
    ]


def _ways(counting: Counting, template: str, policy: Policy, *, has_door: bool) -> dict[str, list[Way]]:
    legal, last_resorts = policy.manners[template].legal, policy.last_resorts(template)
    found: dict[str, dict[tuple[bool, int, str], Way]] = defaultdict(dict)
    wishes: dict[str, preferences.Wish] = {}
    for reach, is_verified in counting:
        wish = wishes[reach.party_no] = reach.preferences.about(template, policy)
        points = {DOOR: ""} if has_door else {}
        points |= {reach.kind: reach.point_no} if is_verified else {}
        for place, (name, channel) in enumerate(policy.channels_of(template).items()):
            if channel.point in points and channel.is_for(legal=legal, vulnerable=reach.is_vulnerable):
                point_no = points[channel.point]
                last = name in last_resorts and name not in wish.first
                key = last, preferences.place(wish, name, place), point_no
                way = found[reach.party_no].setdefault(key, Way(Chosen(reach.party_no, point_no, name), channel))
                way.last_resort, way.wanted = last, not wish.not_wanted and name not in wish.never
                way.roles.add(reach.role)
    return {party_no: _heeding(wishes[party_no], [of[key] for key in sorted(of)]) for party_no, of in found.items()}


def _heeding(wish: preferences.Wish, found: list[Way]) -> list[Way]:
    """Return the ways over channels that a party does not rule out, or all where it rules out all."""
    return [way for way in found if way.chosen.channel not in wish.never] or found


Alike = dict[tuple[Any, ...], list[tuple[int, Chosen]]]
"""What was chosen before by one policy, by the form of what was chosen among: most accounts of a utility are alike."""


def choose(
    reaches: Iterable[Reach], *, template: str, door: Door, policy: Policy, alike: Alike | None = None
) -> list[Chosen]:
    """Return the parties of one account that get a notice of this template, each with the way that it takes first.

    A channel that is a last resort is taken only where nobody else in a role of this party is reached. One that has declined it
    is among them, as such; what a right depends on cannot be declined.
    """
    counting = _counting(reaches, template, door, policy)
    party_nos = list(dict.fromkeys(reach.party_no for reach, _ in counting))
    place = {party_no: number for number, party_no in enumerate(party_nos)}
    has_door, alike = bool(door.service_points), {} if alike is None else alike
    looks = (
        (place[r.party_no], r.role, r.kind, r.point_no, r.preferences, r.is_vulnerable, verified)
        for r, verified in counting
    )
    form = template, has_door, *looks
    if form not in alike:
        found = _ways(counting, template, policy, has_door=has_door)
        alike[form] = [(place[one.party_no], one) for one in _choose(found, template, policy)]
    return [Chosen(party_nos[of], one.point_no, one.channel, one.still, one.wanted) for of, one in alike[form]]


def _choose(found: Mapping[str, list[Way]], template: str, policy: Policy) -> list[Chosen]:
    legal = policy.manners[template].legal
    roles = {party_no: set().union(*(way.roles for way in of)) for party_no, of in found.items()}
    first = {party_no: of[0] for party_no, of in found.items()}
    reached = {
        role
        for party_no, way in first.items()
        if not way.last_resort and (way.wanted or legal)
        for role in roles[party_no]
    }
    return [
        replace(first_of(found[party_no]), wanted=way.wanted or legal)
        for party_no, way in first.items()
        if not way.last_resort or not roles[party_no] & reached
    ]


def first_of(found: Sequence[Way]) -> Chosen:
    """Return the first of some ways, with the first of them that disturbs nobody and takes no days (`still`)."""
    still = (w.chosen for w in found if not w.last_resort and not w.channel.quiet)
    return replace(found[0].chosen, still=next(((way.point_no, way.channel) for way in still), None))


def _has_role(reach: Reach, door: Door) -> bool:
    return (
        _overlap(reach.role_from, reach.role_to, door)
        and (not reach.service_point_no or reach.service_point_no in door.service_points)
        and covers([reach.org_unit], door.org_unit)
    )


def _is_verified(reach: Reach, door: Door, policy: Policy) -> bool:
    return _overlap(reach.valid_from, reach.valid_to, door) and any(
        how in policy.verified_by
        and (account_no == door.account_no if account_no else service_point_no in door.service_points)
        for how, account_no, service_point_no in reach.verified
    )


def _overlap(valid_from: date, valid_to: date | None, door: Door) -> bool:
    return valid_from <= door.last_day and (valid_to is None or door.first_day < valid_to)

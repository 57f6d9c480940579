"""From causes to notices, each exactly once per (cause, party, template).

A batch takes a constant number of statements. A cause that reaches nobody is set aside (`unaddressed`) and taken up by the use
case that brings somebody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.notify.accounts import store as accounts
from services.notify.accounts.domain import Supply
from services.notify.notices.domain.causes import Cause
from services.notify.notices.domain.states import WAITS_FOR_CONTACT
from services.notify.notices.domain.unaddressed import wait_ends
from services.notify.notices.store import unaddressed
from services.notify.notices.store.queue import Planned, queue
from services.notify.parties import domain
from services.notify.parties.domain import Door, Reach
from services.notify.parties.store import reach
from services.notify.policies.domain import Policies
from shared.db.engine import Tx, View


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of accounts: how their parties are reached, and where they are supplied."""

    reaches: Mapping[str, Sequence[Reach]]
    supplied: Mapping[str, Sequence[Supply]]


async def known(view: View, causes: Sequence[Cause]) -> Known:
    """Return what is known of the accounts of causes (three statements; two where each names its service point)."""
    account_nos = [cause.account_no for cause in causes]
    anywhere = [cause.account_no for cause in causes if not cause.service_point_no]
    return Known(await reach.reaches(view, account_nos), await accounts.supplied(view, anywhere) if anywhere else {})


async def queue_causes(tx: Tx, causes: Sequence[Cause], policies: Policies) -> None:
    """Queue one notice per party to be told of each cause; a cause that reaches nobody waits."""
    planned, unheard = plan(causes, await known(tx, causes), policies, late=False)
    if unheard:
        # Under the lock that who brings a party takes too, look again: from here on one of us sees the other's work.
        await accounts.lock_anchors(tx, [accounts.account_anchor(cause.account_no) for cause in unheard])
        late, unheard = plan(unheard, await known(tx, unheard), policies, late=False)
        planned += late
    if unheard:
        await unaddressed.set_aside(tx, unheard, WAITS_FOR_CONTACT)
    if planned:
        await queue(tx, planned)


def plan(causes: Sequence[Cause], found: Known, policies: Policies, *, late: bool) -> tuple[list[Planned], list[Cause]]:
    """Return the notices to queue and the causes that nobody can be told of, each by the policy of the day of its cause.

    A contact point must be valid on the day of the cause; one that comes `late`, within the time that the cause waits.
    """
    planned: dict[tuple[str, str, str], Planned] = {}
    unheard: dict[tuple[str, str], Cause] = {}
    for cause in causes:
        policy = policies.on(cause.day)
        last_day = wait_ends(cause.day, policy.wait_for_contact_days) if late else cause.day
        chosen = domain.choose(
            found.reaches.get(cause.account_no, ()),
            template=cause.template,
            door=_door(cause, found.supplied.get(cause.account_no, ()), last_day),
            policy=policy,
        )
        if not chosen:
            unheard.setdefault((cause.id, cause.template), cause)
        for one in chosen:
            planned.setdefault(
                (cause.id, one.party_no, cause.template),
                Planned(notice_id=cause.notice_id(one.party_no), chosen=one, cause=cause),
            )
    return list(planned.values()), list(unheard.values())


def _door(cause: Cause, supplied: Sequence[Supply], last_day: date) -> Door:
    if cause.service_point_no:
        points: frozenset[str] = frozenset({cause.service_point_no})
    else:
        points = frozenset(
            supply.service_point_no
            for supply in supplied
            if supply.valid_from <= last_day and (supply.valid_to is None or cause.day < supply.valid_to)
        )
    return Door(
        account_no=cause.account_no,
        org_unit=cause.org_unit,
        service_points=points,
        first_day=cause.day,
        last_day=last_day,
    )

"""From causes to notices, each exactly once per (cause, party, template).

A batch takes a constant number of statements. A cause that reaches nobody is set aside (`unaddressed`) and taken up by the use
case that brings somebody.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from services.notify.accounts import store as accounts
from services.notify.accounts.domain import Supply
from services.notify.notices.domain.causes import Cause
from services.notify.notices.domain.states import WAITS_FOR_CONTACT
from services.notify.notices.domain.unaddressed import wait_ends
from services.notify.notices.store import unaddressed, withdrawals
from services.notify.notices.store.queue import Planned
from services.notify.notices.use_cases.pacing import queue_paced
from services.notify.parties.domain import Door, Reach, choosing
from services.notify.parties.store import reach
from services.notify.policies.domain import Policies, Policy
from shared.db.engine import Tx, View


class About(Protocol):
    """Where a cause, or its notice, says that it belongs."""

    @property
    def account_no(self) -> str: ...
    @property
    def service_point_no(self) -> str: ...
    @property
    def org_unit(self) -> str: ...
    @property
    def day(self) -> date: ...


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of accounts: how their parties are reached, and where they are supplied."""

    reaches: Mapping[str, Sequence[Reach]]
    supplied: Mapping[str, Sequence[Supply]]


async def known(view: View, causes: Sequence[Cause]) -> Known:
    """Return what is known of the accounts of causes (two statements; one where each names its service point)."""
    return await known_of(view, [(cause.account_no, cause.service_point_no) for cause in causes])


async def known_of(view: View, places: Sequence[tuple[str, str]]) -> Known:
    """Return what is known of accounts, each with the service point in question, if there is one (as `known`)."""
    anywhere = [account_no for account_no, service_point_no in places if not service_point_no]
    reaches = await reach.reaches(view, [account_no for account_no, _ in places])
    return Known(reaches, await accounts.supplied(view, anywhere) if anywhere else {})


async def queue_causes(tx: Tx, causes: Sequence[Cause], policies: Policies) -> None:
    """Queue one notice per party to be told of each cause; a cause that reaches nobody waits.

    One of a matter that was withdrawn before is kept, and is not sent.
    """
    causes = await _with_withdrawals(tx, causes)
    planned, unheard = plan(causes, await known(tx, causes), policies, late=False)
    if unheard:
        # Under the lock that who brings a party takes too, look again: from here on one of us sees the other's work.
        await accounts.lock_anchors(tx, [accounts.account_anchor(cause.account_no) for cause in unheard])
        late, unheard = plan(unheard, await known(tx, unheard), policies, late=False)
        planned += late
    if unheard:
        await unaddressed.set_aside(tx, unheard, WAITS_FOR_CONTACT)
    if planned:
        await queue_paced(tx, planned, policies)


async def _with_withdrawals(tx: Tx, causes: Sequence[Cause]) -> Sequence[Cause]:
    """Return causes with why the matters of theirs were withdrawn, where they were (two statements; none where none can be).

    Under the lock that who withdraws takes too: one of us sees the other's work.
    """
    may_go = [cause for cause in causes if cause.matter is not None]
    if not may_go:
        return causes
    await accounts.lock_anchors(tx, {accounts.account_anchor(cause.account_no) for cause in may_go})
    reasons = await withdrawals.reasons(tx, {cause.matter for cause in may_go if cause.matter is not None})
    return [replace(cause, withdrawn=reasons.get(cause.matter or "", "")) for cause in causes] if reasons else causes


def plan(causes: Sequence[Cause], found: Known, policies: Policies, *, late: bool) -> tuple[list[Planned], list[Cause]]:
    """Return the notices to queue and the causes that nobody can be told of, each by the policy of the day of its cause.

    A contact point must be valid on the day of the cause; one that comes `late`, within the time that the cause waits.
    """
    planned: dict[tuple[str, str, str], Planned] = {}
    unheard: dict[tuple[str, str], Cause] = {}
    alike: dict[int, choosing.Alike] = defaultdict(dict)
    for cause in causes:
        policy = policies.on(cause.day)
        chosen = choosing.choose(
            found.reaches.get(cause.account_no, ()),
            template=cause.template,
            door=door(cause, found.supplied.get(cause.account_no, ()), policy, late=late),
            policy=policy,
            alike=alike[id(policy)],
        )
        if not chosen:
            unheard.setdefault((cause.id, cause.template), cause)
        for one in chosen:
            planned.setdefault(
                (cause.id, one.party_no, cause.template),
                Planned(notice_id=cause.notice_id(one.party_no), chosen=one, cause=cause),
            )
    return list(planned.values()), list(unheard.values())


def door(about: About, supplied: Sequence[Supply], policy: Policy, *, late: bool) -> Door:
    """Return what a cause or its notice is about; `late`: whoever comes within the time that a cause waits counts too."""
    last_day = wait_ends(about.day, policy.wait_for_contact_days) if late else about.day
    if about.service_point_no:
        points: frozenset[str] = frozenset({about.service_point_no})
    else:
        points = frozenset(
            supply.service_point_no
            for supply in supplied
            if supply.valid_from <= last_day and (supply.valid_to is None or about.day < supply.valid_to)
        )
    return Door(
        account_no=about.account_no,
        org_unit=about.org_unit,
        service_points=points,
        first_day=about.day,
        last_day=last_day,
    )

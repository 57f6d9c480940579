"""What nobody could be told of over a contact point that is verified for a door is told at that door (S16)."""

from collections.abc import Sequence
from datetime import date

from services.notify.accounts import store as accounts
from services.notify.accounts.domain import Supply
from services.notify.doors import domain
from services.notify.doors import store as doors
from services.notify.notices.domain import pacing
from services.notify.notices.domain.causes import Cause
from services.notify.notices.domain.pacing import Place
from services.notify.notices.domain.unaddressed import told_at_doors
from services.notify.notices.store import unaddressed
from services.notify.notices.store.queue import Planned, queue
from services.notify.parties.domain import NOBODY, Chosen
from services.notify.policies.domain import Policies, in_force
from shared.db.engine import Tx

CAUSES_MAX = 1_000  # looked at together: a constant number of statements
AT_THE_DOOR = frozenset({"holder", "tenant"})
"""Who lives there: what is told to others alone is told at no door."""


async def tell(tx: Tx, *, business_date: date, org_unit: str, policies: Policies) -> int:
    """Queue for their doors the causes of an org unit that have waited long enough for a contact, and return how many.

    A door counts if its address is checked, by the bureau of the account or one above it, and the account is supplied there by
    now: who has left is not told at a door where somebody else lives. Others wait on, and are listed.
    """
    told, after = 0, ("", "")
    days = told_at_doors(policies, business_date)
    while causes := await unaddressed.waiting(tx, org_unit=org_unit, days=days, after=after, limit=CAUSES_MAX):
        after = causes[-1].id, causes[-1].template
        planned = await _plan(tx, causes, policies, business_date)
        if planned:
            await unaddressed.remove_waiting(tx, [each.cause for each in planned])
            await queue(tx, planned)
        told += len(planned)
    return told


async def _plan(tx: Tx, causes: Sequence[Cause], policies: Policies, on: date) -> list[Planned]:
    supplied = await accounts.supplied(tx, sorted({cause.account_no for cause in causes}))
    points = {id(cause): _points(cause, supplied.get(cause.account_no, ()), on) for cause in causes}
    checked = await doors.checked(tx, {point for of in points.values() for point in of})
    zone = in_force(policies, tx.now).zone
    at_once = Place(tx.now, pacing.AT_ONCE, pacing.week_of(tx.now, zone))  # no party's hours and week: nobody is known
    planned = []
    for cause in causes:
        policy = policies.on(cause.day)
        known = [checked[point] for point in points[id(cause)] if point in checked]
        door = domain.named(known, cause.org_unit)
        if door is not None and policy.at_door is not None and policy.roles[cause.template] & AT_THE_DOOR:
            chosen = Chosen(NOBODY, door, policy.at_door.channel)
            planned.append(Planned(notice_id=cause.notice_id(NOBODY), chosen=chosen, cause=cause, place=at_once))
    return planned


def _points(cause: Cause, supplies: Sequence[Supply], on: date) -> list[str]:
    return [
        supply.service_point_no
        for supply in supplies
        if supply.valid_from <= on
        and (supply.valid_to is None or on < supply.valid_to)
        and cause.service_point_no in ("", supply.service_point_no)
    ]

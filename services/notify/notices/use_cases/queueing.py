"""From causes to notices, each exactly once per (cause, contact, template).

A batch takes a constant number of statements. A cause without a contact is set aside (`unaddressed`) and taken up by the use
case that brings one.
"""

from collections.abc import Mapping, Sequence

from services.notify.accounts import store as accounts
from services.notify.contacts import domain
from services.notify.contacts import store as contacts
from services.notify.contacts.domain import Candidate
from services.notify.notices.domain.causes import Cause
from services.notify.notices.domain.states import WAITS_FOR_CONTACT
from services.notify.notices.domain.unaddressed import wait_ends
from services.notify.notices.store import unaddressed
from services.notify.notices.store.queue import Planned, queue
from services.notify.policies.domain import Policies
from shared.db.engine import Tx


async def queue_causes(tx: Tx, causes: Sequence[Cause], policies: Policies) -> None:
    """Queue one notice per contact to be told of each cause; a cause without a contact waits for one."""
    found = await contacts.candidates(tx, [cause.account_no for cause in causes])
    planned, unheard = plan(causes, found, policies, late=False)
    if unheard:
        # Under the lock that who brings a contact takes too, look again: from here on one of us sees the other's work.
        account_nos = [cause.account_no for cause in unheard]
        await accounts.lock_anchors(tx, map(accounts.account_anchor, account_nos))
        late, unheard = plan(unheard, await contacts.candidates(tx, account_nos), policies, late=False)
        planned += late
    if unheard:
        await unaddressed.set_aside(tx, unheard, WAITS_FOR_CONTACT)
    if planned:
        await queue(tx, planned)


def plan(
    causes: Sequence[Cause], found: Mapping[str, Sequence[Candidate]], policies: Policies, *, late: bool
) -> tuple[list[Planned], list[Cause]]:
    """Return the notices to queue and the causes that nobody can be told of, each by the policy of the day of its cause.

    A contact must be valid on the day of the cause; one that comes `late`, within the time that the cause waits.
    """
    planned: dict[tuple[str, str, str], Planned] = {}
    unheard: dict[tuple[str, str], Cause] = {}
    for cause in causes:
        policy = policies.on(cause.day)
        chosen = domain.choose(
            found.get(cause.account_no, ()),
            template=cause.template,
            org_unit=cause.org_unit,
            first_day=cause.day,
            last_day=wait_ends(cause.day, policy.wait_for_contact_days) if late else cause.day,
            policy=policy,
        )
        if not chosen:
            unheard.setdefault((cause.id, cause.template), cause)
        for contact in chosen:
            planned.setdefault(
                (cause.id, contact.contact_no, cause.template),
                Planned(notice_id=cause.notice_id(contact.contact_no), contact=contact, cause=cause),
            )
    return list(planned.values()), list(unheard.values())

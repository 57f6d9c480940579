"""Causes that waited for a contact: one has come, or none came in time."""

from collections.abc import Sequence
from datetime import date

from services.notify.notices.domain.states import WAITS_FOR_CONTACT
from services.notify.notices.domain.unaddressed import waited_out
from services.notify.notices.store import unaddressed
from services.notify.notices.use_cases.pacing import queue_paced
from services.notify.notices.use_cases.queueing import known, plan
from services.notify.policies.domain import Policies
from shared.db.engine import Tx
from shared.events.notify import NoticeFailed


async def take_up(tx: Tx, account_nos: Sequence[str], *, policies: Policies) -> None:
    """Queue what waited for a contact of these accounts. The caller holds their anchors."""
    causes = await unaddressed.causes(tx, state=WAITS_FOR_CONTACT, column="account_no", values=sorted(set(account_nos)))
    if not causes:
        return
    planned, unheard = plan(causes, await known(tx, causes), policies, late=True)
    if planned:
        still = {(cause.id, cause.template) for cause in unheard}
        await unaddressed.remove_waiting(tx, [cause for cause in causes if (cause.id, cause.template) not in still])
        await queue_paced(tx, planned, policies)


async def give_up_waiting(tx: Tx, *, business_date: date, org_unit: str, policies: Policies) -> int:
    """Settle as `no_contact` what has waited for a contact longer than the policy allows, and publish that it failed."""
    days = waited_out(policies, business_date)
    rows = await unaddressed.give_up(tx, org_unit=org_unit, days=days)
    tx.publish(
        [
            NoticeFailed(
                account_no=row.account_no,
                notice_id=row.notice_id,
                template=row.template,
                channel="none",
                cause_kind=row.cause_kind,
                cause_id=row.cause_id,
                causation_id=row.cause_id,
                reason="no_contact",
            )
            for row in sorted(rows, key=lambda row: str(row.notice_id))
        ]
    )
    return len(rows)

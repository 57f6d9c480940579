"""What a person may do with a notice, and what a job does with those that nobody can be told of."""

from datetime import date, timedelta

from services.notify.adapters import store
from services.notify.domain.policy import Policy
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.events.notify import NoticeFailed

RESENDS_MAX = 20  # who did not get it by then needs another channel


class NoticeStillOnItsWay(BusinessError):
    status = 409
    code = "notice.still_on_its_way"
    title = "The notice is not final yet: it is queued, being sent, or will be tried again by itself"


class ResentTooOften(BusinessError):
    status = 409
    code = "notice.resent_too_often"
    title = "The notice was resent as often as it may be"


async def resend(tx: Tx, notice_id: str, *, actor: str, reason: str) -> bool:
    """Have a final notice sent again as a new message (with a Message-ID of its own); False if there is none."""
    notice = await store.notice_for_update(tx, notice_id)
    if notice is None:
        return False
    if notice.due_at is not None:
        raise NoticeStillOnItsWay
    if notice.resends >= RESENDS_MAX:
        raise ResentTooOften
    await store.requeue(tx, notice_id)
    entry = AuditEntry(
        action="notice.resend",
        entity_kind="notice",
        entity_id=notice_id,
        actor=actor,
        reason=reason,
        before_version=notice.resends,
        after_version=notice.resends + 1,
    )
    tx.audit([entry])
    return True


async def give_up_waiting(tx: Tx, *, business_date: date, org_unit: str, policy: Policy) -> int:
    """Settle as `no_contact` what has waited for a contact longer than the policy allows, and publish that it failed."""
    before = business_date - timedelta(days=policy.wait_for_contact_days)
    rows = await store.give_up(tx, org_unit=org_unit, before=before)
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

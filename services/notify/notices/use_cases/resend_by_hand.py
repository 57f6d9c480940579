"""What a person may do with a notice."""

from services.notify.notices.domain.states import NOTICE_LIFE
from services.notify.notices.store import attempts, ways
from services.notify.notices.store.queue import NOT_WANTED
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError

RESENDS_MAX = 20  # who did not get it by then needs another channel


class NoticeStillOnItsWay(BusinessError):
    status = 409
    code = "notice.still_on_its_way"
    title = "The notice is not final yet: it is queued, being sent, or will be tried again by itself"


class ResentTooOften(BusinessError):
    status = 409
    code = "notice.resent_too_often"
    title = "The notice was resent as often as it may be"


class NotWanted(BusinessError):
    status = 409
    code = "notice.not_wanted"
    title = "The party has declined this kind of notice: it must take that back first"


class Withdrawn(BusinessError):
    status = 409
    code = "notice.withdrawn"
    title = "What the notice is about was withdrawn: nobody is to be told of it any more"


async def resend(tx: Tx, notice_id: str, *, actor: str, reason: str) -> None:
    """Have a final notice that there is sent again (补发) as a new message (with a Message-ID of its own)."""
    notice = await attempts.notice_for_update(tx, notice_id)
    if notice.due_at is not None or not NOTICE_LIFE.may(notice.state, "resent"):
        raise NoticeStillOnItsWay
    if notice.code == NOT_WANTED:
        raise NotWanted
    if notice.withdrawn:
        raise Withdrawn
    if notice.resends >= RESENDS_MAX:
        raise ResentTooOften
    await ways.keep_unless_there(tx, notice)
    await attempts.requeue(tx, notice_id)
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

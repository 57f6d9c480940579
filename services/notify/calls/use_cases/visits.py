"""A notice that somebody goes to tell: what is to be said at the door, and what came of it, as its site order ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notify.calls import domain
from services.notify.calls.use_cases.calling import Script, script, told_by_word
from services.notify.notices.domain.receipts import DELIVERED, Receipt, way_of
from services.notify.notices.domain.states import SENT
from services.notify.notices.store import attempts, ways
from services.notify.notices.use_cases import receipts
from services.notify.parties.store import parties
from services.notify.parties.use_cases import was_read
from services.notify.policies.domain import VISITS, Policies, Policy
from services.notify.templates.domain import Catalogue
from services.notify.vault import Vault
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.events.reading import SiteOrderDone, SiteOrderNotDone, SiteOrderWithdrawn


class NoVisit(BusinessError):
    status = 409
    code = "visit.not_open"
    title = (
        "Nobody is to go and tell this notice: it has arrived, went another way, was withdrawn, or never was to be told at "
        "the door"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a site order has ended; `code`: why it was not told. What is of another service's asking has another `reference`."""

    order_no: str
    reference: str | None
    code: str = ""
    told_by: str | None = None
    told_at: datetime | None = None


def of_done(fact: SiteOrderDone) -> Ended:
    """Return that somebody was there; told is one result of it."""
    code = "" if fact.result == domain.TOLD else f"visit.{fact.result}"
    return Ended(
        order_no=fact.order_no,
        reference=fact.reference,
        code=code,
        told_by=fact.visited_by,
        told_at=fact.visited_at,
    )


def of_not_done(fact: SiteOrderNotDone) -> Ended:
    """Return that nobody could be told."""
    return Ended(order_no=fact.order_no, reference=fact.reference, code=f"visit.{fact.reason}")


def of_withdrawn(fact: SiteOrderWithdrawn) -> Ended:
    """Return that nobody goes there."""
    return Ended(order_no=fact.order_no, reference=fact.reference, code=f"visit.{fact.reason}")


async def read_out(
    tx: Tx, notice_id: str, *, visitor: str, policy: Policy, catalogue: Catalogue, vault: Vault
) -> Script:
    """Return what is to be said at the door, and to whom, to who goes there; audited. Raises NoVisit."""
    notice = await attempts.notice_for_update(tx, notice_id)
    channel = policy.channels.get(notice.channel)
    if notice.state != SENT or channel is None or channel.gateway != VISITS:
        raise NoVisit
    party, _ = (await parties.parties(tx, vault, [notice.party_no]))[notice.party_no]
    tx.audit(was_read([notice.party_no], actor=visitor, what=f"visit: {notice_id}"))
    return script(notice, party, catalogue)


async def hear(tx: Tx, ended: Sequence[Ended], policies: Policies) -> None:
    """Keep what came of visits, and let their notices follow: told is told, else another way, if there is one.

    Told again it changes nothing; orders that this service did not ask for are none of its own.
    """
    mine = [each for each in ended if each.reference and way_of(each.order_no)[0] == each.reference]
    if not mine:
        return
    notices = await attempts.locked(tx, [each.reference or "" for each in mine])
    known = await ways.of_notices(tx, list(notices))
    arrived = {(way.notice_id, way.way) for of in known.values() for way in of if way.outcome == DELIVERED}
    told = [each for each in mine if not each.code and way_of(each.order_no) not in arrived]
    await receipts.take(
        tx,
        [
            Receipt(
                gateway=VISITS,
                message_id=each.order_no,
                result="failed" if each.code else "delivered",
                code=each.code,
            )
            for each in mine
        ],
        policies,
    )
    once = {each.order_no: each for each in told if each.reference in notices}
    tx.publish(
        [
            told_by_word(
                notices[each.reference or ""], domain.TOLD, told_by=each.told_by or "", told_at=each.told_at or tx.now
            )
            for each in once.values()
        ]
    )

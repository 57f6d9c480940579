"""What customers were to be told of is withdrawn: what has not gone out does not go out any more, in any order of arrival."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.notify.accounts import store as accounts
from services.notify.notices.domain import receipts
from services.notify.notices.domain.causes import Withdrawal
from services.notify.notices.domain.states import NOTICE_LIFE, QUEUED, SENT, UNKNOWN
from services.notify.notices.store import unaddressed, ways, withdrawals
from services.notify.notices.store.attempts import Settled
from services.notify.notices.store.queue import WITHDRAWN
from services.notify.notices.use_cases import settling
from services.notify.policies.domain import HELD, VISITS, Policies, civil_day, in_force
from shared.db.engine import Tx, View
from shared.events.notify import VisitWithdrawn

Posted = Callable[[View, Sequence[str]], Awaitable[Collection[tuple[str, int]]]]
"""Which of some notices are letters that the post has, each with its way."""


async def withdraw(tx: Tx, withdrawn: Sequence[Withdrawal], policies: Policies, posted: Posted) -> None:
    """Let customers not be told of matters any more; a matter is withdrawn once, for ever. A constant number of statements.

    What waits for a contact is closed. What is queued, or lies with people who have not told it yet, fails as withdrawn and is
    published as such; what is in doubt stays so and is not sent again. What is out stays out, and takes no other way.
    """
    once = {each.matter: each for each in reversed(withdrawn)}
    await accounts.lock_anchors(tx, {accounts.account_anchor(each.account_no) for each in once.values()})
    reasons = await withdrawals.keep(tx, list(once.values()))
    if not reasons:
        return
    await unaddressed.close_matters(tx, sorted(reasons))
    rows = await withdrawals.lock_notices(tx, reasons)
    if not rows:
        return
    await withdrawals.mark(tx, reasons)
    held = {
        name: channel.gateway
        for name, channel in in_force(policies, tx.now).channels.items()
        if channel.gateway in HELD
    }
    lying = [row for row in rows if row.state == SENT and row.channel in held]
    gone = set(await posted(tx, [row.notice_id for row in lying])) if lying else set()
    taken_back = [row for row in lying if (row.notice_id, row.way) not in gone]
    await ways.keep(tx, [_way(row, held[row.channel] or "") for row in taken_back])
    today = civil_day(policies, tx.now)
    tx.publish([_visit(row, reasons, today) for row in taken_back if held[row.channel] == VISITS])
    waiting = [row for row in rows if row.state in (QUEUED, UNKNOWN) and row.due_at is not None]
    await settling.store(tx, [(row, _settled(tx, row)) for row in sorted([*waiting, *taken_back], key=_by_id)])


def _by_id(row: Row[Any]) -> str:
    return str(row.notice_id)


def _way(row: Row[Any], gateway: str) -> ways.Taken:
    return ways.Taken(
        notice_id=row.notice_id,
        way=row.way,
        channel=row.channel,
        point_no=row.point_no,
        gateway=gateway,
        outcome=receipts.FAILED,
        code=WITHDRAWN,
    )


def _visit(row: Row[Any], reasons: Mapping[str, str], on: date) -> VisitWithdrawn:
    return VisitWithdrawn(
        account_no=row.account_no,
        order_no=receipts.message_id(row.notice_id, row.way),
        notice_id=row.notice_id,
        org_unit=row.org_unit,
        reason=reasons[row.matter],
        withdrawn_on=on,
        causation_id=row.cause_id,
    )


def _settled(tx: Tx, row: Row[Any]) -> Settled:
    state = NOTICE_LIFE.move(row.state, "withdrawn")
    return settling.changed(row, state=state, code=WITHDRAWN, due_at=None, now=tx.now)

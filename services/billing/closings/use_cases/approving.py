"""A closing is approved by two people, of whom the second had no other part in it: then its final read is asked for."""

from collections.abc import Callable
from typing import Any

from services.billing.bills.domain.policy import CLOSING, KINDS
from services.billing.bills.use_cases import two_people
from services.billing.business_day import store as business_day
from services.billing.closings.domain import closing as domain
from services.billing.closings.domain import life
from services.billing.closings.domain.closing import Clock, Closing
from services.billing.closings.store import closings
from services.billing.closings.use_cases import by_hand, knowing, site_orders
from services.billing.closings.use_cases.proposing import audit
from services.billing.context import Context
from shared import approvals, ids
from shared.db.approvals import Approval
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.web import conditional


class NotYet(BusinessError):
    status = 409
    code = "closing.not_to_be_approved_yet"
    title = "It is not announced, its customer was not told in time, or the time for objections is not over"


class Against(BusinessError):
    status = 409
    code = "closing.signs_of_use"
    title = "Somebody has objected, or something is used: it will be withdrawn"


class LateObjection(BusinessError):
    status = 409
    code = "closing.objected_late"
    title = (
        "Somebody has objected after the time for it: a person is to withdraw it, or to explain why it goes on, first"
    )


class SamePerson(BusinessError):
    status = 403
    code = "closing.approved_by_who_took_part"
    title = "Who proposed or checked it, or told the customer, may not approve it"


async def ask(
    tx: Tx,
    closing_no: str,
    *,
    seen: int,
    explanation: str,
    actor: str,
    may_see: Callable[[str], bool],
    context: Context,
) -> Approval:
    """Ask for the approval of a closing in the version that was seen.

    Raises UnknownClosing, Stale, NotYet, Against, LateObjection, AskedAlready.
    """
    found = await by_hand.locked(tx, closing_no, may_see)
    conditional.require(seen, found.version)
    await _may_go_on(tx, found, context)
    rules = await two_people.rules(tx, context)
    return await approvals.ask(
        tx,
        kind=CLOSING,
        subject_id=closing_no,
        content=_content(found),
        org_unit=found.org_unit,
        requested_by=actor,
        reason=explanation,
        second=rules.scope(CLOSING) or "",
    )


async def _may_go_on(tx: Tx, found: Closing, context: Context) -> Clock:
    """Refuse what may not be approved on the latest business date, whoever says so."""
    on = await business_day.latest(tx)
    if on is None or found.state != life.ANNOUNCED:
        raise NotYet(found.state)
    clock = Clock(on=on, rules=context.policies.on(on).closing, calendar=context.calendar)
    known = (await knowing.known(tx, [found], on=on))[found.closing_no]
    if domain.against(found, known) is not None:
        raise Against
    if known.held:
        raise LateObjection
    first = domain.may_be_approved_on(domain.heard(found, known), clock.rules)
    if first is None or on < first:
        raise NotYet
    return clock


def _content(closing: Closing) -> dict[str, Any]:
    return {
        "closing_no": closing.closing_no,
        "contract_no": closing.contract_no,
        "service_point_no": closing.service_point_no,
        "since": closing.since.isoformat(),
        "proposed_by": closing.proposed_by,
        "checked_by": closing.checked_by,
        "check_result": closing.check_result,
        "announced_on": closing.announced_on.isoformat() if closing.announced_on else None,
        "told_on": closing.told_on.isoformat() if closing.told_on else None,
        "told_way": closing.told_way,
    }


def kind_of_approval(context: Context) -> approvals.Kind:
    """Return the kind of approval that lets a closing go on to its final read."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        found = await by_hand.locked(tx, approval.subject_id, lambda _: True)
        clock = await _may_go_on(tx, found, context)
        if actor in (found.proposed_by, found.checked_by, found.told_by):
            raise SamePerson
        now = domain.approved(found, requested_by=approval.requested_by, by=actor, order_no=ids.new(), clock=clock)
        await closings.write(tx, [now])
        await site_orders.ask(tx, now, by=actor, on=clock.on)
        audit(tx, "closing.approved", now, actor, "")

    return approvals.Kind(name=CLOSING, scope=KINDS[CLOSING], carry_out=carry_out)

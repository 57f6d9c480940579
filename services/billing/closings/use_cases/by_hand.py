"""What people do with a closing: object for the customer, say that they told him, take it back, ask for a site order again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.billing.closings.domain import closing as domain
from services.billing.closings.domain import life
from services.billing.closings.domain.closing import OBJECT, Clock, Closing
from services.billing.closings.store import closings, told
from services.billing.closings.store.told import AnswerTold
from services.billing.closings.use_cases import site_orders, withdrawing
from services.billing.closings.use_cases.proposing import audit
from services.billing.context import Context
from services.billing.contracts.store import contracts as contracts_store
from shared import ids
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.statemachine import MoveRefused

_AGAIN: Final = (life.SAME_PERSON, life.SAME_READER, life.NOT_COMPARED)
"""Why a site order that is done is asked for again."""


class UnknownClosing(BusinessError):
    status = 404
    code = "closing.unknown"
    title = "There is no such closing"


class EndedAlready(BusinessError):
    status = 409
    code = "closing.ended_already"
    title = "Its contract has ended, or it is withdrawn: supply from now on is a new contract"


class NotAnnounced(BusinessError):
    status = 409
    code = "closing.not_announced"
    title = "Nothing is announced"


class ToldTooEarly(BusinessError):
    status = 422
    code = "closing.told_before_announced"
    title = "The day lies before the announcement"


class NothingToAsk(BusinessError):
    status = 409
    code = "closing.site_order_not_ended"
    title = "Its site order is out, or it needs none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Who does something to which closing on which day, in which words, and for which org units they speak."""

    closing_no: str
    actor: str
    on: date
    explanation: str
    may_see: Callable[[str], bool]


async def locked(tx: Tx, closing_no: str, may_see: Callable[[str], bool]) -> Closing:
    """Lock the account of a closing and the closing; raises UnknownClosing."""
    seen = await closings.get(tx, closing_no)
    if seen is None or not may_see(seen.org_unit):
        raise UnknownClosing
    await contracts_store.lock(tx, [seen.account_no])
    (found,) = await closings.locked(tx, [closing_no])
    return found


async def withdraw(tx: Tx, deed: Deed, code: str, *, context: Context) -> Closing:
    """Withdraw a closing: somebody objects (异议), or it is taken back. Raises UnknownClosing, EndedAlready.

    An objection after the end withdraws nothing: it is kept, and the job of the day finds it (`closings.findings`).
    """
    found = await locked(tx, deed.closing_no, deed.may_see)
    if code == life.OBJECTED and found.state in life.AFTER_THE_END:
        said = AnswerTold(
            closing_no=found.closing_no, answer=OBJECT, answered_on=deed.on, way="staff", recorded_by=deed.actor
        )
        await told.keep_answers(tx, [said])
        audit(tx, "closing.objected_after_end", found, deed.actor, deed.explanation)
        return found
    try:
        found = domain.withdrawn(found, code, on=deed.on, by=deed.actor)
    except MoveRefused:
        raise EndedAlready(found.state) from None
    await closings.write(tx, [found])
    rules = context.policies.on(deed.on).closing
    await withdrawing.follow(tx, [found], on=deed.on, actor=deed.actor, reason=deed.explanation, rules=rules)
    return found


async def tell(tx: Tx, deed: Deed, way: str) -> Closing:
    """Note that a person has told the customer of an announcement (posted, visited, called), in which words.

    Raises UnknownClosing, NotAnnounced, ToldTooEarly.
    """
    found = await locked(tx, deed.closing_no, deed.may_see)
    if found.state != life.ANNOUNCED or found.announced_on is None:
        raise NotAnnounced(found.state)
    if deed.on < found.announced_on:
        raise ToldTooEarly
    now = domain.told(found, way, on=deed.on, by=deed.actor, explanation=deed.explanation)
    if now != found:
        await closings.write(tx, [now])
        audit(tx, "closing.told", now, deed.actor, deed.explanation)
    return now


async def ask_again(tx: Tx, deed: Deed, *, context: Context) -> Closing:
    """Ask once more for the check or the final read that could not be done. Raises UnknownClosing, NothingToAsk.

    So it is where who proposed it has checked or read it: another person is to; and where there is nothing to compare the read
    with.
    """
    found = await locked(tx, deed.closing_no, deed.may_see)
    number = found.check_order_no if found.state == life.CHECKING else found.read_order_no
    if found.state not in (life.CHECKING, life.FINAL_READ) or number is None:
        raise NothingToAsk(found.state)
    visit = (await site_orders.visits(tx, [number])).get(number)
    if visit is None or (visit.state == domain.DONE and found.waits_for not in _AGAIN):
        raise NothingToAsk
    clock = Clock(on=deed.on, rules=context.policies.on(deed.on).closing, calendar=context.calendar)
    now = domain.asked_again(found, ids.new(), clock=clock)
    await closings.write(tx, [now])
    await site_orders.ask(tx, now, by=deed.actor, on=deed.on)
    audit(tx, "closing.site_order_asked", now, deed.actor, deed.explanation)
    return now

"""Disputes go a step on, by persons: history, joint re-read, verification, end."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from services.reading.context import Context
from services.reading.disputes import domain, store
from services.reading.disputes.domain import ENDED, HISTORY, JOINT_REREAD, LIFE, VERIFICATION, Dispute, Step
from services.reading.disputes.use_cases import facts
from services.reading.network.store import points
from services.reading.orders import store as orders
from services.reading.orders.domain import DONE, PERSON, Asked, Order
from services.reading.orders.use_cases import asking
from services.reading.orders.use_cases.asking import Deadlines
from services.reading.policies.domain import WITHOUT_CUSTOMER
from services.reading.policies.domain import Disputes as Rules
from shared.business_calendar import YearUnknown
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.web.business_day import InTheFuture


class UnknownDispute(BusinessError):
    status = 404
    code = "dispute.unknown"
    title = "There is no such dispute"


class NotPossible(BusinessError):
    code = "dispute.not_possible"
    title = "The dispute does not stand where this could follow"


class BeforeTheLast(BusinessError):
    status = 422
    code = "dispute.before_its_last_step"
    title = "The day lies before the last step of the dispute"


class NumberTaken(BusinessError):
    code = "dispute.order_no_taken"
    title = "There is another site order under this number"


class TooSoon(BusinessError):
    status = 422
    code = "dispute.visit_too_soon"
    title = "The customer cannot answer before the day of the visit"


class OrderUnfinished(BusinessError):
    code = "dispute.order_unfinished"
    title = "Its site order is neither done nor known not to be"


class CustomerNotThere(BusinessError):
    code = "dispute.customer_not_confirmed"
    title = "The customer has not confirmed the day of the joint re-read: propose another one"


class ResultMissing(BusinessError):
    code = "dispute.result_missing"
    title = "The meter was tested, and its result is not decided on"


class UnknownOutcome(BusinessError):
    status = 422
    code = "dispute.unknown_outcome"
    title = "The policy has no such outcome"


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who acts, on which business date; `last`: the latest that may be given."""

    actor: str
    may_see: Callable[[str], bool]
    on: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The day of a joint re-read, with its hours where they are agreed."""

    on: date
    from_time: str | None
    to_time: str | None


def rules_on(day: date, own: Context) -> Rules:
    """Return the rules of a business date."""
    return own.policies.on_or_first(day).disputes


def step_of(state: str, on: date, own: Context) -> Step:
    """Return a step that is done on a day; raises `YearUnknown` where no calendar has by when it is due."""
    rules = rules_on(on, own)
    due_on = rules.steps[state].on(on, own.calendar)
    if due_on is None:
        raise YearUnknown(str(on.year))
    return Step(on=on, due_on=due_on, hold_days=rules.hold_days)


async def show_history(tx: Tx, dispute_no: str, *, by: By, own: Context) -> None:
    """Note that the customer was shown the history; again on the same day it changes nothing."""
    dispute = await locked(tx, dispute_no, by)
    if dispute.history_on == by.on:
        return
    _check(dispute, "show_history", by)
    await _store(tx, domain.show_history(dispute, step_of(HISTORY, by.on, own)), "dispute.history", by)


async def read_together(tx: Tx, dispute_no: str, *, order_no: str, visit: Visit, by: By, own: Context) -> None:
    """Ask for a joint re-read, and the customer whether its day suits; of one that is asked for, propose another day.

    Raises `TooSoon`, `NumberTaken`; the same again changes nothing.
    """
    dispute = await locked(tx, dispute_no, by)
    if dispute.reread_no == order_no and dispute.visit_on == visit.on:
        return
    if visit.on <= by.on:
        raise TooSoon
    question = facts.question_id(dispute)
    if dispute.state == JOINT_REREAD and dispute.reread_no == order_no:
        _check_day(dispute, by)
        await _unfinished(tx, order_no)
        step = step_of(JOINT_REREAD, by.on, own)
        now = domain.propose_again(dispute, step, visit_on=visit.on, question_id=question)
    else:
        _check(dispute, "read_together", by)
        step = step_of(JOINT_REREAD, by.on, own)
        now = domain.read_together(dispute, step, order_no=order_no, visit_on=visit.on, question_id=question)
        await _ask(tx, now, "joint_reread", order_no, by, own)
    if dispute.is_asking:
        tx.publish([facts.withdrawn(dispute, "another_day")])
    await _store(tx, now, "dispute.joint_reread", by)
    days = rules_on(by.on, own).answer_days
    tx.publish([facts.visit(now, answer_days=days, from_time=visit.from_time, to_time=visit.to_time)])


async def verify(tx: Tx, dispute_no: str, *, order_no: str, by: By, own: Context) -> None:
    """Ask for the verification of the meter, after the joint re-read or when that could not be done.

    Raises `OrderUnfinished`, `CustomerNotThere`, `NumberTaken`; the same again changes nothing.
    """
    dispute = await locked(tx, dispute_no, by)
    if dispute.verification_no == order_no:
        return
    _check(dispute, "verify", by)
    rules = rules_on(by.on, own)
    reread = await _finished(tx, dispute.reread_no)
    silent = dispute.presence in (domain.UNANSWERED, domain.ASKED) and rules.unanswered == WITHOUT_CUSTOMER
    if reread.state == DONE and dispute.presence != domain.CONFIRMED and not silent:
        raise CustomerNotThere
    step = step_of(VERIFICATION, by.on, own)
    now = domain.verify(dispute, step, order_no=order_no, fee_fen=rules.verification_fee_fen)
    order = await _ask(tx, now, "verification", order_no, by, own)
    if dispute.is_asking:
        tx.publish([facts.withdrawn(dispute, "done")])
        now = replace(now, presence=domain.UNANSWERED)
    await _store(tx, replace(now, due_on=order.due_on), "dispute.verification", by)


async def renew_hold(tx: Tx, dispute_no: str, *, by: By, own: Context) -> None:
    """Hold dunning of the disputed bills for the days of the policy from a business date on."""
    dispute = await locked(tx, dispute_no, by)
    if dispute.state == ENDED:
        raise NotPossible(dispute.state)
    _check_day(dispute, by)
    days = rules_on(by.on, own).hold_days
    now = domain.hold(dispute, Step(on=by.on, due_on=dispute.due_on, hold_days=days))
    if now.held_until != dispute.held_until:
        await _store(tx, now, "dispute.hold", by)


async def end(tx: Tx, dispute_no: str, *, outcome: str, explanation: str, by: By, own: Context) -> None:
    """End a dispute at the step where it stands; the same again changes nothing.

    Raises `OrderUnfinished` while its site order is under way, `ResultMissing` while its meter's test is not decided on.
    """
    dispute = await locked(tx, dispute_no, by)
    if (dispute.state, dispute.outcome, dispute.ended_by) == (ENDED, outcome, by.actor):
        return
    _check(dispute, "end", by)
    if outcome not in rules_on(by.on, own).outcomes:
        raise UnknownOutcome
    if dispute.state == JOINT_REREAD:
        await _finished(tx, dispute.reread_no)
    elif dispute.state == VERIFICATION:
        order = await _finished(tx, dispute.verification_no)
        if order.state == DONE and await store.last_test(tx, dispute_no) is None:
            raise ResultMissing
    now = domain.end(dispute, by.on, actor=by.actor, outcome=outcome, explanation=explanation)
    if dispute.is_asking:
        tx.publish([facts.withdrawn(dispute, "ended")])
    await _store(tx, now, "dispute.ended", by)


async def locked(tx: Tx, dispute_no: str, by: By) -> Dispute:
    """Return a dispute with its point locked; raises `UnknownDispute`, `InTheFuture`."""
    found = (await store.by_no(tx, [dispute_no])).get(dispute_no)
    if found is None or not by.may_see(found.opened.org_unit):
        raise UnknownDispute
    if by.on > by.last:
        raise InTheFuture
    await points.lock(tx, [found.point])
    return (await store.lock(tx, [dispute_no]))[dispute_no]


def _check(dispute: Dispute, event: str, by: By) -> None:
    if not LIFE.may(dispute.state, event):
        raise NotPossible(dispute.state)
    _check_day(dispute, by)


def _check_day(dispute: Dispute, by: By) -> None:
    if by.on < dispute.changed_on:
        raise BeforeTheLast


async def _finished(tx: Tx, order_no: str | None) -> Order:
    order = (await orders.by_no(tx, [order_no or ""]))[order_no or ""]
    if order.state in orders.UNFINISHED:
        raise OrderUnfinished
    return order


async def _unfinished(tx: Tx, order_no: str) -> None:
    if (await orders.by_no(tx, [order_no]))[order_no].state not in orders.UNFINISHED:
        raise NotPossible("the joint re-read has ended")


async def _ask(tx: Tx, dispute: Dispute, kind: str, order_no: str, by: By, own: Context) -> Order:
    asked = Asked(
        order_no=order_no,
        kind=kind,
        service_point_no=dispute.point,
        org_unit=dispute.opened.org_unit,
        origin=PERSON,
        requested_by=by.actor,
        reason=domain.SUBJECT,
        reference=dispute.dispute_no,
        cycle=dispute.opened.cycles[-1] if kind == "joint_reread" else None,
        asked_on=by.on,
    )
    order = await asking.ask_one(tx, asked, deadlines=Deadlines(policies=own.policies, calendar=own.calendar))
    if order is None:
        raise NumberTaken
    return order


async def _store(tx: Tx, dispute: Dispute, action: str, by: By) -> None:
    await store.write(tx, dispute)
    tx.publish([facts.changed(dispute)])
    tx.audit(
        [
            AuditEntry(
                action=action,
                entity_kind="dispute",
                entity_id=dispute.dispute_no,
                actor=by.actor,
                reason=dispute.outcome or "",
                before_version=dispute.version - 1,
                after_version=dispute.version,
            )
        ]
    )

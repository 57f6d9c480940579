"""What the test of a disputed meter showed is entered by one person and decided by another: money follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from services.reading.context import Context
from services.reading.disputes import store
from services.reading.disputes.domain import ENDED, VERIFICATION, Dispute, Test, is_within
from services.reading.disputes.use_cases import facts, stepping
from services.reading.disputes.use_cases.stepping import By, NotPossible, OrderUnfinished
from services.reading.network.domain.installations import Installation
from services.reading.network.store import installations, points
from services.reading.orders import store as orders
from services.reading.orders.domain import DONE
from services.reading.policies.domain import APPROVALS, METER_TEST
from services.reading.stock.domain.facts import Tested
from services.reading.stock.use_cases import recording
from services.reading.usage.domain.usages import in_force
from services.reading.usage.store import usages
from shared import approvals, exact
from shared.approvals import OwnRequest
from shared.db.approvals import Approval
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.web.business_day import InTheFuture

BEYOND = "beyond_limits"


class OtherMeter(BusinessError):
    status = 422
    code = "dispute.other_meter"
    title = "This meter did not stand at the point on these days"


class UnknownClass(BusinessError):
    status = 422
    code = "dispute.unknown_accuracy_class"
    title = "The policy has no such accuracy class"


class SpanNotKnown(BusinessError):
    status = 422
    code = "dispute.span_not_known"
    title = "What ran through the meter is not known from that day on"


class NoSpan(BusinessError):
    status = 422
    code = "dispute.span_reversed"
    title = "The test does not lie after the day from which it counts"


class WrongError(BusinessError):
    status = 422
    code = "dispute.error_wrong"
    title = "A meter cannot err so: no more than 100 percent, in at most four decimals"


class ContradictsOrder(BusinessError):
    status = 422
    code = "dispute.contradicts_order"
    title = "The site order of the verification ended with another result"


class Changed(BusinessError):
    code = "dispute.changed_meanwhile"
    title = "Another result was decided on since this one was entered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a test showed, as it is entered. `from_`: of the last check; none: the meter was installed and not checked since."""

    meter_no: str
    accuracy_class: str
    error_percent: str
    from_: date | None
    tested_on: date
    certificate: str | None


async def enter(tx: Tx, dispute_no: str, result: Result, *, by: By, own: Context) -> Approval:
    """Ask somebody else to decide on what a test showed; of a result that was decided on, on another one in its place.

    Raises `OrderUnfinished` before the site order of the verification is done, and what speaks against the figures.
    """
    dispute = await stepping.locked(tx, dispute_no, by)
    if dispute.verification_no is None or dispute.state not in (VERIFICATION, ENDED):
        raise NotPossible(dispute.state)
    order = (await orders.by_no(tx, [dispute.verification_no]))[dispute.verification_no]
    if order.state != DONE:
        raise OrderUnfinished
    before = await store.last_test(tx, dispute_no)
    test = await _checked(tx, dispute, result, before, by, own)
    if test.within_limits == (order.outcome == BEYOND):
        raise ContradictsOrder
    return await approvals.ask(
        tx,
        kind=METER_TEST,
        subject_id=dispute_no,
        content=_content(test),
        org_unit=dispute.opened.org_unit,
        requested_by=by.actor,
        reason=f"{test.error_percent} %",
        second=own.policies.on(by.on).approvals.scope(METER_TEST) or "",
    )


def kind_of_approval(own: Context) -> approvals.Kind:
    """Return the kind of approval by which what a test showed is told, and billing makes its adjustment."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        found = (await store.by_no(tx, [approval.subject_id]))[approval.subject_id]
        await points.lock(tx, [found.point])
        dispute = (await store.lock(tx, [approval.subject_id]))[approval.subject_id]
        before = await store.last_test(tx, dispute.dispute_no)
        test = _test(approval.content)
        if test.version != (before.version if before else 0) + 1:
            raise Changed
        if test.entered_by == actor:
            raise OwnRequest
        decided = replace(test, decided_by=actor)
        await store.insert_test(tx, decided)
        await _record(tx, decided, own)
        tx.publish([facts.tested(decided, dispute)])

    return approvals.Kind(name=METER_TEST, scope=APPROVALS[METER_TEST], carry_out=carry_out)


async def _record(tx: Tx, test: Test, own: Context) -> None:
    """Keep the result in the life of the meter, in place of the one that was decided on before."""
    tested = Tested(
        lab_no=_number(test, test.version),
        meter_no=test.meter_no,
        tested_on=test.tested_on,
        result="passed" if test.within_limits else "failed",
        errors=(),
        next_due_on=None,
    )
    supersedes = _number(test, test.version - 1) if test.version > 1 else None
    await recording.test_of_dispute(tx, tested, supersedes=supersedes, actor=test.decided_by)


def _number(test: Test, version: int) -> str:
    return f"{test.dispute_no}~{version}"  # no certificate of a laboratory: their numbers have no ~


async def _checked(tx: Tx, dispute: Dispute, result: Result, before: Test | None, by: By, own: Context) -> Test:
    """Return the test with its span, which ends where the meter was removed, if that was before its test."""
    permitted = stepping.rules_on(result.tested_on, own).permitted_percent.get(result.accuracy_class)
    if permitted is None:
        raise UnknownClass
    if result.tested_on > by.on:
        raise InTheFuture
    error = exact.parse(result.error_percent).fraction()
    if not -100 < error <= 100:
        raise WrongError
    meters = (await installations.by_point(tx, [dispute.point])).get(dispute.point, [])
    meter = _installation(meters, result)
    from_, to = result.from_ or meter.from_, min(result.tested_on, meter.to or result.tested_on)
    if to <= from_:
        raise NoSpan
    told = in_force((await usages.of_points(tx, [dispute.point])).get(dispute.point, []))
    if not told or from_ < told[0].period_from:
        raise SpanNotKnown(told[0].period_from.isoformat() if told else "")
    return Test(
        dispute_no=dispute.dispute_no,
        version=(before.version if before else 0) + 1,
        meter_no=result.meter_no,
        accuracy_class=result.accuracy_class,
        error_percent=result.error_percent,
        within_limits=is_within(error, permitted),
        from_=from_,
        to=to,
        tested_on=result.tested_on,
        certificate=result.certificate,
        entered_by=by.actor,
        decided_by="",
        decided_on=by.on,
    )


def _installation(meters: list[Installation], result: Result) -> Installation:
    """Return the last installation of the tested meter at the point before its test, that covers the day from which it counts."""
    mine = [each for each in meters if each.meter_no == result.meter_no and each.from_ < result.tested_on]
    if not mine:
        raise OtherMeter
    last = max(mine, key=lambda each: each.from_)
    if result.from_ is not None and not last.stands_on(result.from_):
        raise OtherMeter
    return last


def _content(test: Test) -> dict[str, Any]:
    return {
        "version": test.version,
        "meter_no": test.meter_no,
        "accuracy_class": test.accuracy_class,
        "error_percent": test.error_percent,
        "within_limits": test.within_limits,
        "from": test.from_.isoformat(),
        "to": test.to.isoformat(),
        "tested_on": test.tested_on.isoformat(),
        "certificate": test.certificate,
        "entered_by": test.entered_by,
        "entered_on": test.decided_on.isoformat(),
        "dispute_no": test.dispute_no,
    }


def _test(content: Mapping[str, Any]) -> Test:
    return Test(
        dispute_no=content["dispute_no"],
        version=content["version"],
        meter_no=content["meter_no"],
        accuracy_class=content["accuracy_class"],
        error_percent=content["error_percent"],
        within_limits=content["within_limits"],
        from_=date.fromisoformat(content["from"]),
        to=date.fromisoformat(content["to"]),
        tested_on=date.fromisoformat(content["tested_on"]),
        certificate=content["certificate"],
        entered_by=content["entered_by"],
        decided_by="",
        decided_on=date.fromisoformat(content["entered_on"]),
    )

"""A closing (销户) step by step: what follows from what is known of it on a business date. Pure, so in no order of arrival."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from services.billing.bills.domain.closing_rules import ClosingRules, months_after
from services.billing.closings.domain import life
from services.billing.closings.domain.life import LIFE
from shared.business_calendar import Calendar, YearUnknown

DONE: Final = "done"
OBJECT: Final = "object"
AGREE: Final = "agree"
ANSWERS: Final = (OBJECT, AGREE)
DELIVERED: Final = "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A closing as it stands. `due_on`: by which day its step is to be done; `waits_for` what does not come by itself.
    `ends_account`: with its final bill it was told that the money of the account is to be settled.

    Checked and read last by others than proposed it, approved by somebody who did none of it and did not tell the customer.
    `ends_on`: the day of the final read.
    """

    closing_no: str
    account_no: str
    contract_no: str
    service_point_no: str
    org_unit: str
    since: date
    state: str
    version: int
    proposed_on: date
    proposed_by: str
    explanation: str
    check_order_no: str
    due_on: date | None = None
    waits_for: str = ""
    checked_by: str | None = None
    check_result: str | None = None
    announced_on: date | None = None
    objection_until: date | None = None
    told_on: date | None = None
    told_way: str | None = None
    told_by: str | None = None
    told_explanation: str | None = None
    approved_on: date | None = None
    requested_by: str | None = None
    approved_by: str | None = None
    read_order_no: str | None = None
    ends_on: date | None = None
    billed_on: date | None = None
    bill_id: str | None = None
    final_fen: int | None = None
    ends_account: bool | None = None
    settled_on: date | None = None
    paid_out_fen: int | None = None
    kept_fen: int | None = None
    closed_on: date | None = None
    code: str | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What became of a site order: `state` done, not_done or withdrawn; `code` its result or the reason.

    `registers`: what the visitor saw on the meter, kWh by quantity.
    """

    state: str
    code: str
    on: date
    visited_by: str | None = None
    meter_no: str | None = None
    registers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """The bills of the contract: `through` which day they are issued without a gap, and the last of them."""

    through: date | None
    bill_id: str | None
    total_fen: int
    estimated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What collection has done with the money of the account."""

    on: date
    paid_out_fen: int
    kept_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that is known of a closing. `told_on`: when a notice was delivered first; `failed`: all that have ended failed.

    `objected_on`: the customer has answered so within the period, `objected_late_on`: after it; `held`: a person has to say what
    becomes of that. `used_wh`: the energy that was measured since it is unused, up to its end. `bill_changed`: which of its bills
    are others since the last was told. `ends_account`: no other contract of the account goes on. `others_unbilled`: one that has
    ended without a closing is not billed to its end, or another one got its final bill today. `read_moved`: the registers of the
    final read are not those of the last usage; None where neither can be told. `contract_to`: the end of the contract as it
    stands, `annulled`: it never was. `meters_back_on`: all meters that stood there at the end are back, since when.
    `undecided`: what is open about the money of the account, by code, in words.
    """

    check: Visit | None = None
    read: Visit | None = None
    told_on: date | None = None
    failed: bool = False
    objected_on: date | None = None
    objected_late_on: date | None = None
    held: bool = False
    used_wh: int = 0
    bill_changed: str = ""
    billed: Billed | None = None
    ends_account: bool = True
    others_unbilled: bool = False
    settled: Settled | None = None
    read_moved: bool | None = None
    contract_to: date | None = None
    annulled: bool = False
    meters_back_on: date | None = None
    undecided: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The business date, the rules that hold on it, and the calendar by which steps are due."""

    on: date
    rules: ClosingRules
    calendar: Calendar

    def due(self, state: str, since: date | None = None) -> date | None:
        """Return by which day the step of a state is to be done; None where no calendar has it."""
        try:
            return self.calendar.after(since or self.on, self.rules.steps[state])
        except YearUnknown:
            return None

    def explain_by(self) -> date | None:
        """Return by which day somebody is to explain what is found today; None where no calendar has it."""
        try:
            return self.calendar.after(self.on, self.rules.take_up_business_days)
        except YearUnknown:
            return None


def moved(visit: Visit, shown: Mapping[tuple[str, str], str]) -> bool | None:
    """Return whether any register that a visit saw is not what it showed before; None where no one was known before.

    `shown`: kWh by meter and quantity at the end of the last usage in force that is no estimate.
    """
    try:
        pairs = [
            (Decimal(seen), Decimal(shown[visit.meter_no or "", quantity]))
            for quantity, seen in visit.registers.items()
            if (visit.meter_no, quantity) in shown
        ]
    except InvalidOperation:
        return None
    return any(seen != before for seen, before in pairs) if pairs else None


def last_day(closing: Closing, contract_to: date | None) -> date:
    """Return through which day a closing that has ended is billed: its final read, or an earlier end of its contract."""
    assert closing.ends_on is not None, "it has ended"
    return min(closing.ends_on, contract_to or closing.ends_on)


def ended_by_others(known: Known, on: date) -> bool:
    """Return whether a contract has ended on a day, or before its final read, by other means than its closing."""
    read = known.read
    last = max(on, read.on) if read and read.state == DONE else on
    return known.annulled or (known.contract_to is not None and known.contract_to <= last)


def against(closing: Closing, known: Known) -> str | None:
    """Return why a closing must not go on, as a code: any sign of use, or an objection."""
    if known.objected_on:
        return life.OBJECTED
    if known.used_wh:
        return life.USED
    if closing.state == life.FINAL_READ and known.read_moved:
        return life.USED
    check = known.check
    if closing.state == life.CHECKING and check and check.state == DONE and check.code not in life.UNUSED_RESULTS:
        return life.IN_USE
    return None


def may_be_approved_on(closing: Closing, rules: ClosingRules) -> date | None:
    """Return from which day on it may be approved: the objection period is over, and the customer was told before; else None."""
    if closing.objection_until is None or closing.told_on is None:
        return None
    return max(closing.objection_until, closing.told_on + timedelta(days=rules.told_days - 1)) + timedelta(days=1)


def next_of(closing: Closing, known: Known, clock: Clock) -> Closing:
    """Return the closing after the one step that follows from what is known, or as it is."""
    if closing.state in life.BEFORE_THE_END:
        code = life.CONTRACT_ENDED if ended_by_others(known, clock.on) else against(closing, known)
        if code is not None:
            return withdrawn(closing, code, on=clock.on)
    now = _STEPS[closing.state](closing, known, clock)
    if now.due_on is not None or now.state in life.OVER or (day := clock.due(now.state)) is None:
        return now
    return replace(now, due_on=day, version=closing.version + 1)  # its year was in no calendar before


def withdrawn(closing: Closing, code: str, *, on: date, by: str | None = None) -> Closing:
    """Return the closing that is withdrawn; raises `MoveRefused` once its contract has ended."""
    state = LIFE.move(closing.state, "withdraw")
    return _moved(closing, state, due_on=None, closed_on=on, code=code, ended_by=by)


def told(closing: Closing, way: str, *, on: date, by: str | None = None, explanation: str | None = None) -> Closing:
    """Return the closing whose customer was told; the first telling counts."""
    if closing.told_on is not None and closing.told_on <= on:
        return closing
    return _moved(
        closing,
        closing.state,
        due_on=closing.due_on,
        told_on=on,
        told_way=way,
        told_by=by,
        told_explanation=explanation,
    )


def heard(closing: Closing, known: Known) -> Closing:
    """Return an announced closing with the day on which a notice was delivered first, where one was."""
    if known.told_on is None or closing.announced_on is None:
        return closing
    return told(closing, DELIVERED, on=max(known.told_on, closing.announced_on))


def approved(closing: Closing, *, requested_by: str, by: str, order_no: str, clock: Clock) -> Closing:
    """Return the closing that two people have agreed on: its final read is asked for."""
    return _moved(
        closing,
        LIFE.move(closing.state, "approve"),
        due_on=clock.due(life.FINAL_READ),
        approved_on=clock.on,
        requested_by=requested_by,
        approved_by=by,
        read_order_no=order_no,
    )


def asked_again(closing: Closing, order_no: str, *, clock: Clock) -> Closing:
    """Return the closing whose site order is asked for once more, under a number of its own."""
    name = "check_order_no" if closing.state == life.CHECKING else "read_order_no"
    return replace(_moved(closing, closing.state, due_on=clock.due(closing.state)), **{name: order_no})  # type: ignore[arg-type]


def waits(closing: Closing, code: str) -> Closing:
    """Return the closing that waits for something which does not come by itself."""
    return closing if closing.waits_for == code else replace(closing, waits_for=code, version=closing.version + 1)


def _checking(closing: Closing, known: Known, clock: Clock) -> Closing:
    check = known.check
    if check is None:
        return waits(closing, "")
    if check.state != DONE:
        return waits(closing, life.NOT_DONE)
    if check.visited_by is None or check.visited_by == closing.proposed_by:
        return waits(closing, life.SAME_PERSON)
    until = months_after(clock.on, clock.rules.announced_months)
    return _moved(
        closing,
        LIFE.move(closing.state, "announce"),
        due_on=clock.due(life.ANNOUNCED, until),
        checked_by=check.visited_by,
        check_result=check.code,
        announced_on=clock.on,
        objection_until=until,
    )


def _announced(closing: Closing, known: Known, _clock: Clock) -> Closing:
    closing = heard(closing, known)
    if known.held:
        return waits(closing, life.LATE_OBJECTION)
    if closing.told_on is None:
        return waits(closing, life.NOT_TOLD if known.failed else "")
    return waits(closing, "")


def _final_read(closing: Closing, known: Known, clock: Clock) -> Closing:
    read = known.read
    if read is None:
        return waits(closing, "")
    if read.state != DONE:
        return waits(closing, life.NOT_DONE)
    if read.visited_by is None or read.visited_by == closing.proposed_by:
        return waits(closing, life.SAME_READER)
    if known.read_moved is None:
        return waits(closing, life.NOT_COMPARED)
    if known.held:
        return waits(closing, life.LATE_OBJECTION)
    return _moved(closing, LIFE.move(closing.state, "end"), due_on=clock.due(life.ENDED), ends_on=read.on)


def _ended(closing: Closing, known: Known, clock: Clock) -> Closing:
    bills = known.billed
    last = last_day(closing, known.contract_to)
    if bills is None or bills.through != last or bills.estimated or known.others_unbilled:
        return waits(closing, life.BILL_HELD if closing.due_on and closing.due_on < clock.on else "")
    if known.ends_account and known.undecided:
        return waits(closing, next(iter(known.undecided)))
    return _moved(
        closing,
        LIFE.move(closing.state, "bill"),
        due_on=clock.due(life.BILLED),
        ends_on=last,
        billed_on=clock.on,
        bill_id=bills.bill_id,
        final_fen=bills.total_fen,
        ends_account=known.ends_account,
    )


def _billed(closing: Closing, known: Known, clock: Clock) -> Closing:
    money = known.settled
    if money is None and (known.ends_account or closing.ends_account):
        return waits(closing, "")
    return _moved(
        closing,
        LIFE.move(closing.state, "settle"),
        due_on=clock.due(life.SETTLED),
        settled_on=money.on if money else clock.on,
        paid_out_fen=money.paid_out_fen if money else 0,
        kept_fen=money.kept_fen if money else 0,
    )


def _settled(closing: Closing, known: Known, _clock: Clock) -> Closing:
    back = known.meters_back_on
    if back is None or closing.ends_on is None or back < closing.ends_on:
        return waits(closing, "")
    return _moved(closing, LIFE.move(closing.state, "close"), due_on=None, closed_on=back)


_STEPS: Final[Mapping[str, Callable[[Closing, Known, Clock], Closing]]] = {
    life.CHECKING: _checking,
    life.ANNOUNCED: _announced,
    life.FINAL_READ: _final_read,
    life.ENDED: _ended,
    life.BILLED: _billed,
    life.SETTLED: _settled,
}


def _moved(closing: Closing, state: str, *, due_on: date | None, **values: object) -> Closing:
    changed = {"state": state, "version": closing.version + 1, "waits_for": "", "due_on": due_on, **values}
    return replace(closing, **changed)  # type: ignore[arg-type]

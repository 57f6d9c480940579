"""Closings go on by what is known on a business date, one step a day: whatever came first, a day ends in the same steps."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from services.billing.accounts import use_cases as accounts
from services.billing.bills.domain.bills import READY
from services.billing.business_day import store as business_day
from services.billing.closings.domain import closing as domain
from services.billing.closings.domain import life
from services.billing.closings.domain.closing import ANSWERS, Clock, Closing, Known
from services.billing.closings.store import closings as store
from services.billing.closings.use_cases import findings, knowing, withdrawing
from services.billing.context import Context
from services.billing.contracts.domain import Account
from services.billing.contracts.store import contracts as contracts_store
from services.billing.contracts.store import ended as ended_store
from services.billing.runs.use_cases import issue
from shared.db import jobs
from shared.db.audit import AuditEntry
from shared.db.engine import Tx, View
from shared.events.closings import AccountClosed, ClosingAnnounced, FinalBillIssued
from shared.org_units import WHOLE_UTILITY

CLOSINGS_PER_CHUNK = 500  # one unit of work
ACTOR = "system:advance-closings"
SUBJECT_KIND = "closing"


async def chunks(view: View) -> Sequence[str]:
    """Return the ranges of closings that are not withdrawn (`first<TAB>last`)."""
    numbers = await store.watched(view)
    return jobs.ranges(numbers, CLOSINGS_PER_CHUNK)


async def advance(tx: Tx, chunk: str, *, business_date: date, context: Context) -> dict[str, int]:
    """Take the step that follows for each closing of a chunk, if one does, and find what came too late to be one.

    Return how many came to which state.
    """
    await business_day.advance(tx, business_date)
    first, last = jobs.bounds(chunk)
    heads = await store.between(tx, first, last)
    await contracts_store.lock(tx, sorted({each.account_no for each in heads}))
    before = await store.locked(tx, [each.closing_no for each in heads])
    rules = context.policies.on(business_date).closing
    clock = Clock(on=business_date, rules=rules, calendar=context.calendar)
    await _issue(tx, before, clock, context)
    known = await knowing.known(tx, before, on=business_date)
    now = [each if each.state in life.OVER else domain.next_of(each, known[each.closing_no], clock) for each in before]
    steps = _one_of_an_account([(old, new) for old, new in zip(before, now, strict=True) if new != old])
    moved = [(old, new) for old, new in steps if new.state != old.state]
    refused = await _change_accounts(tx, [new for _, new in moved], known, context)
    done = [_refused(old) if new.closing_no in refused else new for old, new in steps]
    await store.write(tx, done)
    as_they_are = {each.closing_no: each for each in (*before, *done)}
    await findings.bring(tx, list(as_they_are.values()), known, clock)
    came = [new for old, new in moved if new.closing_no not in refused]
    await withdrawing.follow(
        tx,
        [each for each in came if each.state == life.WITHDRAWN],
        on=business_date,
        actor=ACTOR,
        reason="",
        rules=rules,
    )
    _tell(tx, came, known)
    return {state: sum(each.state == state for each in came) for state in life.LIFE.states[1:]}


def _one_of_an_account(steps: Sequence[tuple[Closing, Closing]]) -> list[tuple[Closing, Closing]]:
    """Return the steps of a day without the second final bill of an account: the last one ends it, so they come one by one."""
    first = {new.account_no: new.closing_no for old, new in reversed(steps) if _is_billed(old, new)}
    return [(old, new) for old, new in steps if not _is_billed(old, new) or first[new.account_no] == new.closing_no]


def _is_billed(old: Closing, new: Closing) -> bool:
    return (old.state, new.state) == (life.ENDED, life.BILLED)


def _refused(old: Closing) -> Closing:
    return domain.waits(old, life.ACCOUNT_REFUSED)


async def _issue(tx: Tx, closings: Sequence[Closing], clock: Clock, context: Context) -> None:
    """Issue the final bills of contracts that have ended: they wait for no run. Those before them go out with theirs."""
    ended = [each for each in closings if each.state == life.ENDED]
    bills = await knowing.bills_of(tx, ended)
    last = await knowing.last_days(tx, ended)
    final = [
        bill
        for each in ended
        for bill in bills.get(each.contract_no, ())
        if bill.status == READY and bill.period_to == last[each.closing_no] and not bill.estimated
    ]
    await issue.issue_apart(tx, final, on=clock.on, context=context)


async def _change_accounts(
    tx: Tx, closings: Sequence[Closing], known: Mapping[str, Known], context: Context
) -> set[str]:
    """End contracts, and close accounts whose money is settled; return the closings whose account takes that not (yet)."""
    ending = [each for each in closings if each.state == life.ENDED]
    closing = [each for each in closings if each.state == life.SETTLED and known[each.closing_no].ends_account]
    if not ending and not closing:
        return set()
    stored = await contracts_store.load(tx, sorted({each.account_no for each in (*ending, *closing)}))
    wanted: dict[str, Account] = {}
    for each in ending:
        account = wanted.get(each.account_no, stored[each.account_no][0].account)
        wanted[each.account_no] = _ended(account, each)
    for each in closing:
        account = wanted.get(each.account_no, stored[each.account_no][0].account)
        wanted[each.account_no] = replace(account, closed_on=account.closed_on or each.settled_on)
    outcomes = await accounts.put(tx, list(wanted.values()), actor=ACTOR, units=[WHOLE_UTILITY], context=context)
    taken = ("done", "already_done")
    refused = {no for no, outcome in zip(wanted, outcomes, strict=True) if outcome.status not in taken}
    ended = {one.contract_no: one.ends_on for one in ending if one.ends_on and one.account_no not in refused}
    await ended_store.end(tx, ended)
    return {each.closing_no for each in (*ending, *closing) if each.account_no in refused}


def _ended(account: Account, closing: Closing) -> Account:
    """Return an account whose contract ends on the day of the final read; one that ends before stays as it is."""
    day = closing.ends_on
    assert day is not None
    contracts = tuple(
        replace(one, to=day) if one.contract_no == closing.contract_no and (one.to is None or one.to > day) else one
        for one in account.contracts
    )
    return replace(account, contracts=contracts)


def _tell(tx: Tx, came: Sequence[Closing], known: Mapping[str, Known]) -> None:
    """Publish what closings have come to, and note it in the audit log; of those that are withdrawn others tell."""

    def of(state: str) -> list[Closing]:
        return [each for each in came if each.state == state]

    tx.publish([_announced(each) for each in of(life.ANNOUNCED)])
    tx.publish([_final(each, known[each.closing_no]) for each in of(life.BILLED)])
    tx.publish([_closed(each) for each in of(life.SETTLED) if known[each.closing_no].ends_account])
    tx.audit(
        [
            AuditEntry(
                action=f"closing.{each.state}",
                entity_kind="closing",
                entity_id=each.closing_no,
                actor=ACTOR,
                after_version=each.version,
            )
            for each in came
            if each.state != life.WITHDRAWN
        ]
    )


def _announced(closing: Closing) -> ClosingAnnounced:
    assert closing.announced_on is not None
    assert closing.objection_until is not None
    return ClosingAnnounced(
        question_id=closing.closing_no,
        subject_kind=SUBJECT_KIND,
        subject_id=closing.closing_no,
        service_point_no=closing.service_point_no,
        org_unit=closing.org_unit,
        asked_on=closing.announced_on,
        answers=ANSWERS,
        answer_by=closing.objection_until,
        closing_no=closing.closing_no,
        account_no=closing.account_no,
        announced_on=closing.announced_on,
        objection_until=closing.objection_until,
        since=closing.since,
    )


def _final(closing: Closing, known: Known) -> FinalBillIssued:
    assert closing.ends_on is not None
    assert closing.billed_on is not None
    assert closing.bill_id is not None
    return FinalBillIssued(
        closing_no=closing.closing_no,
        account_no=closing.account_no,
        service_point_no=closing.service_point_no,
        org_unit=closing.org_unit,
        ended_on=closing.ends_on,
        billed_on=closing.billed_on,
        bill_id=closing.bill_id,
        total_fen=closing.final_fen or 0,
        ends_account=known.ends_account,
        requested_by=closing.requested_by or "",
        approved_by=closing.approved_by or "",
    )


def _closed(closing: Closing) -> AccountClosed:
    assert closing.settled_on is not None
    assert closing.ends_on is not None
    return AccountClosed(
        closing_no=closing.closing_no,
        account_no=closing.account_no,
        service_point_no=closing.service_point_no,
        org_unit=closing.org_unit,
        ended_on=closing.ends_on,
        closed_on=closing.settled_on,
        paid_out_fen=closing.paid_out_fen or 0,
        kept_fen=closing.kept_fen or 0,
    )

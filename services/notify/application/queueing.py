"""From facts of the other services to notices, each exactly once per (cause, contact, template).

Every use case takes a batch and does a constant number of statements. What is missing its account or its contact is set
aside (`unaddressed`) and taken up by the use case that brings it.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from services.notify.adapters import store
from services.notify.adapters.store import Planned
from services.notify.domain import contacts
from services.notify.domain.causes import Cause, Figures, Supply, account_on, wait_ends
from services.notify.domain.contacts import Candidate
from services.notify.domain.policy import Policy
from shared import ids
from shared.db.engine import Tx
from shared.events.billing import AccountChanged, BillCorrected, BillIssued
from shared.events.collection import PaymentReversed, ReminderDue
from shared.events.reading import EstimateMade


async def queue_causes(tx: Tx, causes: Sequence[Cause], policy: Policy) -> None:
    """Queue one notice per contact to be told of each cause; a cause without a contact waits for one."""
    found = await store.candidates(tx, [cause.account_no for cause in causes])
    planned, unheard = _plan(causes, found, policy, late=False)
    if unheard:
        # Under the lock that who brings a contact takes too, look again: from here on one of us sees the other's work.
        account_nos = [cause.account_no for cause in unheard]
        await store.lock_anchors(tx, map(store.account_anchor, account_nos))
        late, unheard = _plan(unheard, await store.candidates(tx, account_nos), policy, late=False)
        planned += late
    if unheard:
        await store.set_aside(tx, unheard, [ids.new() for _ in unheard], store.WAITS_FOR_CONTACT)
    if planned:
        await store.queue(tx, planned)


async def queue_waiting_for_contact(tx: Tx, account_nos: Sequence[str], policy: Policy) -> None:
    """Queue what waited for a contact of these accounts. The caller holds their anchors."""
    causes = await store.waiting(
        tx, state=store.WAITS_FOR_CONTACT, column="account_no", values=sorted(set(account_nos))
    )
    if not causes:
        return
    found = await store.candidates(tx, [cause.account_no for cause in causes])
    planned, unheard = _plan(causes, found, policy, late=True)
    if planned:
        still = {(cause.id, cause.template) for cause in unheard}
        await store.remove_waiting(tx, [cause for cause in causes if (cause.id, cause.template) not in still])
        await store.queue(tx, planned)


def _plan(
    causes: Sequence[Cause], found: Mapping[str, Sequence[Candidate]], policy: Policy, *, late: bool
) -> tuple[list[Planned], list[Cause]]:
    """Return the notices to queue and the causes that nobody can be told of.

    A contact must be valid on the day of the cause; one that comes `late`, within the time that the cause waits.
    """
    planned: dict[tuple[str, str, str], Planned] = {}
    unheard: dict[tuple[str, str], Cause] = {}
    for cause in causes:
        chosen = contacts.choose(
            found.get(cause.account_no, ()),
            template=cause.template,
            org_unit=cause.org_unit,
            first_day=cause.day,
            last_day=wait_ends(cause.day, policy.wait_for_contact_days) if late else cause.day,
            policy=policy,
        )
        if not chosen:
            unheard.setdefault((cause.id, cause.template), cause)
        for contact in chosen:
            planned.setdefault(
                (cause.id, contact.contact_no, cause.template),
                Planned(ids.new(), contact.contact_no, contact.channel, cause.account_no, cause.org_unit, cause),
            )
    return list(planned.values()), list(unheard.values())


async def bills_issued(tx: Tx, facts: Sequence[BillIssued], policy: Policy) -> None:
    """Tell the contacts of each account of its bill."""
    await queue_causes(tx, [_of_bill(fact) for fact in facts], policy)


def _of_bill(fact: BillIssued) -> Cause:
    bill = fact.bill
    figures: Figures = {
        "account_no": bill.account_no,
        "service_point_no": bill.service_point_no,
        "cycle": bill.cycle,
        "period_from": bill.period_from.isoformat(),
        "period_to": bill.period_to.isoformat(),
        "energy_wh": bill.energy_wh,
        "total_fen": bill.total_fen,
        "issued_on": bill.issued_on.isoformat(),
        "due_on": bill.due_on.isoformat(),
        "estimated": "true" if bill.estimated else "false",
    }
    return Cause(
        "bill",
        bill.bill_id,
        "bill_issued",
        bill.account_no,
        bill.service_point_no,
        bill.org_unit,
        bill.cycle,
        bill.issued_on,
        figures,
    )


async def bills_corrected(tx: Tx, facts: Sequence[BillCorrected], policy: Policy) -> None:
    """Tell the contacts of each account once of a correction, however many bills it touches."""
    await queue_causes(tx, [_of_correction(fact) for fact in facts if fact.reversals or fact.replacements], policy)


def _of_correction(fact: BillCorrected) -> Cause:
    first = min(fact.reversals or fact.replacements, key=lambda bill: bill.cycle)
    old_fen = sum(bill.total_fen for bill in fact.reversals)
    new_fen = sum(bill.total_fen for bill in fact.replacements)
    due_on = min((one.due_on for one in fact.differences or fact.replacements if one.total_fen > 0), default=None)
    figures: Figures = {
        "account_no": fact.account_no,
        "cycle": first.cycle,
        "bills": max(len(fact.reversals), len(fact.replacements)),
        "old_fen": old_fen,
        "new_fen": new_fen,
        "difference_fen": new_fen - old_fen,
        "settled_by": _settled_by(fact, new_fen - old_fen),
        "due_on": due_on.isoformat() if due_on else "-",
        "reason": fact.reason,
    }
    return Cause(
        "correction",
        fact.correction_id,
        "bill_corrected",
        fact.account_no,
        first.service_point_no,
        first.org_unit,
        first.cycle,
        fact.corrected_on,
        figures,
    )


def _settled_by(fact: BillCorrected, difference_fen: int) -> str:
    if not fact.differences:
        return "new_bills" if fact.replacements else "cancelled"
    return "difference_to_pay" if difference_fen > 0 else "difference_credited" if difference_fen < 0 else "nothing"


async def reminders_due(tx: Tx, facts: Sequence[ReminderDue], policy: Policy) -> None:
    """Remind the contacts of each account; the cycle of a reminder is the month of its business date."""
    await queue_causes(tx, [_of_reminder(fact) for fact in facts], policy)


def _of_reminder(fact: ReminderDue) -> Cause:
    figures: Figures = {
        "account_no": fact.account_no,
        "outstanding_fen": fact.outstanding_fen,
        "due_on": fact.due_on.isoformat(),
        "business_date": fact.business_date.isoformat(),
    }
    return Cause(
        "reminder",
        fact.reminder_id,
        "reminder",
        fact.account_no,
        "",
        fact.org_unit,
        fact.business_date.isoformat()[:7],
        fact.business_date,
        figures,
    )


async def payments_reversed(tx: Tx, facts: Sequence[PaymentReversed], policy: Policy) -> None:
    """Tell the contacts of each account that money was taken back, and what is owed now: a reminder may never come again."""
    await queue_causes(tx, [_of_reversal(fact) for fact in facts], policy)


def _of_reversal(fact: PaymentReversed) -> Cause:
    figures: Figures = {
        "account_no": fact.account_no,
        "amount_fen": fact.amount_fen,
        "received_on": fact.received_on.isoformat(),
        "reversed_on": fact.reversed_on.isoformat(),
        "outstanding_fen": fact.outstanding_fen,
    }
    return Cause(
        "payment",
        fact.payment_id,
        "payment_reversed",
        fact.account_no,
        "",
        fact.org_unit,
        fact.reversed_on.isoformat()[:7],
        fact.reversed_on,
        figures,
    )


async def estimates_made(tx: Tx, facts: Sequence[EstimateMade], policy: Policy) -> None:
    """Tell who is supplied at the service point that its usage was estimated; an unknown one waits for its account."""
    causes = [(_of_estimate(fact), fact.period_from) for fact in facts]
    found = await store.supplies(tx, [cause.service_point_no for cause, _ in causes])
    known, unknown = _resolve(causes, found)
    if unknown:
        points = [cause.service_point_no for cause, _ in unknown]
        await store.lock_anchors(tx, map(store.service_point_anchor, points))
        late, unknown = _resolve(unknown, await store.supplies(tx, points))
        known += late
    if unknown:
        waiting = list({cause.id: cause for cause, _ in unknown}.values())
        await store.set_aside(tx, waiting, [ids.new() for _ in waiting], store.WAITS_FOR_ACCOUNT)
    if known:
        await queue_causes(tx, known, policy)


def _of_estimate(fact: EstimateMade) -> Cause:
    figures: Figures = {
        "account_no": "",
        "service_point_no": fact.service_point_no,
        "cycle": fact.cycle,
        "period_from": fact.period_from.isoformat(),
        "period_to": fact.period_to.isoformat(),
        "energy_wh": fact.energy_wh,
        "reason": fact.reason,
    }
    return Cause(
        "usage",
        fact.usage_id,
        "estimate_made",
        "",
        fact.service_point_no,
        fact.org_unit,
        fact.cycle,
        fact.period_to,
        figures,
    )


def _resolve(
    causes: Sequence[tuple[Cause, date]], found: Mapping[str, list[Supply]]
) -> tuple[list[Cause], list[tuple[Cause, date]]]:
    """Give each cause of a service point the account supplied there on the first day of its period."""
    known, unknown = [], []
    for cause, day in causes:
        supply = account_on(found.get(cause.service_point_no, []), day)
        if supply is None:
            unknown.append((cause, day))
        else:
            figures = {**cause.figures, "account_no": supply.account_no}
            known.append(cause._replace(account_no=supply.account_no, org_unit=supply.org_unit, figures=figures))
    return known, unknown


async def accounts_changed(tx: Tx, facts: Sequence[AccountChanged], policy: Policy) -> None:
    """Keep the copy of accounts and contracts, and take up the estimates that waited for them."""
    newest: dict[str, AccountChanged] = {}
    for fact in facts:
        if fact.account_no not in newest or newest[fact.account_no].version < fact.version:
            newest[fact.account_no] = fact
    points = {contract.service_point_no for fact in newest.values() for contract in fact.contracts}
    if points:
        await store.lock_anchors(tx, map(store.service_point_anchor, points))
    applied = await store.put_accounts(tx, [(f.account_no, f.org_unit, f.version) for f in newest.values()])
    if not applied:
        return
    supplies = [
        (c.contract_no, Supply(f.account_no, c.service_point_no, f.org_unit, c.from_, c.to))
        for f in newest.values()
        if f.account_no in applied
        for c in f.contracts
    ]
    await store.replace_supplies(tx, sorted(applied), supplies)
    if not points:
        return
    waiting = await store.waiting(tx, state=store.WAITS_FOR_ACCOUNT, column="service_point_no", values=sorted(points))
    if not waiting:
        return
    found = await store.supplies(tx, [cause.service_point_no for cause in waiting])
    known, _ = _resolve([(c, date.fromisoformat(str(c.figures["period_from"]))) for c in waiting], found)
    if known:
        await store.remove_waiting(tx, known)
        await queue_causes(tx, known, policy)

"""A cut is proposed by one person and approved by another; then the customer is told."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from services.collection.cuts import domain, store
from services.collection.cuts.domain import Rules
from services.collection.cuts.use_cases.ways import Ways
from services.collection.dunning.domain.ladders import FOR_PEOPLE
from services.collection.dunning.store import cases
from services.collection.dunning.store.holds import held
from services.collection.ledger.domain.policy import APPROVALS, CUTTING, Policy
from services.collection.ledger.store import accounts, receivables
from services.collection.ledger.use_cases import commands
from services.collection.supply import store as supply
from services.collection.supply.domain import ARREARS, LIFE, PROPOSED
from services.collection.supply.store import Cut
from services.collection.supply.use_cases.orders import NOTHING_DUE, Orders, moved
from shared import approvals, natural
from shared.db.approvals import Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.events.cuts import CutAnnounced

DEBTS_MAX = 500  # of one service point: forty years of bills


class CaseUnknown(BusinessError):
    status = 404
    code = "dunning_case.unknown"
    title = "There is no such case"


class NotDue(BusinessError):
    status = 409
    code = "cut.not_due"
    title = "The case has not come to the stage at which people decide about a cut"


class NotAllowed(BusinessError):
    status = 409
    code = "cut.not_allowed"
    title = "The policy does not allow this cut"


class Protected(BusinessError):
    status = 409
    code = "cut.protected"
    title = "The service point is protected: its supply is never cut"


class UnderWay(BusinessError):
    status = 409
    code = "cut.under_way"
    title = "A cut of this service point is under way already"


async def propose(
    tx: Tx,
    case_no: str,
    service_point_no: str,
    *,
    explanation: str,
    actor: str,
    sees: commands.Sees,
    policy: Policy,
    ways: Ways,
    today: date,
) -> Approval:
    """Propose to cut a service point for what is overdue of it and not held: another person approves it, always.

    Raises CaseUnknown, NotDue, NotAllowed, Protected, UnderWay, AskedAlready.
    """
    case = await cases.case(tx, case_no)
    if case is None or not sees(case.org_unit):
        raise CaseUnknown
    await accounts.lock_accounts(tx, [case.account_no])
    case = await cases.case(tx, case_no)
    assert case is not None, "a case is never deleted"
    rules = domain.rules_on(ways.rulebook, today)
    if rules is None:
        raise NotAllowed("no rules say when supply may be cut")
    if case.closed_on is not None or case.action not in FOR_PEOPLE:
        raise NotDue
    debts = await _debts(tx, case.account_no, service_point_no, today)
    _check(rules, debts, today)
    if domain.protects((await store.marks(tx, [service_point_no], today)).get(service_point_no, set())):
        raise Protected
    known = await supply.at_points(tx, [service_point_no])
    if any(cut["state"] != "ended" for cut in known):
        raise UnderWay
    row = _row(case, service_point_no, debts, known, by=actor, on=today)
    cut_no, fen = row["cut_no"], row["outstanding_fen"]
    await supply.add(tx, row, [debt.receivable_id for debt in debts[:DEBTS_MAX]])
    _audit(tx, cut_no, "cut.propose", actor, explanation)
    return await approvals.ask(
        tx,
        kind=CUTTING,
        subject_id=cut_no,
        content={
            "account_no": case.account_no,
            "case_no": case_no,
            "service_point_no": service_point_no,
            "outstanding_fen": fen,
            "due_on": str(row["due_on"]),
        },
        org_unit=case.org_unit,
        requested_by=actor,
        reason=explanation,
        second=policy.second_person(CUTTING, today, fen) or APPROVALS[CUTTING],
    )


def _row(case: Any, service_point_no: str, debts: Sequence[Any], known: Sequence[Cut], *, by: str, on: date) -> Cut:
    return {
        **NOTHING_DUE,
        "cut_no": natural.key_id(on, "cut", case.case_no, service_point_no, len(known)),
        "account_no": case.account_no,
        "case_no": case.case_no,
        "service_point_no": service_point_no,
        "org_unit": case.org_unit,
        "state": LIFE.start(PROPOSED),
        "code": "",
        "cause": ARREARS,
        "outstanding_fen": sum(debt.outstanding_fen for debt in debts),
        "due_on": min(debt.due_on for debt in debts),
        "proposed_on": on,
        "proposed_by": by,
        "approved_by": None,
        "announcement": 0,
        "announcement_id": "",
        "announced_on": None,
        "told_on": None,
        "order_no": "",
        "orders": 0,
        "sequence": max((cut["sequence"] for cut in known), default=0),
        "switched_at": None,
        "restore_by": None,
        "restored_at": None,
    }


async def _debts(tx: Tx, account_no: str, service_point_no: str, today: date) -> list[Any]:
    overdue = await receivables.overdue(tx, [account_no], due_until=today - timedelta(days=1), where=~held(today))
    return [debt for debt in overdue if debt.service_point_no == service_point_no]


def _check(rules: Rules, debts: list[Any], today: date) -> None:
    """Raise `NotAllowed` where too little is owed, or for too short a time."""
    if sum(debt.outstanding_fen for debt in debts) < rules.outstanding_fen_min:
        raise NotAllowed("less is overdue at this service point, and not held, than the policy cuts for")
    if (today - min(debt.due_on for debt in debts)).days <= rules.overdue_days_min:
        raise NotAllowed(f"the oldest debt is not overdue for more than {rules.overdue_days_min} days")


def kind_of_approval(ways: Ways, today: Callable[[], date]) -> approvals.Kind:
    """Return the kind of approval by which the customer is told of a cut; rejected or taken back, it has ended."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        cut = await _locked(tx, approval)
        if cut["state"] != PROPOSED:
            raise approvals.NotPending(cut["state"])
        orders = Orders(tx)
        marks = await store.marks(tx, [cut["service_point_no"]], today())
        after = moved(cut, "announce", approved_by=actor)
        if cut["cause"] == ARREARS:  # who is prepaid was told already, and the clock of the day plans it
            classes = await accounts.customer_classes(tx, [cut["account_no"]])
            after = announced(tx, after, ways, classes, marks, today())
        orders.put(after)
        await orders.write()
        _audit(tx, cut["cut_no"], "cut.approve", actor, approval.reason)

    async def given_up(tx: Tx, approval: Approval, _actor: str) -> None:
        cut = await _locked(tx, approval)
        if cut["state"] == PROPOSED:
            orders = Orders(tx)
            orders.release([cut], "rejected")
            await orders.write()

    return approvals.Kind(name=CUTTING, scope=APPROVALS[CUTTING], carry_out=carry_out, given_up=given_up)


async def _locked(tx: Tx, approval: Approval) -> Cut:
    await accounts.lock_accounts(tx, [str(approval.content["account_no"])])
    (cut,) = await supply.some(tx, [approval.subject_id])
    return cut


def announced(tx: Tx, cut: Cut, ways: Ways, classes: dict[str, str], marks: dict[str, set[str]], on: date) -> Cut:
    """Have the customer told of a cut, for the first time or again, and return it: what was told before counts no more."""
    rules = domain.rules_on(ways.rulebook, on)
    assert rules is not None, "what is announced is allowed"
    number = cut["announcement"] + 1
    after = {
        **cut,
        **NOTHING_DUE,
        "code": "not_told",
        "announcement": number,
        "announcement_id": natural.key_id(on, "cut announcement", cut["cut_no"], number),
        "announced_on": on,
        "told_on": None,
    }
    notice = rules.notice(classes.get(cut["account_no"], ""))
    names = ("account_no", "cut_no", "announcement_id", "service_point_no", "org_unit", "outstanding_fen", "due_on")
    tx.publish(
        [
            CutAnnounced(
                **{name: after[name] for name in names},
                announced_on=on,
                earliest_on=on + timedelta(days=notice.min_days),
                copy_to_authority=domain.IMPORTANT in marks.get(cut["service_point_no"], ()),
                causation_id=cut["cut_no"],
            )
        ]
    )
    return after


def _audit(tx: Tx, cut_no: str, action: str, actor: str, reason: str) -> None:
    tx.audit([AuditEntry(action=action, entity_kind="cut", entity_id=cut_no, actor=actor, reason=reason)])

"""Decisions that need a second person: which do, and what is asked for."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.billing.bills.domain.bills import HELD, ISSUED, PROPOSED
from services.billing.bills.domain.policy import DECISION, RELEASE_OF_BILL
from services.billing.bills.store import bills as bills_store
from services.billing.bills.use_cases import two_people
from services.billing.context import Context
from services.billing.decisions.use_cases.checking import Decision, Subject, found
from services.billing.review.domain.findings import HELD_BY_REVIEWER, HOLD
from shared import approvals
from shared.approvals import Asking
from shared.db.approvals import Approval
from shared.db.engine import Tx


async def ask(
    tx: Tx, decision: Decision, subjects: Sequence[Subject], days: Mapping[str, date], *, context: Context
) -> dict[str, Approval | None]:
    """Ask for a second person's decision on those bills that need one, and return what is asked for, by bill.

    None where something else is asked for it and waits.
    """
    kinds = {subject.row.bill_id: kind for subject in subjects if (kind := _kind_of(decision, subject)) is not None}
    if decision.second or not kinds:
        return {}
    needing = [subject for subject in subjects if subject.row.bill_id in kinds]
    largest = await _largest_fen(tx, needing)
    rules = await two_people.rules(tx, context)
    asked: dict[str, Approval | None] = {}
    for kind in sorted(set(kinds.values())):
        wanted = [
            _asking(decision, subject, days[bill_id], second)
            for subject in needing
            if kinds[bill_id := subject.row.bill_id] == kind
            and (second := rules.scope(kind, largest[bill_id])) is not None
        ]
        made = await approvals.ask_all(tx, kind, wanted) if wanted else []
        asked |= {each.subject_id: approval for each, approval in zip(wanted, made, strict=True)}
    return asked


def _kind_of(decision: Decision, subject: Subject) -> str | None:
    """Return as what kind of approval policy has a word on a decision."""
    kind, status = decision.kind, subject.row.status
    if kind in ("cancel", "correct") and status == ISSUED:
        return DECISION
    if kind in ("approve", "correct") and any(each.status == PROPOSED for each in subject.deciding):
        return DECISION
    if kind == "approve" and status == HELD and found(subject.row, HOLD) - {HELD_BY_REVIEWER}:
        return RELEASE_OF_BILL
    return None


async def _largest_fen(tx: Tx, subjects: Sequence[Subject]) -> dict[str, int]:
    """Return the largest amount that each decision is about, also of the issued bills whose place proposals take.

    Who makes a large bill small decides on the large one.
    """
    days = [_days(each) for subject in subjects for each in subject.deciding if each.status == PROPOSED]
    sharing = await bills_store.sharing_days(tx, days) if days else []
    replaced = [bill for bill in sharing if bill.status == ISSUED]
    return {
        subject.row.bill_id: max(
            abs(each.total_fen)
            for each in [*subject.deciding, *(bill for bill in replaced if _is_replaced(bill, subject))]
        )
        for subject in subjects
    }


def _days(row: Row[Any]) -> tuple[str, date, date]:
    return row.service_point_no, row.period_from, row.period_to


def _is_replaced(bill: Row[Any], subject: Subject) -> bool:
    point, from_, to = _days(bill)
    return any(
        each.status == PROPOSED and each.service_point_no == point and from_ < each.period_to and each.period_from < to
        for each in subject.deciding
    )


def _asking(decision: Decision, subject: Subject, day: date, second: str) -> Asking:
    row = subject.row
    content = {
        "bill_id": row.bill_id,
        "decision": decision.kind,
        "explanation": decision.explanation,
        "verdicts": dict(decision.verdicts),
        "row_version": subject.seen.row_version,
        "business_date": str(day),
        "bills": [{"bill_id": each.bill_id, "total_fen": each.total_fen} for each in subject.deciding],
        "held_by": sorted(found(row, HOLD)),
    }
    return Asking(
        subject_id=row.bill_id,
        content=content,
        org_unit=row.org_unit,
        requested_by=decision.actor,
        reason=decision.explanation,
        second=second,
    )

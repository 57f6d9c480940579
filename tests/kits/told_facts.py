"""Facts as notify hears them of other services, one a number."""

from datetime import date
from typing import Any

from shared import ids
from shared.events.billing import AccountChanged, Bill, BillCorrected, BillIssued, Component, Contract
from shared.events.collection import DunningDebt, DunningStepDue, PaymentReversed, ReminderDue
from shared.events.own_reads import OwnReadAsked
from shared.events.read_days import ReadDayChangeProposed
from shared.events.reading import EstimateMade, QuestionWithdrawn, VisitProposed

ISSUED = date(2026, 2, 2)
ORG = "zj/hangzhou/xihu"


def bill(number: int = 1, **changes: Any) -> Bill:
    values: dict[str, Any] = {
        "bill_id": f"bill-{number:04}",
        "account_no": f"a{number:04}",
        "contract_no": f"k{number:04}",
        "service_point_no": f"p{number:04}",
        "org_unit": ORG,
        "route_no": "r1",
        "cycle": "2026-01",
        "period_from": date(2026, 1, 1),
        "period_to": date(2026, 2, 1),
        "version": 1,
        "issued_on": ISSUED,
        "due_on": date(2026, 2, 20),
        "total_fen": 10_000 + number,
        "components": (Component(component="energy", amount_fen=10_000 + number),),
        "energy_wh": 200_000,
        "estimated": False,
        "usage_id": f"u{number:04}",
        "tariff": "t@1",
    }
    return Bill(**values | changes)


def issued(number: int = 1, **changes: Any) -> BillIssued:
    made = bill(number, **changes)
    return BillIssued(account_no=made.account_no, bill=made)


def corrected(number: int = 1) -> BillCorrected:
    old = bill(number)
    new = bill(number, bill_id=f"{old.bill_id}-v2", version=2, total_fen=9_000)
    return BillCorrected(
        account_no=old.account_no,
        correction_id=f"correction-{number:04}",
        corrected_on=date(2026, 2, 10),
        reason="read_corrected",
        reversals=(old,),
        replacements=(new,),
    )


def reminder(number: int = 1, **changes: Any) -> DunningStepDue:
    """A reminder of three bills."""
    dues = [date(2026, 2, 20), date(2026, 2, 21), date(2026, 2, 22)]
    debts = tuple(
        DunningDebt(
            receivable_id=ids.new(), document_kind="bill", document_id=f"bill-{n}", due_on=due, outstanding_fen=4_115
        )
        for n, due in enumerate(dues)
    )
    values: dict[str, Any] = {
        "account_no": f"a{number:04}",
        "case_no": f"case-{number:04}",
        "step_id": f"reminder-{number:04}",
        "org_unit": ORG,
        "stage": 1,
        "action": "notice",
        "track": "resident",
        "outstanding_fen": 12_345,
        "due_on": dues[0],
        "business_date": date(2026, 3, 5),
        "debts_count": len(debts),
        "debts": debts,
    }
    return DunningStepDue(**values | changes)


def reminder_of_before(number: int = 1) -> ReminderDue:
    """A reminder of one receivable, as the logs still have them."""
    return ReminderDue(
        account_no=f"a{number:04}",
        reminder_id=f"reminder-{number:04}",
        receivable_id=ids.new(),
        document_kind="bill",
        document_id=f"bill-{number:04}",
        org_unit=ORG,
        outstanding_fen=12_345,
        due_on=date(2026, 2, 20),
        business_date=date(2026, 3, 5),
    )


def payment_reversed(number: int = 1) -> PaymentReversed:
    return PaymentReversed(
        account_no=f"a{number:04}",
        payment_id=f"payment-{number:04}",
        org_unit=ORG,
        channel="app",
        amount_fen=5_000,
        received_on=date(2026, 2, 25),
        reversed_on=date(2026, 3, 5),
        outstanding_fen=12_345,
    )


def estimate(number: int = 1) -> EstimateMade:
    return EstimateMade(
        usage_id=f"u{number:04}",
        service_point_no=f"p{number:04}",
        org_unit=ORG,
        cycle="2026-01",
        period_from=date(2026, 1, 1),
        period_to=date(2026, 2, 1),
        energy_wh=180_000,
        reason="remote_failure",
        estimates_in_a_row=1,
    )


def account(number: int = 1, *, version: int = 1, point: str = "") -> AccountChanged:
    contract = Contract(contract_no=f"k{number:04}", service_point_no=point or f"p{number:04}", from_=date(2025, 6, 1))
    return AccountChanged(
        account_no=f"a{number:04}",
        version=version,
        org_unit=ORG,
        customer_class="residential",
        opened_on=date(2025, 6, 1),
        contracts=(contract,),
    )


ASKED, ANSWER_BY = date(2026, 2, 2), date(2026, 2, 12)


def proposed(number: int = 1, **changes: Any) -> ReadDayChangeProposed:
    values: dict[str, Any] = {
        "question_id": f"q{number:04}",
        "subject_kind": "read_day_change",
        "subject_id": f"change-{number:04}",
        "service_point_no": f"p{number:04}",
        "org_unit": ORG,
        "asked_on": ASKED,
        "answers": ("yes", "no"),
        "answer_by": ANSWER_BY,
        "read_day": 15,
        "months": 1,
        "from_cycle": "2026-04",
        "now_on": date(2026, 4, 1),
        "first_on": date(2026, 4, 15),
    }
    return ReadDayChangeProposed(**values | changes)


def visit(number: int = 1, **changes: Any) -> VisitProposed:
    values: dict[str, Any] = {
        "question_id": f"v{number:04}",
        "subject_kind": "visit",
        "subject_id": f"visit-{number:04}",
        "service_point_no": f"p{number:04}",
        "org_unit": ORG,
        "asked_on": ASKED,
        "answers": ("yes", "no"),
        "answer_by": ANSWER_BY,
        "purpose": "appointment",
        "visit_on": date(2026, 2, 20),
    }
    return VisitProposed(**values | changes)


def own_read(number: int = 1, **changes: Any) -> OwnReadAsked:
    values: dict[str, Any] = {
        "question_id": f"o{number:04}",
        "subject_kind": "own_read",
        "subject_id": f"OWN-{number}",
        "service_point_no": f"p{number:04}",
        "org_unit": ORG,
        "asked_on": ASKED,
        "answers": ("reported",),
        "answer_by": ANSWER_BY,
        "meter_no": f"m{number:04}",
        "read_date": date(2026, 2, 1),
        "registers": tuple({"quantity": name, "digits": 8, "scale": 2} for name in ("import", "import.peak")),
    }
    return OwnReadAsked(**values | changes)


def withdrawn(number: int = 1, reason: str = "read_came") -> QuestionWithdrawn:
    return QuestionWithdrawn(question_id=f"q{number:04}", service_point_no=f"p{number:04}", reason=reason)

"""How a case ends says of the findings that were its signals whether they were right, where no person has said it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.billing.bills.store import bills as bills_store
from services.billing.cases.store import signals as store
from services.billing.contracts.domain import class_on
from services.billing.contracts.store import contracts as contracts_store
from services.billing.review import store as review_store
from services.billing.review.domain.findings import of_rules
from services.billing.review.use_cases import Verdict
from shared.db.engine import Tx


async def say(tx: Tx, case_no: str, verdict: Verdict, *, on: date, actor: str) -> None:
    """Say of each finding that is a signal of a case what its end says; an end before is forgotten."""
    signals = await store.findings_of(tx, case_no)
    bills = await bills_store.heads(tx, sorted({row.reference for row in signals}))
    terms = await contracts_store.terms_by_number(tx, sorted({row.contract_no for row in bills.values()}))
    classes = {no: class_on(terms[bill.contract_no].account_terms, bill.period_to) for no, bill in bills.items()}
    of_all = {"case_no": case_no, "verdict": verdict, "decided_by": actor, "business_date": on}
    await review_store.say_by_case(tx, [_said(row, bills.get(row.reference), classes) | of_all for row in signals])


def _said(signal: Row[Any], bill: Row[Any] | None, classes: dict[str, str]) -> dict[str, Any]:
    names: Sequence[str] = ("contract_no", "period_from", "period_to", "route_no", "cycle", "total_fen")
    nothing: dict[str, Any] = dict.fromkeys(names, "") | {"period_from": None, "period_to": None, "total_fen": 0}
    return {
        "signal_id": signal.signal_id,
        "subject_id": signal.reference,
        "code": signal.code,
        "seen_on": signal.seen_on,
        "org_unit": bill.org_unit if bill else signal.org_unit,
        "severity": of_rules(bill.findings).get(signal.code, "") if bill else "",
        "customer_class": classes.get(signal.reference, ""),
        **({name: bill._mapping[name] for name in names} if bill else nothing),
    }

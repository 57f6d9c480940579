"""What a decision says of the findings of its bills: whether each review rule was right."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

from sqlalchemy import Row

from services.billing.review import store
from services.billing.review.domain.findings import HOLD, of_rules
from shared.db.engine import Tx
from shared.errors import BusinessError

Verdict = Literal["right", "wrong", "known"]


class VerdictMissing(BusinessError):
    status = 422
    code = "bill.verdict_missing"
    title = (
        "A decision that ends a review says of each finding that holds the bill whether it was right, wrong or known"
    )


class UnknownFinding(BusinessError):
    status = 422
    code = "bill.unknown_finding"
    title = "The bill has no such finding of a review rule"


def check(decided: Sequence[Row[Any]], ended: Sequence[Row[Any]], verdicts: Mapping[str, str]) -> None:
    """Check that verdicts are about findings of the bills, with one for each rule that holds a bill whose review ends.

    Raises UnknownFinding, VerdictMissing.
    """
    found = {code for row in decided for code in of_rules(row.findings)}
    unknown = verdicts.keys() - found
    if unknown:
        raise UnknownFinding(", ".join(sorted(unknown)))
    holding = {code for row in ended for code, severity in of_rules(row.findings).items() if severity == HOLD}
    missing = holding - verdicts.keys()
    if missing:
        raise VerdictMissing(", ".join(sorted(missing)))


async def record(
    tx: Tx,
    decisions: Mapping[str, Row[Any]],
    verdicts: Mapping[str, str],
    *,
    classes: Mapping[str, str],
    decided_by: str,
    days: Mapping[str, date],
) -> None:
    """Store what was said of each finding of bills that are decided on, by id of the decision.

    Of a finding of which nothing was said, that it was found. One decision on many bills says the same of a rule for each of
    them. `classes`: the customer class by bill, `days` the day of the decision.
    """
    await store.add_verdicts(
        tx,
        [
            {
                "decision_id": decision_id,
                "code": code,
                "bill_id": row.bill_id,
                "severity": severity,
                "verdict": verdicts.get(code, store.UNSAID),
                "customer_class": classes[row.bill_id],
                "org_unit": row.org_unit,
                "route_no": row.route_no,
                "cycle": row.cycle,
                "total_fen": row.total_fen,
                "decided_by": decided_by,
                "business_date": days[row.bill_id],
            }
            for decision_id, row in decisions.items()
            for code, severity in of_rules(row.findings).items()
        ],
    )

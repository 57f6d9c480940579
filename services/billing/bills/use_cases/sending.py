"""Bills are sent to site (现场核实): by rules that the policy names, once for their days and a kind, and by reviewers."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row

from services.billing.bills.domain.bills import HELD, PROPOSED
from services.billing.bills.store import told
from services.billing.bills.store.written import Writing
from services.billing.review.domain.findings import SENT_TO_SITE
from services.billing.site_orders.domain import BILL, Ask, number_of
from services.billing.site_orders.use_cases import asking
from shared import ids
from shared.db.engine import Tx

REQUESTED_BY: Final = "system:billing"
REVIEW: Final = "review"
"""The reason of what a reviewer asks for; of a rule's it is the code of the finding."""
_OF_BILL: Final = ("account_no", "contract_no", "service_point_no", "org_unit", "period_from", "period_to", "cycle")


async def to_site(tx: Tx, writings: Sequence[Writing]) -> None:
    """Ask for what the findings of bills that are about to wait want looked at; asked for before, nothing is asked again."""
    asked = {}
    for one in writings:
        if one.draft.status not in (HELD, PROPOSED):
            continue
        values = told.values_of(one)
        usage = one.draft.usage
        for found in one.draft.findings:
            if found.code == SENT_TO_SITE:
                kind = found.values["kind"]
                number = number_of(values["contract_no"], usage.period_from, usage.period_to, kind)
                asked[number] = Ask(
                    **{name: values[name] for name in _OF_BILL},
                    order_no=number,
                    kind=kind,
                    subject_kind=BILL,
                    subject_id=one.bill_id,
                    reason=found.values["code"],
                    requested_by=REQUESTED_BY,
                    asked_on=usage.told_on or usage.read_date,
                )
    await asking.ask(tx, [asked[number] for number in sorted(asked)])


async def by_reviewer(tx: Tx, rows: Sequence[Row[Any]], kind: str, *, actor: str, days: Mapping[str, date]) -> None:
    """Ask for what a reviewer wants looked at before bills may go out, each on its day (`days`, by bill)."""
    asked = [
        Ask(
            **{name: row._mapping[name] for name in _OF_BILL},
            order_no=ids.new(),
            kind=kind,
            subject_kind=BILL,
            subject_id=row.bill_id,
            reason=REVIEW,
            requested_by=actor,
            asked_on=days[row.bill_id],
        )
        for row in rows
    ]
    await asking.ask(tx, asked)

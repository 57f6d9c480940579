"""What follows from findings: bills are sent to site (现场核实), by rules and once for their days and a kind, or by reviewers."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row

from services.billing.bills.domain.bills import HELD, PROPOSED, Found
from services.billing.bills.store.written import Writing
from services.billing.context import Context
from services.billing.review.domain.findings import SENT_TO_SITE
from services.billing.site_orders.domain import BILL, Ask, number_of
from services.billing.site_orders.use_cases import asking
from shared import ids
from shared.db.engine import Tx

REQUESTED_BY: Final = "system:billing"
REVIEW: Final = "review"
"""The reason of what a reviewer asks for; of a rule's it is the code of the finding."""
_OF_BILL: Final = ("account_no", "contract_no", "service_point_no", "org_unit", "period_from", "period_to", "cycle")


async def follow(tx: Tx, found: Sequence[Found], *, context: Context) -> None:
    """Do what the policy wants of what is found on bills: signals of cases, and work at the points of bills that wait.

    The accounts are locked. What was asked for before is not asked again.
    """
    found = [one for one in found if one.findings]
    await context.on_bills(tx, found, context.policies, context.calendar)
    asked = {}
    for one in found:
        for sent in (each for each in one.findings if one.waits and each.code == SENT_TO_SITE):
            kind = sent.values["kind"]
            number = number_of(one.contract_no, one.period_from, one.period_to, kind)
            asked[number] = Ask(
                **{name: getattr(one, name) for name in _OF_BILL},
                order_no=number,
                kind=kind,
                subject_kind=BILL,
                subject_id=one.bill_id,
                reason=sent.values["code"],
                requested_by=REQUESTED_BY,
                asked_on=one.told_on or one.read_date,
            )
    await asking.ask(tx, [asked[number] for number in sorted(asked)])


def found_of(writings: Sequence[Writing]) -> list[Found]:
    """Return what is found on bills that are about to be stored."""
    return [
        Found(
            bill_id=one.bill_id,
            account_no=terms.account_no,
            contract_no=terms.contract_no,
            service_point_no=usage.service_point_no,
            org_unit=terms.org_unit,
            cycle=usage.cycle,
            period_from=usage.period_from,
            period_to=usage.period_to,
            read_date=usage.read_date,
            told_on=usage.told_on,
            waits=one.draft.status in (HELD, PROPOSED),
            findings=one.draft.findings,
        )
        for one in writings
        for usage, terms in [(one.draft.usage, one.draft.terms)]
    ]


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

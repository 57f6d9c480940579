"""What a step of a case is to bill is compared with what stands, under a lock of what cases do at the points of its account."""

from typing import Any

from sqlalchemy import Row

from services.billing.cases.domain import standing as domain
from services.billing.cases.domain.standing import ADJUSTMENT, BACK_BILLING, PENALTY, Document, Standing
from services.billing.cases.store import cases as cases_store
from services.billing.cases.store import standing as store
from services.billing.cases.use_cases import working
from services.billing.cases.use_cases.working import MaySee, UnknownCase
from services.billing.contracts.store import contracts as contracts_store
from services.billing.contracts.store import points as points_store
from shared.db.engine import Tx, View
from shared.errors import BusinessError
from shared.web.conditional import Stale


class BilledTwice(BusinessError):
    status = 409
    code = "case.billed_twice"
    title = "Another document that stands bills the same for some of these days: state the days, or take that one back"


class ChargesStand(BusinessError):
    status = 409
    code = "case.charges_stand"
    title = "Charges of the case stand: they are withdrawn before it is charged anew"


class DifferenceNotBilled(BusinessError):
    status = 409
    code = "case.difference_not_billed"
    title = "A penalty alone is charged where a change of class that stands bills the difference of all its days"


async def locked(tx: Tx, case_no: str, may_see: MaySee, seen: int | None = None) -> tuple[Row[Any], Standing]:
    """Return a case under lock with what stands around it: of all cases at the points of its account.

    Raises UnknownCase, Stale.
    """
    there = await cases_store.get(tx, case_no)
    if there is None or not may_see(there.org_unit):
        raise UnknownCase
    points = await points_of(tx, there)
    await points_store.anchor(tx, points)
    row = await working.locked(tx, case_no, may_see, seen)
    if row.account_no != there.account_no:
        raise Stale
    return row, await store.around(tx, row.account_no or "", points)


async def points_of(view: View, case: Row[Any]) -> list[str]:
    """Return the points of the account of a case, and that of the case itself."""
    known = await contracts_store.contracts_of(view, [case.account_no]) if case.account_no else []
    return sorted({case.service_point_no, *(row.service_point_no for row in known)})


def documents(standing: Standing, case: Row[Any], worked: Row[Any], *, penalty_only: bool) -> list[Document]:
    """Return what a calculation is charged as, or adjusted for; what was adjusted for by the case before is taken back with it.

    Raises ChargesStand, BilledTwice, DifferenceNotBilled.
    """
    own = standing.of(case.case_no)
    if own.kinds & {BACK_BILLING, PENALTY}:
        raise ChargesStand
    wanted = domain.wanted_of(case, worked, penalty_only=penalty_only)
    others = standing.without({each.number for each in own.documents if each.kind == ADJUSTMENT})
    if (there := others.conflict(wanted)) is not None:
        raise BilledTwice(str(there))
    difference = [each for each in domain.wanted_of(case, worked) if each.kind == BACK_BILLING]
    if penalty_only and not any(standing.class_change_over(each) for each in difference):
        raise DifferenceNotBilled
    return wanted

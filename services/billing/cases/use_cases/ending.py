"""A case ends with what stands of it: with nothing it is dismissed, with money or another class that is confirmed."""

from datetime import date
from typing import Final

from services.billing.cases.domain.standing import ADJUSTMENT, CLASS_CHANGE
from services.billing.cases.store import standing as store
from services.billing.cases.use_cases import working
from services.billing.cases.use_cases.working import MaySee
from services.billing.review.use_cases import Verdict
from shared.db.engine import Tx
from shared.errors import BusinessError

_CONFIRMED: Final = {ADJUSTMENT: "confirm_adjustment", CLASS_CHANGE: "confirm_class"}


class MoneyStands(BusinessError):
    status = 409
    code = "case.money_stands"
    title = (
        "Charges, adjustments or changes of class of the case stand: they are taken back first, or it ends with them"
    )


class NothingStands(BusinessError):
    status = 409
    code = "case.nothing_stands"
    title = "Nothing of the case stands that it could end with: it is charged, adjusted for, classed anew, or dismissed"


async def dismiss(
    tx: Tx,
    case_no: str,
    *,
    seen: int,
    explanation: str,
    verdict: Verdict,
    on: date | None,
    actor: str,
    may_see: MaySee,
) -> None:
    """End a case with nothing to do, and why; `verdict`: what was found was a false alarm, or known before.

    Raises MoneyStands with all that stands of it.
    """
    row = await working.locked(tx, case_no, may_see, seen)
    stands = (await store.of(tx, [case_no]))[case_no]
    if stands.documents:
        raise MoneyStands("; ".join(map(str, stands.documents)))
    day = await working.day_of(tx, row, on)
    await working.end(tx, row, "dismiss", on=day, actor=actor, explanation=explanation, verdict=verdict)


async def confirm(
    tx: Tx, case_no: str, *, seen: int, explanation: str, on: date | None, actor: str, may_see: MaySee
) -> None:
    """End a case that was looked into again with what stands of it, and why; no money moves. Raises NothingStands."""
    row = await working.locked(tx, case_no, may_see, seen)
    kinds = (await store.of(tx, [case_no]))[case_no].kinds
    if not kinds:
        raise NothingStands
    charged = kinds - set(_CONFIRMED)
    event = "confirm_charge" if charged else _CONFIRMED[min(kinds)]
    day = await working.day_of(tx, row, on)
    await working.end(tx, row, event, on=day, actor=actor, explanation=explanation)

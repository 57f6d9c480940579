"""Freezing what must not be billed for now, and lifting it (冻结、解冻)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.billing.bills.store import bills as bills_store
from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.contracts.store import units as units_store
from services.billing.freezes import store
from services.billing.freezes.domain import BILL, CONTRACT, ROUTE, RULE, Kind
from services.billing.freezes.store import STANDING_MAX
from services.billing.review.domain import said
from services.billing.runs import store as runs_store
from shared import ids
from shared.db.audit import AuditEntry
from shared.db.engine import Tx, View
from shared.errors import BusinessError
from shared.org_units import WHOLE_UTILITY

OF_RELEASE: Final = (ROUTE, RULE)
"""What keeps back many bills at once takes the scope of who releases them."""


class UnknownSubject(BusinessError):
    status = 404
    code = "freeze.unknown_subject"
    title = "There is no such bill, contract, route with a run, or finding"


class UnknownFreeze(BusinessError):
    status = 404
    code = "freeze.unknown"
    title = "There is no such freeze"


class StandsAlready(BusinessError):
    status = 409
    code = "freeze.stands_already"
    title = "It is frozen already"


class LiftedAlready(BusinessError):
    status = 409
    code = "freeze.lifted_already"
    title = "The freeze is lifted already"


class OverAlready(BusinessError):
    status = 422
    code = "freeze.over_already"
    title = "Its last day lies before the latest business date"


class TooMany(BusinessError):
    status = 409
    code = "freeze.too_many"
    title = f"At most {STANDING_MAX:,} freezes stand at once: freeze routes or rules, or stop all releases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freezing:
    """What is to be frozen, why, and until which day, that day included; None: until it is lifted."""

    kind: Kind
    subject: str
    reason: str
    until: date | None
    actor: str


async def freeze(tx: Tx, wanted: Freezing, *, may_see: Callable[[str], bool]) -> str:
    """Freeze a bill, contract, route or rule, with its audit row, and return the id of the freeze.

    From then on none of its bills goes out, calculated before or after; what is going out at this moment is waited for. Raises
    UnknownSubject, OverAlready, StandsAlready, TooMany.
    """
    found = await _found(tx, wanted.kind, wanted.subject)
    if found is None or not may_see(found["org_unit"]):
        raise UnknownSubject
    latest = await business_day.latest(tx)
    if wanted.until is not None and latest is not None and wanted.until < latest:
        raise OverAlready
    await store.alone(tx)
    standing = (await store.standing(tx)).freezes
    if any((each.kind, each.subject) == (wanted.kind, wanted.subject) for each in standing):
        raise StandsAlready
    if len(standing) >= STANDING_MAX:
        raise TooMany
    freeze_id = ids.new()
    values = {
        "freeze_id": freeze_id,
        "kind": wanted.kind,
        "subject": wanted.subject,
        "reason": wanted.reason,
        "until": wanted.until,
        "frozen_by": wanted.actor,
        "frozen_at": tx.now,
    }
    await store.insert(tx, values | found)
    tx.audit([_entry("freeze.set", freeze_id, wanted.actor, wanted.reason)])
    return freeze_id


async def lift(tx: Tx, freeze_id: str, *, reason: str, actor: str, context: Context) -> None:
    """Lift a freeze: what waited for it goes out by itself. Raises LiftedAlready."""
    if not await store.lift(tx, freeze_id, actor=actor, reason=reason):
        raise LiftedAlready
    tx.audit([_entry("freeze.lifted", freeze_id, actor, reason)])
    tx.after_commit(context.wake.set)


async def _found(view: View, kind: Kind, subject: str) -> dict[str, Any] | None:
    """Return whose a bill, contract, route or rule is, of a bill its contract and days too; None where there is none."""
    if kind == BILL:
        bill = (await bills_store.heads(view, [subject])).get(subject)
        names = ("org_unit", "contract_no", "period_from", "period_to")
        return {name: bill._mapping[name] for name in names} if bill is not None else None
    if kind == RULE:
        return {"org_unit": WHOLE_UTILITY} if said.is_known(subject) else None
    unit = await (units_store.unit_of if kind == CONTRACT else runs_store.unit_of_route)(view, subject)
    return None if unit is None else {"org_unit": unit}


def _entry(action: str, freeze_id: str, actor: str, reason: str) -> AuditEntry:
    return AuditEntry(action=action, entity_kind="freeze", entity_id=freeze_id, actor=actor, reason=reason)

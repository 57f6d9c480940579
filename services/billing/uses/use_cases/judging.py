"""A person says of a finding of use whether it was right: what its detector is worth follows from that."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from services.billing.business_day import store as business_day
from services.billing.review.use_cases import Verdict
from services.billing.uses import store
from services.billing.uses.domain.findings import LIFE, UseFinding
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.web import conditional


class UnknownFinding(BusinessError):
    status = 404
    code = "use_finding.unknown"
    title = "There is no such finding of use"


class NotOpen(BusinessError):
    code = "use_finding.not_open"
    title = "Somebody has said of the finding what it is, or it was withdrawn"


async def judge(
    tx: Tx,
    finding_id: str,
    *,
    verdict: Verdict,
    explanation: str,
    seen: int,
    actor: str,
    may_see: Callable[[str], bool],
    day: date | None = None,
) -> UseFinding:
    """Say of a finding, in the version seen, whether it is right, wrong or known, and return it.

    `day`: by default the latest business date that billing knows, else the day of the finding. Raises UnknownFinding, NotOpen,
    conditional.Stale.
    """
    found = await store.lock(tx, finding_id)
    if found is None or not may_see(found.place.org_unit):
        raise UnknownFinding
    conditional.require(seen, found.version)
    if not LIFE.may(found.state, "judge"):
        raise NotOpen(found.state)
    on = max(day or await business_day.latest(tx) or found.changed_on, found.found_on)
    judged = replace(
        found,
        state=LIFE.move(found.state, "judge"),
        verdict=verdict,
        changed_on=on,
        version=found.version + 1,
        judged=found.judge(verdict, on),
    )
    await store.put(tx, [judged])
    await store.add_verdict(tx, judged, decided_by=actor, day=on)
    tx.audit(
        [
            AuditEntry(
                action=f"use_finding.{verdict}",
                entity_kind="use_finding",
                entity_id=finding_id,
                actor=actor,
                reason=explanation,
                before_version=found.version,
                after_version=judged.version,
            )
        ]
    )
    return judged

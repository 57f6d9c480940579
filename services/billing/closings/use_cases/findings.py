"""Findings about closings follow from what is known, and a person who had no part in the closing says what becomes of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from services.billing.closings.domain import findings as domain
from services.billing.closings.domain.closing import Clock, Closing, Known
from services.billing.closings.domain.findings import EXPLAINED, OPEN, Finding
from services.billing.closings.store import findings as store
from services.billing.closings.use_cases import by_hand
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError


class UnknownFinding(BusinessError):
    status = 404
    code = "closing_finding.unknown"
    title = "Nothing of that code was found about the closing"


class NotOpen(BusinessError):
    status = 409
    code = "closing_finding.not_open"
    title = "It is explained already, or follows no more"


class Changed(BusinessError):
    status = 409
    code = "closing_finding.changed"
    title = "Something else is found by now than what was explained"


class TookPart(BusinessError):
    status = 403
    code = "closing_finding.explained_by_who_took_part"
    title = "Who proposed, checked, told or approved the closing may not explain what is found about it"


async def bring(tx: Tx, closings: Sequence[Closing], known: Mapping[str, Known], clock: Clock) -> None:
    """Bring the findings about locked closings in line with what is known (three statements for any number)."""
    before = await store.about(tx, [each.closing_no for each in closings])
    due_on = clock.explain_by()
    changed = [
        finding
        for each in closings
        for finding in domain.follow(
            each,
            domain.found(each, known[each.closing_no]),
            before.get(each.closing_no, {}),
            on=clock.on,
            due_on=due_on,
        )
    ]
    await store.write(tx, changed)


async def explain(
    tx: Tx, closing_no: str, code: str, *, what: str, explanation: str, actor: str, may_see: Callable[[str], bool]
) -> Finding:
    """Say what becomes of a finding as it was seen. Raises UnknownClosing, UnknownFinding, NotOpen, Changed, TookPart."""
    closing = await by_hand.locked(tx, closing_no, may_see)
    finding = (await store.about(tx, [closing_no])).get(closing_no, {}).get(code)
    if finding is None:
        raise UnknownFinding
    if finding.state != OPEN:
        raise NotOpen(finding.state)
    if finding.what != what:
        raise Changed(finding.what)
    had_a_part = (closing.proposed_by, closing.checked_by, closing.told_by, closing.requested_by, closing.approved_by)
    if actor in had_a_part:
        raise TookPart
    finding = replace(finding, state=EXPLAINED, explained_by=actor, explanation=explanation)
    await store.write(tx, [finding])
    tx.audit(
        [
            AuditEntry(
                action="closing_finding.explained",
                entity_kind="closing_finding",
                entity_id=f"{closing_no}:{code}",
                actor=actor,
                reason=explanation,
            )
        ]
    )
    return finding

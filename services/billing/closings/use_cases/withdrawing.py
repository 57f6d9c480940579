"""Closings are withdrawn: their customers are told, nothing of them waits any more, and who objected is left alone for a time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from services.billing.bills.domain.closing_rules import ClosingRules, months_after
from services.billing.bills.domain.policy import CLOSING
from services.billing.closings.domain.closing import Closing
from services.billing.closings.domain.life import OBJECTED
from services.billing.closings.domain.unused import EXPLAINED, OPEN, TAKEN_UP
from services.billing.closings.domain.unused import OBJECTED as BY_OBJECTION
from services.billing.closings.store import findings as findings_store
from services.billing.closings.store import unused as unused_store
from services.billing.closings.use_cases import site_orders
from shared import approvals
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.events.closings import ClosingWithdrawn


async def follow(
    tx: Tx, withdrawn: Sequence[Closing], *, on: date, actor: str, reason: str, rules: ClosingRules
) -> None:
    """Do what follows for closings that have just been withdrawn; a fixed number of statements for any number of them."""
    if not withdrawn:
        return
    site_orders.take_back(tx, withdrawn, by=actor, on=on)
    await findings_store.withdraw(tx, [each.closing_no for each in withdrawn])
    await approvals.drop(tx, CLOSING, [each.closing_no for each in withdrawn], actor=actor, reason=reason)
    rows = await unused_store.locked(tx, sorted(each.contract_no for each in withdrawn))
    left = []
    for each in withdrawn:
        row = rows.get(each.contract_no)
        if row is None or row.state != TAKEN_UP:
            continue
        row = replace(row, state=OPEN, closing_no=None)
        if each.code == OBJECTED:
            until = months_after(on, rules.objected_months)
            row = replace(row, state=EXPLAINED, why=BY_OBJECTION, explained_until=until, explained_by=actor)
        left.append(row)
    await unused_store.write(tx, left)
    tx.publish(
        [
            ClosingWithdrawn(
                closing_no=each.closing_no,
                account_no=each.account_no,
                service_point_no=each.service_point_no,
                org_unit=each.org_unit,
                withdrawn_on=on,
                code=each.code or "",
                announced_on=each.announced_on,
            )
            for each in withdrawn
        ]
    )
    tx.audit(
        [
            AuditEntry(
                action="closing.withdrawn",
                entity_kind="closing",
                entity_id=each.closing_no,
                actor=actor,
                reason=reason or each.code or "",
                after_version=each.version,
            )
            for each in withdrawn
        ]
    )

"""A closing is proposed for what the self-check has found: another person is to check it on site."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from services.billing.closings.domain.closing import Clock, Closing
from services.billing.closings.domain.life import CHECKING, LIFE
from services.billing.closings.domain.unused import OPEN, TAKEN_UP
from services.billing.closings.store import closings
from services.billing.closings.store import unused as unused_store
from services.billing.closings.use_cases import site_orders
from services.billing.closings.use_cases.finding import NotOpen, UnknownUnused
from services.billing.context import Context
from services.billing.contracts.store import contracts as contracts_store
from shared import ids
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError


class UnderWay(BusinessError):
    status = 409
    code = "closing.under_way"
    title = "A closing of the contract is under way"


class FoundLater(BusinessError):
    status = 422
    code = "closing.before_it_was_found"
    title = "The day lies before that on which the supply was found unused"


async def propose(
    tx: Tx,
    contract_no: str,
    *,
    business_date: date,
    explanation: str,
    actor: str,
    may_see: Callable[[str], bool],
    context: Context,
) -> Closing:
    """Begin the closing (销户) of a contract on the work list, and ask for its check on site.

    Raises UnknownUnused, NotOpen, UnderWay, FoundLater. Of two who propose the same at a moment one waits for the other.
    """
    seen = await unused_store.get(tx, contract_no)
    if seen is None or not may_see(seen.org_unit):
        raise UnknownUnused
    await contracts_store.lock(tx, [seen.account_no])
    row = (await unused_store.locked(tx, [contract_no]))[contract_no]
    if contract_no in await closings.of_contracts(tx, [contract_no]):
        raise UnderWay
    if row.state != OPEN:
        raise NotOpen(row.state)
    if business_date < row.found_on:
        raise FoundLater
    clock = Clock(on=business_date, rules=context.policies.on(business_date).closing, calendar=context.calendar)
    closing = Closing(
        closing_no=ids.new(),
        account_no=row.account_no,
        contract_no=contract_no,
        service_point_no=row.service_point_no,
        org_unit=row.org_unit,
        since=row.since,
        state=LIFE.start(CHECKING),
        version=1,
        proposed_on=business_date,
        proposed_by=actor,
        explanation=explanation,
        check_order_no=ids.new(),
        due_on=clock.due(CHECKING),
    )
    await closings.insert(tx, closing)
    await unused_store.write(tx, [replace(row, state=TAKEN_UP, closing_no=closing.closing_no)])
    await site_orders.ask(tx, closing, by=actor, on=business_date)
    audit(tx, "closing.proposed", closing, actor, explanation)
    return closing


def audit(tx: Tx, action: str, closing: Closing, actor: str, reason: str) -> None:
    """Note who has done what to a closing, and why, in the words of a person or as a code."""
    tx.audit(
        [
            AuditEntry(
                action=action,
                entity_kind="closing",
                entity_id=closing.closing_no,
                actor=actor,
                reason=reason,
                after_version=closing.version,
            )
        ]
    )

"""What customers owed when the utility went live."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from services.collection.ledger.domain.documents import OPENING, Debt
from services.collection.ledger.domain.months import is_closed
from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.store import accounts, months
from services.collection.ledger.use_cases import commands
from services.collection.receivables import store
from services.collection.receivables.use_cases import bills
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.org_units import covers, word
from shared.outcome import OTHER_ORG_UNIT, REPEATED, Outcome, refused


async def post_openings(
    tx: Tx, *, policy: Policy, openings: Sequence[Debt], today: date, actor: str, units: Sequence[str]
) -> list[Outcome]:
    """Post what customers owed when the utility went live, against the `opening` account.

    Refused: a document that is given twice, a posting day in a closed month or in the future, an account of another org unit.
    An account that is not known yet: the item waits for it, and is checked again by the org `units` of who brought it.
    """
    await store.hold_arrivals(tx, alone=False)
    opened = await months.open_from(tx)
    org_units = await accounts.org_units(tx, [debt.account_no for debt in openings])
    outcomes: dict[int, Outcome] = {}
    given = Counter(debt.document_id for debt in openings)
    for index, debt in enumerate(openings):
        if given[debt.document_id] > 1:
            outcomes[index] = refused(REPEATED, id=debt.document_id)
        elif is_closed(debt.posted_on, opened):
            outcomes[index] = refused(commands.MonthClosed.code, commands.MonthClosed.title)
        elif debt.posted_on > today:
            outcomes[index] = refused("receivable.dated_in_future", "The posting day lies in the future")
        elif debt.account_no in org_units and not covers(units, org_units[debt.account_no]):
            outcomes[index] = refused(OTHER_ORG_UNIT)
    rest = [index for index in range(len(openings)) if index not in outcomes]
    posted = await bills.post_debts(
        tx, policy=policy, opened=opened, debts=[openings[index] for index in rest], word=word(units)
    )
    outcomes.update(zip(rest, posted, strict=True))
    tx.audit(
        [
            AuditEntry(
                action="receivable.open", entity_kind=OPENING, entity_id=openings[index].document_id, actor=actor
            )
            for index, outcome in outcomes.items()
            if outcome.status in ("done", "waiting")
        ]
    )
    return [outcomes[index] for index in range(len(openings))]

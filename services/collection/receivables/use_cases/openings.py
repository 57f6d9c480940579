"""What customers owed when the utility went live."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from services.collection.ledger.domain.documents import OPENING, Debt
from services.collection.ledger.domain.months import is_closed
from services.collection.ledger.domain.policy import APPROVALS, OPENING_RECEIVABLE, Policy
from services.collection.ledger.store import accounts, loading, months
from services.collection.ledger.use_cases import commands
from services.collection.receivables import store
from services.collection.receivables.use_cases import bills
from shared import approvals
from shared.db.approvals import Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.org_units import covers, word
from shared.outcome import OTHER_ORG_UNIT, REPEATED, Outcome, refused


class NotPosted(BusinessError):
    status = 409
    code = "receivable.not_posted"
    title = "The opening receivable cannot be posted any more"


async def post_openings(
    tx: Tx,
    *,
    policy: Policy,
    openings: Sequence[Debt],
    today: date,
    actor: str,
    units: Sequence[str],
    approved: bool = False,
) -> list[Outcome]:
    """Post what customers owed when the utility went live, against the `opening` account.

    Refused: a document that is given twice, a posting day in a closed month or in the future, an account of another org unit.
    An account that is not known yet: the item waits for it, and is checked again by the org `units` of who brought it. What is of
    an amount that the policy names is asked for, unless a second person has `approved` it.
    """
    large = {} if approved else _large(policy, openings, today)
    await store.hold_arrivals(tx, alone=bool(large))  # of two who ask for one document one waits for the other
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
    if asking := await _unknown(tx, [openings[index] for index in rest if openings[index].document_id in large]):
        asked = await _ask(tx, asking, large, actor=actor, units=units, org_units=org_units)
        outcomes.update({i: asked[openings[i].document_id] for i in rest if openings[i].document_id in asked})
        rest = [index for index in rest if index not in outcomes]
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


def kind_of_approval(policy: Policy, today: Callable[[], date]) -> approvals.Kind:
    """Return the kind of approval that posts an opening receivable."""

    async def carry_out(tx: Tx, approval: Approval, _actor: str) -> None:
        (outcome,) = await post_openings(
            tx,
            policy=policy,
            openings=[store.DEBT.validate_python(approval.content["debt"])],
            today=today(),
            actor=approval.requested_by,
            units=approval.content["units"],
            approved=True,
        )
        if outcome.status not in ("done", "already_done", "waiting"):
            raise NotPosted(outcome.code)

    return approvals.Kind(name=OPENING_RECEIVABLE, scope=APPROVALS[OPENING_RECEIVABLE], carry_out=carry_out)


def _large(policy: Policy, openings: Sequence[Debt], today: date) -> dict[str, str]:
    """Return by document the scope of the second person, of those that need one."""
    scopes = {debt.document_id: policy.second_person(OPENING_RECEIVABLE, today, debt.total_fen) for debt in openings}
    return {document_id: scope for document_id, scope in scopes.items() if scope is not None}


async def _unknown(tx: Tx, debts: Sequence[Debt]) -> list[Debt]:
    """Return those that neither are posted nor wait for their account."""
    posted = await loading.existing_documents(tx, debts)
    waiting = await store.waiting(tx, OPENING, [debt.document_id for debt in debts])
    return [d for d in debts if (d.document_kind, d.document_id) not in posted and d.document_id not in waiting]


async def _ask(
    tx: Tx,
    debts: Sequence[Debt],
    large: Mapping[str, str],
    *,
    actor: str,
    units: Sequence[str],
    org_units: Mapping[str, str],
) -> dict[str, Outcome]:
    asked = [
        approvals.Asking(
            subject_id=debt.document_id,
            content={"debt": store.DEBT.dump_python(debt, mode="json"), "units": sorted(units)},
            org_unit=org_units.get(debt.account_no) or approvals.unit_above(units),
            requested_by=actor,
            second=large[debt.document_id],
        )
        for debt in debts
    ]
    found = await approvals.ask_all(tx, OPENING_RECEIVABLE, asked)
    return {each.subject_id: approvals.outcome(approval) for each, approval in zip(asked, found, strict=True)}

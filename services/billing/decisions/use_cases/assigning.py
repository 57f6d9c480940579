"""Whose a bill in review is (派单、领单): given to a person, claimed, given back; and the next one of the queue."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row

from services.billing.bills.domain.bills import HELD, PROPOSED
from services.billing.bills.store import bills as bills_store
from services.billing.bills.store import queue as queue_store
from services.billing.bills.store.queue import Filters
from services.billing.context import Context
from services.billing.contracts.store import contracts as contracts_store
from services.billing.decisions.use_cases import queue
from services.billing.decisions.use_cases.checking import AssignedToAnother, ReviewerRead, UnknownBill
from services.billing.decisions.use_cases.queue import ORDERED_MAX, Order
from services.billing.review import store as review_store
from shared.db.audit import AuditEntry
from shared.db.columns import Condition
from shared.db.engine import Tx
from shared.outcome import REPEATED, Outcome, refused

NOT_IN_REVIEW: Final = "bill.not_in_review"
TRIED_MAX: Final = 500
"""Bills that are tried for one caller: more than there are others who ask at the same moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Whose a bill is to be, nobody's where `assignee` is none. `claimed`: not where it is somebody else's."""

    bill_id: str
    assignee: str | None
    claimed: bool = False


async def assign(tx: Tx, given: Sequence[Assignment], *, actor: str, may_see: Callable[[str], bool]) -> list[Outcome]:
    """Make bills in review those of persons, or nobody's, one outcome per item. Whose they were before they are no more.

    Refused is a bill that is not in review, a person who had a hand in its reads, and a claim on what is another's.
    """
    times = Counter(each.bill_id for each in given)
    before = await bills_store.heads(tx, list(times))
    await contracts_store.lock_at(tx, [row.service_point_no for row in before.values()])
    heads = await bills_store.heads(tx, list(before))
    owners = await review_store.assignees(tx, list(heads))
    readers = await review_store.readers(tx, list(heads))
    outcomes = []
    for each in given:
        row = heads.get(each.bill_id)
        if times[each.bill_id] > 1:
            outcomes.append(refused(REPEATED, id=each.bill_id))
        elif row is None or not may_see(row.org_unit):
            outcomes.append(refused(UnknownBill.code, UnknownBill.title, id=each.bill_id))
        else:
            outcomes.append(_judge(each, row, owners.get(row.bill_id), readers.get(row.bill_id, ())))
    done = [each for each, outcome in zip(given, outcomes, strict=True) if outcome.status == "done"]
    await review_store.assign(tx, {each.bill_id: each.assignee for each in done if each.assignee}, actor)
    await review_store.end_assignments(tx, [each.bill_id for each in done if not each.assignee])
    tx.audit([_entry(each, heads, actor) for each in done])
    return outcomes


async def claim_next(
    tx: Tx, *, subject: str, visible: Condition, filters: Filters, order: Order, context: Context
) -> str | None:
    """Make the first bill of the queue that is nobody's the caller's, and return its id; None where there is none for them.

    Whose reads they had a hand in are passed over. Two who ask at the same moment never get the same: who comes second sees the
    lock on the bill, or whose it has become. Raises TooManyToOrder.
    """
    if order == "age":
        rows = await queue_store.page(
            tx, visible=visible, after=queue_store.from_the_first, limit=TRIED_MAX, filters=filters, free_for=subject
        )
        candidates = [row.bill_id for row in rows]
    else:
        said = await queue.judged(tx, visible, tx.now, context)
        waiting = await queue_store.to_order(
            tx, visible=visible, limit=ORDERED_MAX + 1, filters=filters, free_for=subject
        )
        candidates = [bill_id for _, bill_id in said.by_risk(waiting)[:TRIED_MAX]]
    while (row := await queue_store.lock_first(tx, candidates)) is not None:
        if not await review_store.assignees(tx, [row.bill_id]):
            await review_store.assign(tx, {row.bill_id: subject}, subject)
            mine = Assignment(bill_id=row.bill_id, assignee=subject, claimed=True)
            tx.audit([_entry(mine, {row.bill_id: row}, subject)])
            return str(row.bill_id)
        candidates = candidates[candidates.index(row.bill_id) + 1 :]
    return None


def _judge(each: Assignment, row: Row[Any], owner: str | None, readers: Sequence[str]) -> Outcome:
    if owner == each.assignee:
        return Outcome("already_done", id=each.bill_id)
    if row.status not in (HELD, PROPOSED):
        return refused(NOT_IN_REVIEW, "the bill waits for no decision", id=each.bill_id)
    if each.assignee in readers:
        return refused(ReviewerRead.code, ReviewerRead.title, id=each.bill_id)
    if each.claimed and owner is not None:
        return refused(AssignedToAnother.code, AssignedToAnother.title, id=each.bill_id)
    return Outcome("done", id=each.bill_id)


def _entry(each: Assignment, heads: Mapping[str, Row[Any]], actor: str) -> AuditEntry:
    version = heads[each.bill_id].row_version
    return AuditEntry(
        action="bill.claimed" if each.claimed else "bill.assigned" if each.assignee else "bill.given_back",
        entity_kind="bill",
        entity_id=each.bill_id,
        actor=actor,
        reason=each.assignee or "",
        before_version=version,
        after_version=version,
    )

"""What customers answer about the day of a joint re-read, or that they were silent."""

from collections.abc import Sequence

from services.reading.disputes import store
from services.reading.disputes.domain import CONFIRMED, DECLINED, UNANSWERED, YES, Dispute, answer
from services.reading.network.store import points
from shared.db.engine import Tx
from shared.events.notify import Answer, QuestionExpired


async def take(tx: Tx, told: Sequence[Answer]) -> Sequence[Answer]:
    """Note what became of questions about disputes; one that was withdrawn, as another day was proposed, changes nothing.

    Return those about disputes that are not there.
    """
    found = await store.by_no(tx, sorted({each.subject_id for each in told}))
    await points.lock(tx, sorted({each.point for each in found.values()}))
    disputes = await store.lock(tx, sorted(found))
    changed: dict[str, Dispute] = {}
    for each in told:
        dispute = changed.get(each.subject_id) or disputes.get(each.subject_id)
        if dispute and dispute.is_asking and dispute.question_id == each.question_id:
            changed[dispute.dispute_no] = answer(dispute, _presence(each))
    await store.write_presence(tx, list(changed.values()))
    return [each for each in told if each.subject_id not in found]


def _presence(told: Answer) -> str:
    if isinstance(told, QuestionExpired):
        return UNANSWERED
    return CONFIRMED if told.answer == YES else DECLINED

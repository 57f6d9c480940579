"""Facts of notify that prove what customers were told."""

from collections.abc import Mapping, Sequence

from services.collection.cuts.use_cases import prepaying, telling
from services.collection.cuts.use_cases.ways import Ways
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.fact import Fact
from shared.events.notify import NoticeDelivered, PersonTold


def handlers(ways: Ways) -> Mapping[type[Fact], Handler]:
    """Return the handlers by type."""

    async def delivered(tx: Tx, facts: Sequence[NoticeDelivered]) -> None:
        proofs = [(fact.cause_id, fact.delivered_at) for fact in facts if fact.cause_kind == telling.CAUSE]
        if proofs:
            await telling.told(tx, proofs, ways)
        proofs = [(fact.cause_id, fact.delivered_at) for fact in facts if fact.cause_kind == prepaying.CAUSE]
        if proofs:
            await prepaying.told(tx, proofs, ways)

    async def person_told(tx: Tx, facts: Sequence[PersonTold]) -> None:
        proofs = [(fact.cause_id, fact.told_at) for fact in facts if fact.cause_kind == telling.CAUSE]
        if proofs:
            await telling.told(tx, proofs, ways)
        proofs = [(fact.cause_id, fact.told_at) for fact in facts if fact.cause_kind == prepaying.CAUSE]
        if proofs:
            await prepaying.told(tx, proofs, ways)

    return {NoticeDelivered: delivered, PersonTold: person_told}

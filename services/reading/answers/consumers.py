"""Answers of customers: each goes to whoever asked, by what the question was about."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from services.reading.appointments import domain as appointments
from services.reading.appointments.use_cases import answering as arranged
from services.reading.disputes import domain as disputes
from services.reading.disputes.use_cases import answering as disputed
from services.reading.read_day_changes import domain as read_day_changes
from services.reading.read_day_changes.use_cases import answering
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.fact import Fact
from shared.events.notify import CustomerAnswered, QuestionExpired

UseCase = Callable[[Tx, Sequence[Any]], Awaitable[None]]
ASKERS: Final[Mapping[str, UseCase]] = {
    read_day_changes.CHANGE: answering.take,
    read_day_changes.VISIT: answering.take,
    disputes.SUBJECT: disputed.take,
    appointments.SUBJECT: arranged.take,
}
"""By kind of subject who takes the answers; other services ask about others."""


async def take(tx: Tx, facts: Sequence[CustomerAnswered | QuestionExpired]) -> None:
    """Give answers, and that there was none, to who asked, in the order in which they came."""
    by_asker: dict[UseCase, list[CustomerAnswered | QuestionExpired]] = {}
    for fact in facts:
        if asker := ASKERS.get(fact.subject_kind):
            by_asker.setdefault(asker, []).append(fact)
    for asker, its in by_asker.items():
        await asker(tx, its)


def handlers() -> Mapping[type[Fact], Handler]:
    """Return the handlers by type."""
    return {CustomerAnswered: take, QuestionExpired: take}

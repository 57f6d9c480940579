"""Answers of customers: each goes to whoever asked, by what the question was about."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final

from services.reading.answers.use_cases import own_reads as reported
from services.reading.appointments import domain as appointments
from services.reading.appointments.use_cases import answering as arranged
from services.reading.context import Context
from services.reading.disputes import domain as disputes
from services.reading.disputes.use_cases import answering as disputed
from services.reading.network.store import points
from services.reading.own_reads import domain as own_reads
from services.reading.read_day_changes import domain as read_day_changes
from services.reading.read_day_changes.use_cases import answering
from services.reading.validation import store as findings
from services.reading.validation.domain.findings import Finding, Found
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.fact import Fact
from shared.events.notify import Answer, CustomerAnswered, QuestionExpired

Asker = Callable[[Tx, Sequence[Answer]], Awaitable[Sequence[Answer]]]
"""Takes answers, and returns those to what was never asked."""
UNKNOWN_QUESTION: Final = "reading.unknown_question"
ASKERS: Final[Mapping[str, Asker]] = {
    read_day_changes.CHANGE: answering.take,
    read_day_changes.VISIT: answering.take,
    disputes.SUBJECT: disputed.take,
    appointments.SUBJECT: arranged.take,
}
"""By kind of subject who takes the answers, but for own reads; other services ask about others."""


async def take(tx: Tx, facts: Sequence[Answer], *, askers: Mapping[str, Asker]) -> None:
    """Give answers, and that there was none, to who asked, in the order in which they came.

    One to what was never asked is a finding.
    """
    by_asker: dict[Asker, list[Answer]] = {}
    for fact in facts:
        if asker := askers.get(fact.subject_kind):
            by_asker.setdefault(asker, []).append(fact)
    unknown = [each for asker, its in by_asker.items() for each in await asker(tx, its)]
    known = await points.by_no(tx, sorted({fact.service_point_no for fact in unknown}))
    found = [
        Found(
            entity_kind="question",
            entity_id=fact.question_id,
            finding=Finding(UNKNOWN_QUESTION, {}),
            service_point_no=fact.service_point_no,
            org_unit=known[fact.service_point_no].org_unit if fact.service_point_no in known else "",
            cycle="",
        )
        for fact in unknown
    ]
    await findings.insert(tx, found)


def handlers(own: Context) -> Mapping[type[Fact], Handler]:
    """Return the handlers by type."""
    handler = partial(take, askers={**ASKERS, own_reads.SUBJECT: partial(reported.take, own=own)})
    return {CustomerAnswered: handler, QuestionExpired: handler}

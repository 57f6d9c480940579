"""Facts that ask become questions, of whatever kind, and their notices; whose account is not known yet waits for it."""

from collections.abc import Sequence

from services.notify.accounts import store as accounts
from services.notify.causes.use_cases.telling import resolve
from services.notify.notices.domain.causes import Cause
from services.notify.notices.domain.states import WAITS_FOR_ACCOUNT
from services.notify.notices.store import unaddressed
from services.notify.notices.use_cases.queueing import queue_causes
from services.notify.policies.domain import Policies
from services.notify.questions.domain.questions import Question
from services.notify.questions.use_cases import hearing
from services.notify.templates.domain import Kind
from shared.db.engine import Tx
from shared.events.fact import Question as Asking


async def ask(tx: Tx, facts: Sequence[Asking], policies: Policies, kind: Kind) -> None:
    """Keep each question once, and tell it to the contacts of whoever is supplied at its point on the day of asking."""
    causes: dict[str, Cause] = {fact.question_id: kind.cause(fact) for fact in facts}
    points = [fact.service_point_no for fact in facts]
    await accounts.lock_anchors(tx, map(accounts.service_point_anchor, points))
    known, unknown = resolve(list(causes.values()), await accounts.supplies(tx, points), {kind.name: kind})
    addressed = {cause.id: cause for cause in known}
    asked = await hearing.keep(
        tx, [_question(fact, kind, kind.cause(fact), addressed.get(fact.question_id)) for fact in facts]
    )
    if waiting := [cause for cause in unknown if cause.id in asked]:
        await unaddressed.set_aside(tx, waiting, WAITS_FOR_ACCOUNT)
    if told := [cause for cause in known if cause.id in asked]:
        await queue_causes(tx, told, policies)


def _question(fact: Asking, kind: Kind, cause: Cause, addressed: Cause | None) -> Question:
    return Question(
        question_id=fact.question_id,
        template=cause.template,
        subject_kind=fact.subject_kind,
        subject_id=fact.subject_id,
        service_point_no=fact.service_point_no,
        account_no=addressed.account_no if addressed else None,
        org_unit=addressed.org_unit if addressed else fact.org_unit,
        asked_on=fact.asked_on,
        answer_by=fact.answer_by,
        answers=fact.answers,
        figures=cause.figures,
        asked=kind.asked(fact) if kind.asked else (),
    )

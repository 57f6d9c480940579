"""What others tell of closings is kept under its own number, in any order; the job of the business date decides by it."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from services.billing.business_day import store as business_day
from services.billing.closings.domain.closing import DELIVERED, Settled
from services.billing.closings.store import told
from services.billing.closings.store.told import AnswerTold, NoticeTold
from services.billing.closings.use_cases.advancing import SUBJECT_KIND
from shared.db.engine import Tx
from shared.events.collection import AccountSettled
from shared.events.fact import newest
from shared.events.meters import MeterTakenBack
from shared.events.notify import CustomerAnswered, NoticeDelivered, NoticeFailed, QuestionExpired

TEMPLATE = "closing_announced"
"""The kind of notice by which notify tells of an announcement; its cause is the question of the closing."""
FAILED = "failed"
UNTOLD = ("undeliverable", "nobody")


async def delivered(tx: Tx, facts: Sequence[NoticeDelivered], zone: ZoneInfo) -> None:
    """Keep which announcements were delivered: on the civil day of the utility, or an earlier latest business date."""
    first = {fact.notice_id: fact for fact in reversed(facts) if fact.template == TEMPLATE}
    if not first:
        return
    latest = await business_day.latest(tx) or date.max
    await told.keep_notices(
        tx,
        [
            NoticeTold(
                notice_id=fact.notice_id,
                closing_no=fact.cause_id,
                outcome=DELIVERED,
                code=fact.channel,
                on=min(fact.delivered_at.astimezone(zone).date(), latest),
            )
            for fact in first.values()
        ],
    )


async def failed(tx: Tx, facts: Sequence[NoticeFailed]) -> None:
    """Keep which announcements could not be delivered, and why."""
    first = {fact.notice_id: fact for fact in reversed(facts) if fact.template == TEMPLATE}
    await told.keep_notices(
        tx,
        [
            NoticeTold(notice_id=fact.notice_id, closing_no=fact.cause_id, outcome=FAILED, code=fact.reason, on=None)
            for fact in first.values()
        ],
    )


async def answered(tx: Tx, facts: Sequence[CustomerAnswered]) -> None:
    """Keep all that customers have answered to announcements: of several answers none is dropped."""
    mine = [fact for fact in facts if fact.subject_kind == SUBJECT_KIND]
    first = {(fact.subject_id, fact.answer, fact.answered_on): fact for fact in reversed(mine)}
    await told.keep_answers(
        tx,
        [
            AnswerTold(
                closing_no=fact.subject_id,
                answer=fact.answer,
                answered_on=fact.answered_on,
                way=fact.way,
                recorded_by=fact.recorded_by,
            )
            for _, fact in sorted(first.items())
        ],
    )


async def expired(tx: Tx, facts: Sequence[QuestionExpired]) -> None:
    """Keep which announcements reached nobody; who was told and said nothing has agreed to nothing, and objects to nothing."""
    mine = [fact for fact in facts if fact.subject_kind == SUBJECT_KIND and fact.reason in UNTOLD]
    first = {fact.question_id: fact for fact in reversed(mine)}
    await told.keep_notices(
        tx,
        [
            NoticeTold(notice_id=number, closing_no=fact.subject_id, outcome=FAILED, code=fact.reason, on=None)
            for number, fact in first.items()
        ],
    )


async def settled(tx: Tx, facts: Sequence[AccountSettled]) -> None:
    """Keep what collection has done with the money of closings."""
    first = {fact.closing_no: fact for fact in reversed(facts)}
    await told.keep_settlements(
        tx,
        [
            (number, Settled(on=fact.settled_on, paid_out_fen=fact.paid_out_fen, kept_fen=fact.kept_fen))
            for number, fact in sorted(first.items())
        ],
    )


async def meters_back(tx: Tx, facts: Sequence[MeterTakenBack]) -> None:
    """Keep which meters were taken back, the newest version of each movement in any order."""
    await told.keep_meters(tx, newest(facts, lambda fact: fact.movement_no))

"""What is told of disputes: codes and numbers, no words of people."""

from datetime import timedelta

from services.reading.disputes.domain import SUBJECT, YES, Dispute, Test
from shared import natural
from shared.events.disputes import DisputeChanged, MeterTested
from shared.events.reading import QuestionWithdrawn, VisitProposed

ANSWERS = (YES, "no")


def changed(dispute: Dispute) -> DisputeChanged:
    """Return how a dispute stands now."""
    opened = dispute.opened
    return DisputeChanged(
        version=dispute.version,
        dispute_no=opened.dispute_no,
        service_point_no=opened.service_point_no,
        org_unit=opened.org_unit,
        cycles=opened.cycles,
        state=dispute.state,
        opened_on=opened.opened_on,
        changed_on=dispute.changed_on,
        held_until=dispute.held_until,
        due_on=dispute.due_on,
        visit_on=dispute.visit_on,
        fee_fen=dispute.fee_fen,
        ended_at=dispute.ended_at,
        outcome=dispute.outcome,
    )


def question_id(dispute: Dispute) -> str:
    """Return the id of the next question of a dispute about a day."""
    return natural.key_id(dispute.changed_on, "visit", dispute.dispute_no, dispute.version + 1)


def visit(dispute: Dispute, *, answer_days: int, from_time: str | None, to_time: str | None) -> VisitProposed:
    """Return the question whether the day of a joint re-read suits; it is answered before that day."""
    assert dispute.visit_on is not None
    assert dispute.question_id is not None
    last = min(dispute.changed_on + timedelta(days=answer_days), dispute.visit_on - timedelta(days=1))
    return VisitProposed(
        question_id=dispute.question_id,
        subject_kind=SUBJECT,
        subject_id=dispute.dispute_no,
        service_point_no=dispute.point,
        org_unit=dispute.opened.org_unit,
        asked_on=dispute.changed_on,
        answers=ANSWERS,
        answer_by=last,
        purpose="joint_reread",
        visit_on=dispute.visit_on,
        from_time=from_time,
        to_time=to_time,
    )


def withdrawn(dispute: Dispute, reason: str) -> QuestionWithdrawn:
    """Return that the question about the day needs no answer any more."""
    assert dispute.question_id is not None
    return QuestionWithdrawn(question_id=dispute.question_id, service_point_no=dispute.point, reason=reason)


def tested(test: Test, dispute: Dispute) -> MeterTested:
    """Return what the test of a meter showed."""
    return MeterTested(
        version=test.version,
        dispute_no=test.dispute_no,
        service_point_no=dispute.point,
        org_unit=dispute.opened.org_unit,
        meter_no=test.meter_no,
        error_percent=test.error_percent,
        accuracy_class=test.accuracy_class,
        within_limits=test.within_limits,
        from_=test.from_,
        to=test.to,
        tested_on=test.tested_on,
        decided_on=test.decided_on,
        entered_by=test.entered_by,
        decided_by=test.decided_by,
    )

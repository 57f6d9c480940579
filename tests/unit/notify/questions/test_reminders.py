"""When reminders come due."""

from datetime import date

import pytest

from services.notify.questions.domain import reminders
from services.notify.questions.domain.questions import why_unanswered

ASKED, ANSWER_BY = date(2026, 2, 2), date(2026, 2, 12)


@pytest.mark.parametrize(
    ("day", "count"), [(date(2026, 2, 8), 0), (date(2026, 2, 9), 1), (date(2026, 2, 11), 2), (date(2026, 3, 1), 2)]
)
def test_each_reminder_is_due_so_many_days_before_the_last_day(day: date, count: int) -> None:
    assert reminders.due((3, 1), asked_on=ASKED, answer_by=ANSWER_BY, business_date=day) == count


def test_a_reminder_that_would_come_no_later_than_the_question_is_none() -> None:
    assert reminders.due((10, 9), asked_on=ASKED, answer_by=ANSWER_BY, business_date=ANSWER_BY) == 1


def test_each_reminder_of_a_question_is_a_cause_of_its_own_and_the_same_when_it_is_made_again() -> None:
    ids = [reminders.cause_id("q1", ASKED, number) for number in (1, 2, 1)]
    assert len(set(ids)) == 2
    assert ids[0] == ids[2]


@pytest.mark.parametrize(
    ("delivered", "why"),
    [((), "nobody"), ((False,), "undeliverable"), ((False, False), "undeliverable"), ((False, True), "silent")],
)
def test_why_nobody_answered_is_told_by_what_was_delivered(delivered: tuple[bool, ...], why: str) -> None:
    assert why_unanswered(delivered) == why

"""When a question is asked again."""

from collections.abc import Sequence
from datetime import date, timedelta

from shared import natural


def due(days_before: Sequence[int], *, asked_on: date, answer_by: date, business_date: date) -> int:
    """Return how many reminders (再次提醒) have come due by a business date: each so many days before the last day for an answer.

    One that would come no later than the question itself is none.
    """
    days = [answer_by - timedelta(days=before) for before in days_before]
    return sum(asked_on < day <= business_date for day in days)


def cause_id(question_id: str, asked_on: date, number: int) -> str:
    """Return the id of a reminder as the cause of its notices: made again, it is the same."""
    return natural.key_id(asked_on, "question reminder", question_id, number)

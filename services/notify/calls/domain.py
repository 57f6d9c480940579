"""Call tasks (电话通知任务): a notice whose way is a fixed line is told by a person, and what was said is what became of it."""

from datetime import datetime, timedelta
from typing import Final, Literal

from services.notify.policies.domain import CALLS, Calls

GATEWAY: Final = CALLS
TOLD: Final = "told"
PROMISED: Final = "promised"
NOT_REACHED: Final = "not_reached"
WRONG_NUMBER: Final = "wrong_number"
CallOutcome = Literal["told", "promised", "not_reached", "wrong_number"]
HELD_HOURS = 4  # who took a task and said nothing has gone home: another may take it


def held_until(taken_at: datetime) -> datetime:
    """Return until when a task is of the person who took it."""
    return taken_at + timedelta(hours=HELD_HOURS)


def next_try(calls: Calls, tries: int, now: datetime) -> datetime | None:
    """Return when somebody who was not reached is called again after so many tries; None: never, another way is taken."""
    return None if tries >= calls.tries else now + timedelta(hours=calls.again_hours)

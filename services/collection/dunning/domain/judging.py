"""How a case of dunning (催费工单) stands on a business day: opened, moved and closed by what is owed. Pure.

Each debt keeps the stage to which it has come, as long as it is owed: a case stands at the highest stage of the debts that
nothing holds. So it falls back once its oldest debt is paid, goes on where it was once a hold has ended, and a debt that is owed
again after it was settled begins anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from services.collection.dunning.domain.ladders import FOR_PEOPLE, Ladder
from shared.statemachine import StateMachine

OPEN: Final = "open"
HELD: Final = "held"
WAITING: Final = "waiting"
CLOSED: Final = "closed"
LIFE: Final = StateMachine(
    name="dunning case",
    starts=(OPEN, WAITING),
    moves={
        "go_on": {OPEN: OPEN, HELD: OPEN, WAITING: OPEN},
        "hold": {OPEN: HELD, HELD: HELD, WAITING: HELD},
        "stand": {OPEN: WAITING, HELD: WAITING, WAITING: WAITING},
        "close": {OPEN: CLOSED, HELD: CLOSED, WAITING: CLOSED},
    },
)
"""`hold`: all that is overdue is held. `stand`: at a stage at which people act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An overdue debt: whether something holds it today, and the stage to which it has come, since when."""

    receivable_id: str
    document_kind: str
    document_id: str
    due_on: date
    outstanding_fen: int
    is_held: bool
    stage: int = 0
    stage_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """How a case stands: its stage and since when, what is done today (the number of a stage), and its debts as they are now."""

    event: str
    stage: int
    stage_on: date | None
    step: int | None
    debts: tuple[Owed, ...]

    @property
    def unheld(self) -> list[Owed]:
        """The debts that nothing holds, oldest first."""
        return [debt for debt in self.debts if not debt.is_held]


def judge(ladder: Ladder, debts: Sequence[Owed], day: date) -> Judged | None:
    """Judge the overdue debts of an account, oldest first, on a day; None where nothing is overdue any more.

    At most one stage is taken a day, and none sooner after the one before it than the policy says, so that days which were missed
    shorten nobody's time. A debt that has come since, and was told of in no step, has the step of the first stage as soon as it
    is old enough itself. A case stands at what people do until they have done it.
    """
    if not debts:
        return None
    unheld = [debt for debt in debts if not debt.is_held]
    if not unheld:
        stage, since = _standing(ladder, debts, len(ladder.stages))
        return Judged(event="hold", stage=stage, stage_on=since, step=None, debts=tuple(debts))
    due = ladder.of(min(debt.due_on for debt in unheld))
    stage, since = _standing(ladder, unheld, max(due, 1))
    stands = stage > 0 and ladder.stages[stage - 1].action in FOR_PEOPLE
    step = None
    if any(debt.stage_on == day for debt in debts):
        pass  # one step a day: this one was judged on it already
    elif due > stage and not stands and ladder.may_follow(stage, since, day):
        step = stage + 1
    elif any(not debt.stage and ladder.of(debt.due_on) for debt in unheld):
        step = 1
    after = tuple(debt if debt.is_held or step is None else _told(ladder, debt, step, day) for debt in debts)
    stage, since = _standing(ladder, [debt for debt in after if not debt.is_held], max(due, 1))
    stands = stage > 0 and ladder.stages[stage - 1].action in FOR_PEOPLE
    return Judged(event="stand" if stands else "go_on", stage=stage, stage_on=since, step=step, debts=after)


def _standing(ladder: Ladder, debts: Sequence[Owed], most: int) -> tuple[int, date | None]:
    """Return the highest stage of debts, and since when they are there; no higher than the track of today has it."""
    most = min(most, len(ladder.stages))
    stage = min(max(debt.stage for debt in debts), most)
    return stage, max((d.stage_on for d in debts if d.stage >= stage and d.stage_on), default=None) if stage else None


def _told(ladder: Ladder, debt: Owed, step: int, day: date) -> Owed:
    """Return a debt that a step was about: it has come to that stage as far as it is old enough, and at least to the first."""
    stage = min(step, max(ladder.of(debt.due_on), 1))
    return debt if stage <= debt.stage else replace(debt, stage=stage, stage_on=day)

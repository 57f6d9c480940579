"""Reading tasks (抄表任务): their life, which cycle a read date closes, and how a task is called."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from shared.frozen import document
from shared.statemachine import StateMachine

CYCLE: Final = "cycle"
CUT: Final = "cut"
ASKED: Final = "asked"
"""Kinds: the read date of a route, a day on which a contract begins or ends, or one whose read is asked to end a period."""

OPEN: Final = "open"
SUSPECT: Final = "suspect"
READ: Final = "read"
ESTIMATED: Final = "estimated"
MISSED: Final = "missed"
SKIPPED: Final = "skipped"
LIFE: Final = StateMachine(
    name="task",
    starts=(OPEN,),
    moves={
        "run_backwards": {OPEN: SUSPECT},
        "read": {OPEN: READ, SUSPECT: READ, READ: READ, ESTIMATED: READ, MISSED: READ, SKIPPED: READ},
        "estimate": {OPEN: ESTIMATED, SUSPECT: ESTIMATED},
        "miss": {OPEN: MISSED, SUSPECT: MISSED},
        "skip": {OPEN: SKIPPED, SUSPECT: SKIPPED},
        "measure_again": {READ: READ, ESTIMATED: ESTIMATED},
    },
)
"""`suspect`: there is a read, but a register runs backwards. `measure_again`: what changed is a read or estimate beside it."""
UNREAD: Final = LIFE.sources("miss")
"""Without a usable read: what the end of the read window finds."""
UNEXPLAINED: Final = (*UNREAD, ESTIMATED, MISSED)
"""Somebody should say why there was no read."""

TaskKey = tuple[str, date]
"""Service point and read date."""


@document
class Task:
    """Read this service point for this date. `import_wh` is of version 1 of its usage; `reread`: read it again."""

    service_point_no: str
    read_date: date
    route_no: str
    cycle: str
    org_unit: str
    kind: str
    status: str
    usage_id: str | None
    import_wh: int | None
    reread: bool

    @property
    def key(self) -> TaskKey:
        """What the task is found by."""
        return self.service_point_no, self.read_date


@document
class TaskState:
    """What becomes of a task: its status, its usage, and the import energy of version 1 of that."""

    status: str
    usage_id: str | None = None
    import_wh: int | None = None


def cycle_of(read_date: date) -> str:
    """Return the cycle, `YYYY-MM`, that a read date closes: the month of the day before it."""
    return (read_date - timedelta(days=1)).strftime("%Y-%m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The tasks of a route's cycle, counted; `usages` and `sum_wh` are of version 1."""

    expected: int
    actual: int
    estimated: int
    missed: int
    usages: int
    sum_wh: int


def task_id(service_point_no: str, read_date: date) -> str:
    """Return the id of a task: point and date joined by `~`."""
    return f"{service_point_no}~{read_date}"

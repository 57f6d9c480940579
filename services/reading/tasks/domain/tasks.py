"""Reading tasks (抄表任务): their life, which cycle a read date closes, and how a task is called."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from shared.frozen import document
from shared.statemachine import StateMachine

CYCLE: Final = "cycle"
BETWEEN: Final = "between"
CUT: Final = "cut"
ASKED: Final = "asked"
"""Kinds: the read date of a route, or one on which the cycle of several months of a contract goes on; a day on which a contract
begins or ends, or one whose read is asked to end a period."""
PLANNED: Final = (CYCLE, BETWEEN)

OPEN: Final = "open"
SUSPECT: Final = "suspect"
READ: Final = "read"
ESTIMATED: Final = "estimated"
MISSED: Final = "missed"
_ANY: Final = (OPEN, SUSPECT, READ, ESTIMATED, MISSED)
LIFE: Final = StateMachine(
    name="task",
    starts=(OPEN,),
    moves={
        "read": dict.fromkeys(_ANY, READ),
        "contradict": dict.fromkeys((OPEN, READ, ESTIMATED), SUSPECT),
        "estimate": dict.fromkeys(_ANY, ESTIMATED),
        "miss": dict.fromkeys(_ANY, MISSED),
        "open_again": dict.fromkeys((SUSPECT, READ, ESTIMATED, MISSED), OPEN),
    },
)
"""What became of a task is what is known of its day: it changes with it. `suspect`: there is a read, but it contradicts others.
`open_again`: its read was annulled or its day is no longer one on which something is decided."""
UNREAD: Final = (OPEN, SUSPECT)
"""Without a usable read: what the end of the read window finds."""
UNEXPLAINED: Final = (*UNREAD, ESTIMATED, MISSED)
"""Somebody should say why there was no read."""

TaskKey = tuple[str, date]
"""Service point and read date."""


@document
class Task:
    """Read this service point for this date. `reread`: read it again."""

    service_point_no: str
    read_date: date
    route_no: str
    cycle: str
    org_unit: str
    kind: str
    status: str
    usage_id: str | None
    reread: bool
    months: int

    @property
    def key(self) -> TaskKey:
        """What the task is found by."""
        return self.service_point_no, self.read_date


@document
class TaskState:
    """What becomes of a task: its status, and the usage that ends on its day."""

    status: str
    usage_id: str | None = None


def cycle_of(read_date: date) -> str:
    """Return the cycle, `YYYY-MM`, that a read date closes: the month of the day before it."""
    return (read_date - timedelta(days=1)).strftime("%Y-%m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The tasks of a route's cycle, counted."""

    expected: int = 0
    actual: int = 0
    estimated: int = 0
    missed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals(Counts):
    """The control totals of a route's cycle: its tasks, and the first versions of usages that were told in time."""

    usages: int = 0
    sum_wh: int = 0


def task_id(service_point_no: str, read_date: date) -> str:
    """Return the id of a task: point and date joined by `~`."""
    return f"{service_point_no}~{read_date}"

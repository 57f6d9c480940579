"""Reading tasks (抄表任务): which cycle a read date closes, and how a task is called."""

from dataclasses import dataclass
from datetime import date, timedelta

TaskKey = tuple[str, date]
"""Service point and read date."""


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadReason:
    """Why a point could not be read for a task's date, as the reader says; `reason` is a code of the utility's own."""

    service_point_no: str
    read_date: date
    org_unit: str
    reason: str
    noted_by: str

    @property
    def task_id(self) -> str:
        """What the reason is found by."""
        return task_id(self.service_point_no, self.read_date)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """What becomes of a task: its status, its usage, and the import energy of version 1 of that."""

    status: str
    usage_id: str | None = None
    import_wh: int | None = None


def label(read_date: date) -> str:
    """Return the cycle, `YYYY-MM`, that a read date closes: the month of the day before it."""
    return (read_date - timedelta(days=1)).strftime("%Y-%m")


def task_id(service_point_no: str, read_date: date) -> str:
    """Return the id of a task: point and date joined by `~`."""
    return f"{service_point_no}~{read_date}"

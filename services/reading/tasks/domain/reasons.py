"""Why points could not be read (未抄原因)."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from services.reading.tasks.domain.tasks import task_id

NO_REASON: Final = ""
"""Of a task whose reason was taken back: its point is unexplained again."""


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

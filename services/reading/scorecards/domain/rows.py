"""What scorecards (考核结果) count: rows, each once for ever, in the month in which it came. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

from services.reading.adherence.domain.counts import Outcome
from services.reading.wrong_reads.domain import BY_READER

TASK: Final = "task"
WRONG: Final = "wrong_read"
BILL: Final = "bill"
DISPUTE: Final = "dispute"
Kind = Literal["task", "wrong_read", "bill", "dispute"]
"""A task of the month; a read that was corrected in it; a bill that was corrected in it by a serious sum because of such a read;
a dispute that ended in it and was confirmed."""
NOBODY: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that is counted, of whom it is, and what there is to say of it.

    Of a task: how it `ended`, its `status`, and by whom it was `read_by`; `reader` is who was to read it. Of a wrong read: whose
    `fault` it was, and in how many business days after it was found it was fixed; `reader` is who had read it.
    """

    kind: Kind
    subject: str
    route_no: str
    reader: str
    org_unit: str
    service_point_no: str
    day: date
    ended: Outcome | None = None
    status: str | None = None
    read_by: str | None = None
    fault: str | None = None
    serious: bool = False
    fix_days: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_error(self) -> bool:
        """Whether it is a wrong read that was its reader's error."""
        return self.kind == WRONG and self.fault == BY_READER


Figure = Literal[
    "expected",
    "early",
    "on_time",
    "late",
    "unread",
    "open",
    "read_by_others",
    "estimated",
    "missed",
    "wrong",
    "serious",
    "fixed_same_day",
    "disputes_confirmed",
]
"""The figures that count rows."""

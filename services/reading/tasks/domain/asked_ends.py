"""Asked ends (指定分段日): a period is to end at the read of a day that no plan names."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

from services.reading.tasks.domain.tasks import task_id

Kind = Literal["control", "move", "final", "customer", "change"]
KINDS: Final = get_args(Kind)
"""A control read (核抄), one of a move, the final one of a contract, the customer's own (自报), one of a day on which
prices change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedEnd:
    """The period of a point is to end at the read of a day. `reason` and `withdrawn` are codes of the utility's own."""

    service_point_no: str
    day: date
    org_unit: str
    kind: str
    reason: str | None
    withdrawn: str | None = None

    @property
    def ask_id(self) -> str:
        """What it is found by: the id of the task of its point and day."""
        return task_id(self.service_point_no, self.day)

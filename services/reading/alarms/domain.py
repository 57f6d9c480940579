"""Alarms that meters and head-ends raise: what kinds there are, and what makes one the same as another. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from shared import natural

State = Literal["occurred", "ended"]
"""It began, or it is over: what lasts is told twice, each at its own instant."""
OCCURRED: Final = "occurred"
METER: Final = "meter"
HEAD_END: Final = "head_end"
Source = Literal["meter", "head_end"]
"""Who noticed: the meter itself, whoever passes it on, or the head-end (采集主站) by what it sees of the meter."""


class AlarmKey(NamedTuple):
    """The natural key of an alarm; `happened_at` has whole seconds."""

    meter_no: str
    happened_at: datetime
    kind: str
    source: str

    @property
    def alarm_id(self) -> str:
        """The id, which follows from the key."""
        at = self.happened_at.astimezone(UTC)
        return natural.key_id(at.date(), "alarm", self.meter_no, at.isoformat(), self.kind, self.source)


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm as it is told; `state` is all that two of one key can differ in."""

    key: AlarmKey
    state: str

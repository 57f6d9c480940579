"""What the routes of alarms take and answer."""

from datetime import datetime
from typing import Annotated, cast

from pydantic import BaseModel, Field

from services.reading.alarms.domain import Alarm, AlarmKey, Source, State
from services.reading.intake.schemas import by_itself
from services.reading.network.schemas import ITEMS_MAX, NUMBER_PATTERN, MeterNo
from services.reading.policies.domain import AlarmKind
from shared.fields import Instant
from shared.outcome import Outcome
from shared.web.batch import In


class AlarmItem(In):
    meter_no: MeterNo
    happened_at: Instant = Field(description="When it began, or ended; with offset, whole seconds.")
    kind: AlarmKind
    source: Source = Field(description="Who noticed; the device of one meter is no `head_end`.")
    state: State = "occurred"

    def alarm(self) -> Alarm:
        """Return the alarm as the use case takes it."""
        return Alarm(AlarmKey(self.meter_no, self.happened_at, self.kind, self.source), self.state)


class AlarmsIn(In):
    """Alarms of a device, a head-end or a person. `message_id` is the sender's own number of this message, for tracing."""

    message_id: Annotated[str, Field(max_length=64, pattern=NUMBER_PATTERN)] | None = None
    items: Annotated[list[Annotated[AlarmItem, by_itself(AlarmItem, AlarmItem.alarm)]], Field(max_length=ITEMS_MAX)]

    def given(self) -> list[Alarm | Outcome]:
        """Return the alarms that are well formed, and what became of the others, in their order."""
        return cast(list[Alarm | Outcome], self.items)


class AlarmOut(BaseModel):
    """An alarm as it was received. `service_point_no`: where the meter stood as far as was known then, empty: nowhere."""

    alarm_id: str
    meter_no: str
    happened_at: datetime
    kind: str
    source: str
    state: str
    service_point_no: str
    org_unit: str
    uploader: str
    message_id: str
    received_at: datetime

"""What the routes of alarms take and answer."""

from datetime import datetime
from typing import Annotated, Any, cast

from pydantic import BaseModel, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from services.reading.alarms.domain import Alarm, AlarmKey, Source, State
from services.reading.intake.schemas import MALFORMED
from services.reading.network.schemas import ITEMS_MAX, NUMBER_PATTERN, MeterNo
from services.reading.policies.domain import AlarmKind
from shared.fields import Instant
from shared.outcome import Outcome, refused
from shared.web.batch import In


class AlarmItem(In):
    meter_no: MeterNo
    happened_at: Instant = Field(description="When it began, or ended; with offset, whole seconds.")
    kind: AlarmKind
    source: Source = Field(description="Who noticed; the device of one meter is no `head_end`.")
    state: State = "occurred"


def _by_itself(value: Any, valid: ValidatorFunctionWrapHandler) -> Alarm | Outcome:
    """Return an alarm as the use case takes it, or that it is malformed, so that the others of its batch are taken."""
    try:
        item: AlarmItem = valid(value)
    except ValidationError as wrong:
        (place, *_), *_ = [error["loc"] or ("item",) for error in wrong.errors(include_url=False, include_input=False)]
        known = (
            place == "item" or place in AlarmItem.model_fields
        )  # what an unknown field is called is the sender's word
        return refused(MALFORMED, f"malformed: {place}" if known else "it has an unknown field")
    return Alarm(AlarmKey(item.meter_no, item.happened_at, item.kind, item.source), item.state)


class AlarmsIn(In):
    """Alarms of a device, a head-end or a person. `message_id` is the sender's own number of this message, for tracing."""

    message_id: Annotated[str, Field(max_length=64, pattern=NUMBER_PATTERN)] | None = None
    items: Annotated[list[Annotated[AlarmItem, WrapValidator(_by_itself)]], Field(max_length=ITEMS_MAX)]

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

"""What the routes and handlers of reading are given at start, and who may call them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends

from services.reading.network.domain import calendar as civil
from services.reading.policies.domain import Policies
from shared.business_calendar import Calendar
from shared.web import auth, state
from shared.web.devices import Devices

READ = auth.scope("reading:read")
WRITE = auth.scope("reading:write")
KEYS = auth.scope("reading:keys")
UPLOAD = auth.scope("reading:upload")
FIELD = auth.scope("reading:field")
FIELD_BATCHES = auth.scope("reading:read", "reading:field", "reading:upload")
ORDERS = auth.scope("reading:read", "reading:field", "reading:upload")
APPOINTMENTS = auth.scope("reading:field", "reading:write")
VISITS = auth.scope("reading:field", "reading:upload")
DUTY = auth.scope("reading:read", "reading:field")
SHEET = auth.scope("reading:read", "reading:field")
PUSH = auth.device(or_scope="reading:upload")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`zone` is where the utility's civil days are; `devices` knows what the keys of devices are."""

    policies: Policies
    calendar: Calendar
    zone: ZoneInfo
    devices: Devices

    def last_day(self, now: datetime) -> date:
        """Return the last day that what happened may name."""
        return civil.last_day(now, self.zone)


Own = Annotated[Context, Depends(state.context)]

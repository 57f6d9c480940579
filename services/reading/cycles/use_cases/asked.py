"""Reads that were there before the end of a period was asked for at their day."""

from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

from services.reading.intake.use_cases import stored
from services.reading.policies.domain import Policies
from services.reading.reads.domain.days import ReadDays
from services.reading.tasks.store import tasks
from services.reading.usage.use_cases import measuring
from shared.db.engine import Tx


async def end_periods(tx: Tx, touched: Mapping[str, date], *, policies: Policies, zone: ZoneInfo) -> None:
    """End the periods of points at the asked ends, from the given days on, of whose days there are reads."""
    asked = await tasks.asked_and_open(tx, touched)
    await measuring.apply(tx, await stored.closing(tx, asked, ReadDays(policies, zone)), policies=policies)

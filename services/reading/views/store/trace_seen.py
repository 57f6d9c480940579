"""The trace of what was estimated, found, ordered and seen: codes, numbers and days, never the words of people."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import select

from services.reading.alarms import store as alarm_store
from services.reading.alarms.tables import ALARM
from services.reading.disputes.tables import DISPUTE, METER_TEST
from services.reading.observations.tables import OBSERVATION
from services.reading.orders.store import registers_of
from services.reading.orders.tables import SITE_ORDER
from services.reading.supply import store as supply_store
from services.reading.usage.store import codec, usages
from services.reading.validation.tables import FINDING
from shared import natural
from shared.db.engine import View
from shared.trace import Origin, TraceNode

SERVICE: Final = "reading"
METER_TEST_KIND: Final = "meter_test"
_OF_ORDER: Final = (
    *(
        "kind",
        "service_point_no",
        "origin",
        "requested_by",
        "reason",
        "reference",
        "cycle",
        "asked_on",
        "due_on",
        "state",
    ),
    *("visited_by", "visited_at", "outcome", "meter_no", "read_id", "decided_by", "overdue_on"),
)
_OF_SUPPLY_ORDER: Final = (
    *("account_no", "service_point_no", "action", "not_before", "expires_at", "supersedes", "sequence", "reason"),
    *("asked_on", "state", "way", "sent_at", "unknown_since", "switched_at", "ended_at", "code", "detail", "said_by"),
    *("reported_by", "carried_out_by", "meter_no"),
)
_OF_OBSERVATION: Final = (
    "service_point_no",
    "observed_by",
    "observation_no",
    "seen_at",
    "kind",
    "severity",
    "order_no",
)
_OF_ALARM: Final = ("meter_no", "service_point_no", "happened_at", "kind", "source", "state", "uploader", "message_id")
_OF_FINDING: Final = ("entity_kind", "entity_id", "code", "service_point_no", "cycle", "created_at")
_OF_ESTIMATE: Final = (
    *("service_point_no", "cycle", "period_from", "period_to", "version", "import_wh"),
    *("estimate_reason", "estimate_method", "estimates_in_a_row"),
)
_OF_TEST: Final = (
    *("dispute_no", "version", "meter_no", "accuracy_class", "error_percent", "tested_on"),
    *("entered_by", "decided_by", "decided_on"),
)


def _shown(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in names}


async def _estimate(view: View, id: str) -> TraceNode | None:
    """Show what a usage was estimated by, under its id: the reads that were known, and by which method."""
    row = await usages.row(view, id)
    if row is None or row.estimate_reason is None:
        return None
    origins = tuple(Origin(SERVICE, "read", read_id) for read_id in codec.words(row.read_ids))
    return TraceNode(SERVICE, "estimate", id, _shown(row, _OF_ESTIMATE), origins, row.org_unit)


async def _finding(view: View, id: str) -> TraceNode | None:
    row = await view.first(select(FINDING).where(FINDING.c.finding_id == id))
    if row is None:
        return None
    document = _shown(row, _OF_FINDING) | {"numbers": orjson.loads(row.numbers)}
    return TraceNode(SERVICE, "finding", id, document, org_unit=row.org_unit)


async def _site_order(view: View, id: str) -> TraceNode | None:
    row = await view.first(select(SITE_ORDER).where(SITE_ORDER.c.order_no == id))
    if row is None:
        return None
    document = _shown(row, _OF_ORDER) | {"registers": dict(registers_of(row.registers))}
    return TraceNode(SERVICE, "site_order", id, document, org_unit=row.org_unit)


async def _observation(view: View, id: str) -> TraceNode | None:
    row = await view.first(select(OBSERVATION).where(OBSERVATION.c.observation_id == id))
    if row is None:
        return None
    return TraceNode(SERVICE, "observation", id, _shown(row, _OF_OBSERVATION), org_unit=row.org_unit)


async def _alarm(view: View, id: str) -> TraceNode | None:
    """Find it among those of the day that its id begins with."""
    day = natural.day_of(id)
    if day is None:
        return None
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    at = ALARM.c.happened_at
    rows = await view.all(select(ALARM).where(at >= begin, at < begin + timedelta(days=1)))
    row = next((row for row in rows if alarm_store.key_of(row).alarm_id == id), None)
    return None if row is None else TraceNode(SERVICE, "alarm", id, _shown(row, _OF_ALARM), org_unit=row.org_unit)


async def _meter_test(view: View, id: str) -> TraceNode | None:
    """Find it among those of the day that its id begins with; that is how customers are told of it."""
    test = METER_TEST.c
    joined = METER_TEST.join(DISPUTE, DISPUTE.c.dispute_no == test.dispute_no)
    rows = await view.all(
        select(METER_TEST, DISPUTE.c.org_unit).select_from(joined).where(test.tested_on == natural.day_of(id))
    )
    row = next((row for row in rows if test_id(row) == id), None)
    if row is None:
        return None
    origins = (Origin(SERVICE, "dispute", row.dispute_no),)
    return TraceNode(SERVICE, METER_TEST_KIND, id, _shown(row, _OF_TEST), origins, row.org_unit)


def test_id(row: Any) -> str:
    """Return the id under which customers are told of a test."""
    return natural.key_id(row.tested_on, METER_TEST_KIND, row.dispute_no, row.version)


async def _supply_order(view: View, id: str) -> TraceNode | None:
    row = await supply_store.row(view, id)
    if row is None:
        return None
    return TraceNode(SERVICE, "supply_order", id, _shown(row, _OF_SUPPLY_ORDER), org_unit=row.org_unit)


TRACERS: Final[Mapping[str, Callable[[View, str], Awaitable[TraceNode | None]]]] = {
    "estimate": _estimate,
    "finding": _finding,
    "site_order": _site_order,
    "supply_order": _supply_order,
    "observation": _observation,
    "alarm": _alarm,
    METER_TEST_KIND: _meter_test,
}
"""What traces each kind of document."""

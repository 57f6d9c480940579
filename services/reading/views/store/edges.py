"""What documents of reading were derived from, and what from them: messages, reads, estimates, usages, disputes, site orders."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, false, literal, or_, select, tuple_

from services.reading.appointments import domain as appointments
from services.reading.appointments import store as appointment_store
from services.reading.disputes import domain as disputes
from services.reading.disputes import store as dispute_store
from services.reading.disputes.tables import DISPUTE, METER_TEST
from services.reading.network.domain.refusal import Refused
from services.reading.network.tables import INSTALLATION, METER
from services.reading.observations.tables import OBSERVATION
from services.reading.orders.domain import BILLING, NOTIFY, RULE
from services.reading.orders.tables import SITE_ORDER
from services.reading.own_reads import domain as own_reads
from services.reading.own_reads.tables import OWN_READ
from services.reading.reads.domain import identity
from services.reading.reads.tables import READ, UPLOAD
from services.reading.supply.tables import SUPPLY_ORDER
from services.reading.usage.tables import USAGE
from services.reading.validation.tables import FINDING
from services.reading.views.store import trace_asked
from services.reading.views.store.trace_seen import METER_TEST_KIND, SERVICE, test_id
from shared.db.columns import Condition
from shared.db.edges import Edge, Edges, Spelled
from shared.db.engine import View

APART_DAYS: Final = 366
"""A read lies within a year of the periods that it ends: what lies further apart is not looked at."""
_D, _F, _O, _U = DISPUTE.c, FINDING.c, SITE_ORDER.c, USAGE.c


def _of_read(read_id: str) -> ColumnElement[bool]:
    """Return the condition of usages that name a read, by the points where its meter stood."""
    try:
        key = identity.natural_key(read_id)
    except Refused:
        return false()
    day, apart = key.read_at.date(), timedelta(days=APART_DAYS)
    return and_(
        INSTALLATION.c.meter_no == key.meter_no,
        _U.period_to >= day - apart,
        _U.period_from <= day + apart,
        (literal(" ") + _U.read_ids + " ").contains(f" {read_id} ", autoescape=True),
    )


def _from_reads(kind: str, where: ColumnElement[bool]) -> Edge:
    return Edge(
        kind=kind,
        service=SERVICE,
        origin_kind="read",
        id=_U.usage_id,
        origin_id=_U.read_ids,
        org_unit=_U.org_unit,
        source=USAGE.join(INSTALLATION, INSTALLATION.c.service_point_no == _U.service_point_no),
        where=where,
        by_origin=_of_read,
        is_spelled=True,
    )


async def _reads_of_upload(view: View, upload_id: str, visible: Condition, after: str, limit: int) -> list[str]:
    """Return the reads that an upload brought, a register at least of each, in the order of their keys."""
    r = READ.c
    key = (r.meter_no, r.read_at, r.source)
    found = select(*key).distinct().join(METER, METER.c.meter_no == r.meter_no)
    found = found.where(r.upload_id == upload_id, visible(METER.c.org_unit))
    if after:
        try:
            last = identity.natural_key(after)
        except Refused:
            return []
        values = [literal(value, column.type) for value, column in zip(last, key, strict=True)]
        found = found.where(tuple_(*key) > tuple_(*values))
    rows = await view.all(found.order_by(*key).limit(limit))
    return [identity.read_id(row.meter_no, row.read_at, row.source) for row in rows]


async def _upload_of_message(view: View, id: str, visible: Condition, after: str, limit: int) -> list[str]:
    upload_id, _, message_id = id.partition("~")
    u = UPLOAD.c
    found = select(u.upload_id).where(u.upload_id == upload_id, u.message_id == message_id, u.message_id != "")
    return _behind({row.upload_id for row in await view.all(found.where(visible(literal("*"))))}, after, limit)


async def _told_of_dispute(view: View, dispute_no: str, visible: Condition, after: str, limit: int) -> list[str]:
    """Return the ids under which customers were told of the steps of a dispute."""
    found = await view.first(select(_D.dispute_no).where(_D.dispute_no == dispute_no, visible(_D.org_unit)))
    if found is None:
        return []
    dispute = (await dispute_store.by_no(view, [dispute_no]))[dispute_no]
    return _behind(trace_asked.told_ids(dispute), after, limit)


async def _tests_of_dispute(view: View, dispute_no: str, visible: Condition, after: str, limit: int) -> list[str]:
    joined = METER_TEST.join(DISPUTE, _D.dispute_no == METER_TEST.c.dispute_no)
    found = select(METER_TEST).select_from(joined).where(_D.dispute_no == dispute_no, visible(_D.org_unit))
    return _behind([test_id(row) for row in await view.all(found)], after, limit)


async def _told_of_appointment(view: View, number: str, visible: Condition, after: str, limit: int) -> list[str]:
    """Return the ids under which customers are told of the states of an appointment."""
    found = (await appointment_store.by_no(view, [number])).get(number)
    if found is None or not await view.scalar(select(visible(literal(found.org_unit)))):
        return []
    return _behind([f"{found.appointment_id}~{state}" for state in appointments.LIFE.states], after, limit)


def _behind(ids: Iterable[str], after: str, limit: int) -> list[str]:
    return sorted(id for id in set(ids) if id > after)[:limit]


def _spelled(kind: str, origin_kind: str, find: object) -> Spelled:
    return Spelled(kind=kind, service=SERVICE, origin_kind=origin_kind, find=find)  # type: ignore[arg-type]


_OF_ITS_DISPUTE: Final = and_(
    _D.service_point_no == _O.service_point_no, or_(_D.reread_no == _O.order_no, _D.verification_no == _O.order_no)
)
_IN_DOUBT: Final = and_(
    _D.service_point_no == _U.service_point_no,
    _U.version == 1,  # what was told first; a re-read makes the others
    (literal(" ") + _D.cycles + " ").contains(literal(" ") + _U.cycle + " "),
)
_BEFORE: Final = USAGE.alias("before")
_GOES_ON: Final = and_(
    _BEFORE.c.service_point_no == _U.service_point_no,
    _BEFORE.c.period_to == _U.period_from,
    _BEFORE.c.closing_known == 0,
    _U.opening_known == 0,
)
"""A period that begins where the one before was estimated to end: it goes on from that, and settles it once it was read."""
_ESTIMATED: Final = _U.estimate_reason.is_not(None)

EDGES: Final[Edges] = (
    _spelled("upload", "device_message", _upload_of_message),
    _spelled("read", "upload", _reads_of_upload),
    Edge(
        kind="read",
        service=SERVICE,
        origin_kind="site_order",
        id=_O.read_id,
        origin_id=_O.order_no,
        org_unit=_O.org_unit,
    ),
    Edge(
        kind="read",
        service=SERVICE,
        origin_kind=own_reads.SUBJECT,
        id=OWN_READ.c.read_id,
        origin_id=OWN_READ.c.request_no,
        org_unit=OWN_READ.c.org_unit,
    ),
    _from_reads("usage", USAGE.c.usage_id.is_not(None)),
    _from_reads("estimate", _ESTIMATED),
    Edge(
        kind="usage",
        service=SERVICE,
        origin_kind="estimate",
        id=_U.usage_id,
        origin_id=_U.usage_id,
        org_unit=_U.org_unit,
        where=_ESTIMATED,
    ),
    Edge(
        kind="usage",
        service=SERVICE,
        origin_kind="usage",
        id=_U.usage_id,
        origin_id=_BEFORE.c.usage_id,
        org_unit=_U.org_unit,
        source=USAGE.join(_BEFORE, _GOES_ON),
    ),
    Edge(
        kind="usage",
        service=SERVICE,
        origin_kind="finding",
        id=_F.entity_id,
        origin_id=_F.finding_id,
        org_unit=_F.org_unit,
        where=_F.entity_kind == "usage",
    ),
    Edge(
        kind="finding",
        service=SERVICE,
        origin_kind=_F.entity_kind,
        id=_F.finding_id,
        origin_id=_F.entity_id,
        org_unit=_F.org_unit,
        where=_F.entity_kind.in_(("read", "alarm", "site_order", "supply_order")),
    ),
    Edge(
        kind=disputes.SUBJECT,
        service=SERVICE,
        origin_kind="usage",
        id=_D.dispute_no,
        origin_id=_U.usage_id,
        org_unit=_D.org_unit,
        source=DISPUTE.join(USAGE, _IN_DOUBT),
    ),
    _spelled(disputes.SUBJECT, disputes.SUBJECT, _told_of_dispute),
    _spelled(METER_TEST_KIND, disputes.SUBJECT, _tests_of_dispute),
    _spelled(appointments.SUBJECT, appointments.SUBJECT, _told_of_appointment),
    Edge(
        kind="site_order",
        service="billing",
        origin_kind="site_order",
        id=_O.order_no,
        origin_id=_O.order_no,
        org_unit=_O.org_unit,
        where=_O.origin == BILLING,
    ),
    Edge(
        kind="site_order",
        service="notify",
        origin_kind="notice",
        id=_O.order_no,
        origin_id=_O.reference,
        org_unit=_O.org_unit,
        where=_O.origin == NOTIFY,
    ),
    Edge(
        kind="site_order",
        service=SERVICE,
        origin_kind=disputes.SUBJECT,
        id=_O.order_no,
        origin_id=_D.dispute_no,
        org_unit=_O.org_unit,
        source=SITE_ORDER.join(DISPUTE, _OF_ITS_DISPUTE),
    ),
    Edge(
        kind="site_order",
        service=SERVICE,
        origin_kind="alarm",
        id=_O.order_no,
        origin_id=_O.reference,
        org_unit=_O.org_unit,
        where=_O.origin == RULE,
    ),
    Edge(
        kind="supply_order",
        service="collection",
        origin_kind="supply_order",
        id=SUPPLY_ORDER.c.order_no,
        origin_id=SUPPLY_ORDER.c.order_no,
        org_unit=SUPPLY_ORDER.c.org_unit,
    ),
    Edge(
        kind="observation",
        service=SERVICE,
        origin_kind="site_order",
        id=OBSERVATION.c.observation_id,
        origin_id=OBSERVATION.c.order_no,
        org_unit=OBSERVATION.c.org_unit,
    ),
)
"""All of them but those from approvals: what is approved in reading moves rules and supply, and is no document of this chain."""

"""What the audit keeps of the objects of reading that commands change: their rows before and after, by their kind."""

from typing import Final

from services.reading.appointments.tables import APPOINTMENT
from services.reading.conduct.tables import FINDING as CONDUCT_FINDING
from services.reading.disputes.tables import DISPUTE, METER_TEST
from services.reading.field.tables import BATCH, ENTRY
from services.reading.network.tables import (
    DEVICE,
    DEVICE_KEY,
    DEVICE_METER,
    INSTALLATION,
    INSTALLATION_VERSION,
    METER,
    POINT,
    READ_DAY,
    ROUTE,
)
from services.reading.orders.tables import SITE_ORDER
from services.reading.own_reads.tables import OWN_READ
from services.reading.read_day_changes.tables import PROPOSAL, REQUEST
from services.reading.readers.tables import ASSIGNMENT
from services.reading.reads.tables import CORRECTION
from services.reading.rollouts.tables import FAILURE as ROLLOUT_FAILURE
from services.reading.rollouts.tables import POINT as ROLLOUT_POINT
from services.reading.rollouts.tables import ROLLOUT
from services.reading.stock.tables import MOVEMENT, RANGE, SEAL, SEAL_EVENT
from services.reading.stock.tables import TEST as STOCK_TEST
from services.reading.supply.tables import SUPPLY_ORDER
from services.reading.tasks.tables import ASKED_END, UNREAD_REASON
from services.reading.usage.tables import USAGE
from shared.db.contents import Readers, of_tables

CONTENTS: Final[Readers] = {
    "appointment": of_tables({APPOINTMENT: "appointment_no"}),
    "asked_end": of_tables({ASKED_END: ("service_point_no", "day")}),
    "conduct_finding": of_tables({CONDUCT_FINDING: "finding_id"}),
    "device": of_tables({DEVICE: "device_id", DEVICE_METER: "device_id"}),
    "device_key": of_tables({DEVICE_KEY: ("device_id", "key_id")}, between="/"),
    "dispute": of_tables({DISPUTE: "dispute_no", METER_TEST: "dispute_no"}),
    "field_batch": of_tables({BATCH: "batch_id"}),
    "field_entry": of_tables({ENTRY: "entry_no"}),
    "installation": of_tables(dict.fromkeys((INSTALLATION, INSTALLATION_VERSION), ("meter_no", "installed_on"))),
    "meter": of_tables({METER: "meter_no"}),
    "meter_lab_test": of_tables({STOCK_TEST: "lab_no"}),
    "meter_movement": of_tables({MOVEMENT: "movement_no"}),
    "meter_range": of_tables({RANGE: "range_no"}),
    "meter_seal": of_tables({SEAL: "seal_no", SEAL_EVENT: "seal_no"}),
    "own_read": of_tables({OWN_READ: "request_no"}),
    "read": of_tables({CORRECTION: "read_id"}),
    "read_day_request": of_tables({REQUEST: "request_no", PROPOSAL: "request_no"}),
    "reader_assignment": of_tables({ASSIGNMENT: "assignment_id"}),
    "rollout": of_tables({ROLLOUT: "programme_no"}),
    "rollout_point": of_tables(dict.fromkeys((ROLLOUT_POINT, ROLLOUT_FAILURE), ("programme_no", "service_point_no"))),
    "route": of_tables({ROUTE: "route_no", READ_DAY: "route_no"}),
    "service_point": of_tables({POINT: "service_point_no", INSTALLATION: "service_point_no"}),
    "site_order": of_tables({SITE_ORDER: "order_no"}),
    "supply_order": of_tables({SUPPLY_ORDER: "order_no"}),
    "unread_reason": of_tables({UNREAD_REASON: "task_id"}),
    "usage": of_tables({USAGE: "usage_id"}, without=("curve",)),
}

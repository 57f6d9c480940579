"""Site orders (现场工单) as billing needs them: what is asked for where, and what became of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from shared import natural

Kind = Literal["reread", "inspection", "use_check", "closing_check", "final_read"]
KINDS: Final = ("reread", "inspection", "use_check", "closing_check", "final_read")
REREAD: Final = "reread"
BILL: Final = "bill"
"""The kind of subject that a bill is: the version that was looked at, and the days of its contract."""

OUT: Final = "out"
DONE: Final = "done"
NOT_DONE: Final = "not_done"
WITHDRAWN: Final = "withdrawn"
State = Literal["out", "done", "not_done", "withdrawn"]
"""What reading has told of an order; it tells one end of each."""

Site = Literal["waiting", "came_back"]
WAITING: Final = "waiting"
CAME_BACK: Final = "came_back"
"""Where a bill stands that was sent to site: an order is out, or all of them have ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked of reading, once under its number. `subject_kind` and `subject_id` name what waits for the result.

    Contract and period: of what days, where it is about a bill. `reason` is a code, `requested_by` an opaque subject.
    """

    order_no: str
    kind: str
    subject_kind: str
    subject_id: str
    account_no: str
    service_point_no: str
    org_unit: str
    reason: str
    requested_by: str
    asked_on: date
    contract_no: str | None = None
    period_from: date | None = None
    period_to: date | None = None
    cycle: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How an order has ended: done with a result of its kind, not done or withdrawn with a reason; all codes.

    `registers`: what the visitor saw, kWh by quantity; `read_id`: the read that it is since then.
    """

    order_no: str
    kind: str
    subject_kind: str
    subject_id: str
    service_point_no: str
    state: str
    ended_on: date
    result: str
    visited_by: str | None
    decided_by: str | None
    meter_no: str | None
    read_id: str | None
    registers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What reading has told of the end of an order, and of what it was."""

    order_no: str
    kind: str
    service_point_no: str
    org_unit: str
    requested_by: str
    reference: str | None
    cycle: str | None
    state: str
    ended_on: date
    result: str
    visited_by: str | None = None
    decided_by: str | None = None
    meter_no: str | None = None
    read_id: str | None = None
    registers: Mapping[str, str] | None = None


def number_of(contract_no: str, period_from: date, period_to: date, kind: str) -> str:
    """Return the number of the order that a rule asks for a bill: one of a kind, however often the bill is calculated."""
    return natural.key_id(period_to, "site_order", contract_no, period_from, kind)

"""Field entries (现场录入): what a reader saw, as entered; no read before another person has released its batch."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from services.reading.observations.domain import Observed
from shared import natural
from shared.statemachine import StateMachine

BATCH_MAX: Final = 1000  # entries: a batch is released in one unit of work

ENTERED: Final = "entered"
RELEASED: Final = "released"
REFUSED: Final = "refused"
TAKEN_BACK: Final = "taken_back"
LIFE: Final = StateMachine(
    name="field entry",
    starts=(ENTERED,),
    moves={
        "release": {ENTERED: RELEASED},
        "refuse": {ENTERED: REFUSED},
        "take_back": {ENTERED: TAKEN_BACK},
    },
)
"""Released or refused by another person than its reader; taken back by its reader alone, before that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchKey:
    """What belongs in one batch: what one reader has entered for a read date of a route."""

    route_no: str
    read_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldBatch:
    """Entries that are released together (上装). Those that come after that are in the next one, with the next `number`."""

    reader: str
    route_no: str
    read_date: date
    number: int
    cycle: str
    org_unit: str
    released_by: str | None = None
    content_hash: str | None = None
    released_at: datetime | None = None

    @property
    def key(self) -> BatchKey:
        """Route and read date."""
        return BatchKey(route_no=self.route_no, read_date=self.read_date)

    @property
    def batch_id(self) -> str:
        """What the batch is found by."""
        return natural.key_id(self.read_date, "field_batch", self.reader, self.route_no, self.number)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a reader saw at one meter or point. `content` is the canonical text of what was entered, and never changes.

    `registers` (none where it was not read), `unread_reason`, `notes` and `observations` are what it says. `service_point_no` and
    `meter_no` (empty: an unread point without one) are what it is about, as was known when it came. `status` and `code`: what
    became of it as a read, or as the reason of an unread point, when it was released.
    """

    reader: str
    entry_no: str
    batch_id: str
    service_point_no: str
    meter_no: str
    seen_at: datetime
    content: str
    registers: Mapping[str, str]
    unread_reason: str | None
    notes: Sequence[str]
    observations: Sequence[Observed]
    state: str
    reason: str | None = None
    decided_by: str | None = None
    status: str | None = None
    code: str | None = None


def hash_of(entries: Sequence[Entry]) -> str:
    """Return the hash that a release names: of all that waits in a batch."""
    waiting = sorted(f"{each.entry_no}\x1f{each.content}" for each in entries if each.state == ENTERED)
    return hashlib.sha256("\x1e".join(waiting).encode()).hexdigest()

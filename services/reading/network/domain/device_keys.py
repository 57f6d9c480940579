"""Keys of devices: made, replaced with an overlap, and ended. What a key is follows from the master key and its id alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.reading.network.domain.refusal import Refused

LIVE_MAX = 2  # that of today, and that of before or the next one
OVERLAP_DAYS_MAX = 92  # as long as a field crew has for a quarter's devices


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceKey:
    """A key that a device signs with from `made_at` on; `ends_at` is its first moment without effect, if there is one."""

    device_id: str
    key_id: str
    made_at: datetime
    made_by: str
    ends_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Return whether messages signed with it are taken."""
        return self.ends_at is None or self.ends_at > now


def ends_of_replaced(live: Sequence[DeviceKey], overlap_until: datetime | None, now: datetime) -> dict[str, datetime]:
    """Return by key id when the keys that a new one replaces end: at once, or with the overlap if they do not end before.

    Raises `Refused` for an overlap that is over or too long, and where with the new one too many keys would be live.
    """
    if overlap_until is None:
        return {key.key_id: now for key in live}
    if not now < overlap_until <= now + timedelta(days=OVERLAP_DAYS_MAX):
        raise Refused("reading.bad_overlap", f"an overlap ends after now and within {OVERLAP_DAYS_MAX} days")
    if len(live) >= LIVE_MAX:
        raise Refused("reading.too_many_device_keys", f"{LIVE_MAX} keys are live already: revoke one of them")
    return {key.key_id: min(key.ends_at or overlap_until, overlap_until) for key in live}

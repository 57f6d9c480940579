"""Keys of devices: make one, replacing those of before at once or with an overlap, and revoke."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.reading.network.domain.device_keys import DeviceKey, ends_of_replaced
from services.reading.network.domain.refusal import Refused
from services.reading.network.store import device_keys, devices
from services.reading.network.use_cases.reference import MaySee
from shared import ids
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import ALREADY_DONE, DONE, REPEATED, Outcome, refused

UNKNOWN_DEVICE = "reading.unknown_device"
UNKNOWN_KEY = "reading.unknown_device_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWanted:
    """A new key; those of before end at `overlap_until`, or at once."""

    device_id: str
    overlap_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """An end of a device's key, or of all its keys."""

    device_id: str
    key_id: str | None
    reason: str


async def make(tx: Tx, wanted: Sequence[KeyWanted], *, actor: str, may_see: MaySee) -> list[Outcome]:
    """Make a key for each device, and return the outcomes: the `id` of one that is done is that of its key."""
    live = await _live(tx, [each.device_id for each in wanted], may_see)
    given = Counter(each.device_id for each in wanted)
    outcomes: list[Outcome] = []
    made: list[DeviceKey] = []
    ends: dict[tuple[str, str], datetime] = {}
    for each in wanted:
        device_id = each.device_id
        if given[device_id] > 1:
            outcomes.append(refused(REPEATED))
        elif device_id not in live:
            outcomes.append(_unknown())
        else:
            try:
                replaced = ends_of_replaced(live[device_id], each.overlap_until, tx.now)
            except Refused as fault:
                outcomes.append(refused(fault.code, fault.text))
                continue
            ends |= {(device_id, key_id): at for key_id, at in replaced.items()}
            made.append(DeviceKey(device_id=device_id, key_id=ids.new(), made_at=tx.now, made_by=actor))
            outcomes.append(Outcome("done", id=made[-1].key_id))
    await device_keys.end(tx, ends)
    await device_keys.add(tx, made)
    tx.audit([_audit("device_key.made", key.device_id, key.key_id, actor) for key in made])
    return outcomes


async def revoke(tx: Tx, wanted: Sequence[Revocation], *, actor: str, may_see: MaySee) -> list[Outcome]:
    """End keys now: messages signed with them are refused from the next one on."""
    live = await _live(tx, [each.device_id for each in wanted], may_see)
    told = await device_keys.known(tx, [(each.device_id, each.key_id) for each in wanted if each.key_id])
    outcomes: list[Outcome] = []
    ended: dict[tuple[str, str], str] = {}
    for each in wanted:
        if each.device_id not in live:
            outcomes.append(_unknown())
        elif each.key_id and (each.device_id, each.key_id) not in told:
            outcomes.append(refused(UNKNOWN_KEY, "the device has no such key"))
        else:
            own = [key.key_id for key in live[each.device_id] if each.key_id in (None, key.key_id)]
            new = {(each.device_id, key_id): each.reason for key_id in own if (each.device_id, key_id) not in ended}
            ended |= new
            outcomes.append(DONE if new else ALREADY_DONE)
    await device_keys.end(tx, dict.fromkeys(sorted(ended), tx.now))
    tx.audit([_audit("device_key.revoked", *key, actor, reason) for key, reason in ended.items()])
    return outcomes


async def _live(tx: Tx, device_ids: Sequence[str], may_see: MaySee) -> dict[str, list[DeviceKey]]:
    """Return the live keys of the devices that the caller may see, each of them locked."""
    stored = await devices.stored(tx, device_ids)
    found: dict[str, list[DeviceKey]] = {no: [] for no, (device, _) in stored.items() if may_see(device.org_unit)}
    by_device: defaultdict[str, list[DeviceKey]] = defaultdict(list)
    for key in await device_keys.live(tx, list(found)):
        by_device[key.device_id].append(key)
    return found | by_device


def _unknown() -> Outcome:
    """Return the refusal of a device that is not there, or that the caller may not see: the two look the same."""
    return refused(UNKNOWN_DEVICE, "there is no such device")


def _audit(action: str, device_id: str, key_id: str, actor: str, reason: str = "") -> AuditEntry:
    return AuditEntry(
        action=action, entity_kind="device_key", entity_id=f"{device_id}/{key_id}", actor=actor, reason=reason
    )

"""Doors enter here, and nowhere else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from services.notify.accounts import store as accounts
from services.notify.doors import domain, store
from services.notify.doors.domain import Door
from services.notify.vault import Vault
from shared import batch_put
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import OTHER_ORG_UNIT, Outcome, refused


async def put(
    tx: Tx, items: Sequence[Door], *, actor: str, may_see: Callable[[str], bool], today: date, vault: Vault
) -> list[Outcome]:
    """Make or replace doors; one outcome per item. Causes that wait are told there by the next run of `tell-doors`."""
    await accounts.lock_anchors(tx, [f"door/{item.service_point_no}" for item in items])
    stored = await store.doors(tx, vault, [item.service_point_no for item in items])

    def refusal(item: Door, old: Door | None) -> Outcome | None:
        if not may_see(item.org_unit) or (old is not None and not may_see(old.org_unit)):
            return refused(OTHER_ORG_UNIT, id=item.service_point_no)
        code = domain.fault(item, today)
        return refused(code, domain.FAULTS[code], id=item.service_point_no) if code else None

    async def write(changed: Sequence[tuple[Door, int]]) -> set[str]:
        return await store.put_doors(tx, vault, [(_since(item, version, stored), version) for item, version in changed])

    return await batch_put.put(
        tx,
        items,
        kind="door",
        number=lambda item: item.service_point_no,
        stored=stored,
        refusal=refusal,
        write=write,
        actor=actor,
    )


def _since(door: Door, version: int, stored: Mapping[str, tuple[Door, int]]) -> Door:
    old = stored[door.service_point_no][0] if door.service_point_no in stored else None
    same = old is not None and old.address == door.address
    return replace(door, address_since=old.address_since if old is not None and same else version)


def was_read(service_point_nos: Sequence[str], *, actor: str, what: str) -> list[AuditEntry]:
    """Return the audit entries of a look at the addresses of doors, one a door."""
    return [
        AuditEntry(action="door.read", entity_kind="door_read", entity_id=point, actor=actor, reason=what)
        for point in service_point_nos
    ]

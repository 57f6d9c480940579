"""What happens to seals is recorded, in the order given, in any order of days, twice; a seal is on one meter at a time."""

from collections.abc import Sequence

from services.reading.network.store import meters
from services.reading.stock.domain import seals as domain
from services.reading.stock.domain.seals import Seal, SealEvent
from services.reading.stock.store import seals
from services.reading.stock.use_cases.recording import UNKNOWN_METER, By
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import ALREADY_DONE, CHANGED_MEANWHILE, DONE, OTHER_ORG_UNIT, Outcome, refused

CONTRADICTS = "reading.seal_contradicts"


async def record(tx: Tx, given: Sequence[SealEvent], *, by: By) -> list[Outcome]:
    """Record what happened to seals, one outcome each; at most 1,000.

    The same again is `already_done`, done by somebody else a `conflicting_duplicate`. Refused (`reading.seal_contradicts`) where
    the seal would be on two meters, or something done to it that is not there.
    """
    known = await meters.stored(tx, [each.meter_no for each in given])
    versions = await seals.lock(tx, [each.seal_no for each in given])
    events = await seals.of_seals(tx, [each.seal_no for each in given])
    stand: dict[str, Seal] = {}
    new: list[SealEvent] = []
    outcomes: list[Outcome] = []
    for each in given:
        own = events.setdefault(each.seal_no, [])
        old = next((event for event in own if event.key == each.key), None)
        if each.meter_no not in known:
            outcomes.append(refused(UNKNOWN_METER, "there is no such meter"))
        elif not by.may_see(known[each.meter_no][0].org_unit):
            outcomes.append(refused(OTHER_ORG_UNIT))
        elif each.done_on > by.last:
            outcomes.append(refused("reading.in_the_future", "the day lies in the future"))
        elif old is not None:
            outcomes.append(ALREADY_DONE if old == each else Outcome("conflicting_duplicate"))
        elif (stands := domain.stands([*own, each])) is None:
            outcomes.append(refused(CONTRADICTS, "the seal is on another meter by then, or not in that state"))
        else:
            own.append(each)
            new.append(each)
            stand[each.seal_no] = stands
            outcomes.append(DONE)
    numbered = [(stand[number], versions.get(number, 0) + 1) for number in sorted(stand)]
    applied = await seals.put(tx, numbered)
    kept = [each for each in new if each.seal_no in applied]
    await seals.insert(tx, kept, actor=by.actor)
    tx.audit([_audit(each, by) for each in kept])
    return [
        refused(CHANGED_MEANWHILE) if out.status == "done" and each.seal_no not in applied else out
        for each, out in zip(given, outcomes, strict=True)
    ]


def _audit(event: SealEvent, by: By) -> AuditEntry:
    return AuditEntry(
        action=f"meter_seal.{event.kind}",
        entity_kind="meter_seal",
        entity_id=event.seal_no,
        actor=by.actor,
    )

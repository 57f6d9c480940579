"""What happens to seals is recorded, in any order, twice, and annulled; how a seal stands follows from what is known of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.reading.network.domain.reference import Meter
from services.reading.network.store import meters
from services.reading.stock.domain import seals as domain
from services.reading.stock.domain.seals import Key, Seal, SealEvent
from services.reading.stock.store import seals
from services.reading.stock.store.seals import Told
from services.reading.stock.use_cases.recording import UNKNOWN_METER, UNKNOWN_RECORD, By
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import ALREADY_DONE, CHANGED_MEANWHILE, DONE, OTHER_ORG_UNIT, REPEATED, Outcome, refused

WAITS = "reading.seal_event_waits"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealAnnulment:
    """That what was told of a seal never was; `reason`: a code such as `mistyped`."""

    key: Key
    reason: str


async def record(tx: Tx, given: Sequence[SealEvent], *, by: By) -> list[Outcome]:
    """Record what happened to seals, one outcome each; at most 1,000.

    The same again is `already_done`, done by somebody else a `conflicting_duplicate`. `waiting`: it is kept, and counts once
    what must have happened before it is known, as that the seal left the meter on which it is. What was annulled stands again.
    """
    known = await meters.stored(tx, [each.meter_no for each in given])
    books = await _Books.of(tx, [each.seal_no for each in given])
    outcomes = []
    for each in given:
        old = books.told.get(each.key)
        if each.meter_no not in known:
            outcomes.append(refused(UNKNOWN_METER, "there is no such meter"))
        elif not by.may_see(known[each.meter_no][0].org_unit):
            outcomes.append(refused(OTHER_ORG_UNIT))
        elif each.done_on > by.last:
            outcomes.append(refused("reading.in_the_future", "the day lies in the future"))
        elif old is not None and not old.annulled:
            outcomes.append(ALREADY_DONE if old.event == each else Outcome("conflicting_duplicate"))
        else:
            books.told[each.key] = Told(event=each)
            outcomes.append(DONE)
    applied = await books.write(tx, by.actor)
    tx.audit(
        [
            _audit(each.seal_no, each.kind, by)
            for each, outcome in zip(given, outcomes, strict=True)
            if outcome.status == "done" and each.seal_no in applied
        ]
    )
    return [
        _met(outcome, fits=books.told[each.key].fits, applied=each.seal_no in applied)
        if outcome.status == "done"
        else outcome
        for each, outcome in zip(given, outcomes, strict=True)
    ]


async def annul(tx: Tx, given: Sequence[SealAnnulment], *, by: By) -> list[Outcome]:
    """Annul what never happened to seals, one outcome each; at most 1,000. What is annulled already is `already_done`."""
    known = await meters.stored(tx, [each.key[1] for each in given])
    books = await _Books.of(tx, [each.key[0] for each in given])
    times = Counter(each.key for each in given)
    outcomes = [_annulled(each.key, times, known, books, by) for each in given]
    done = [each for each, outcome in zip(given, outcomes, strict=True) if outcome.status == "done"]
    for each in done:
        books.told[each.key] = replace(books.told[each.key], fits=False, annulled_for=each.reason)
    applied = await books.write(tx, by.actor)
    tx.audit([_audit(each.key[0], "annulled", by, each.reason) for each in done if each.key[0] in applied])
    return [
        refused(CHANGED_MEANWHILE) if out.status == "done" and each.key[0] not in applied else out
        for each, out in zip(given, outcomes, strict=True)
    ]


def _annulled(
    key: Key, times: Mapping[Key, int], known: Mapping[str, tuple[Meter, int]], books: "_Books", by: By
) -> Outcome:
    if times[key] > 1:
        return refused(REPEATED)
    if key not in books.told:
        return refused(UNKNOWN_RECORD, "nothing of that kind was told of the seal on that meter and day")
    if not by.may_see(known[key[1]][0].org_unit):
        return refused(OTHER_ORG_UNIT)
    return ALREADY_DONE if books.told[key].annulled else DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Books:
    """What is known of seals that are locked: their versions, what was told before, and what is told now."""

    versions: Mapping[str, int]
    before: Mapping[Key, Told]
    told: dict[Key, Told]

    @classmethod
    async def of(cls, tx: Tx, seal_nos: Sequence[str]) -> "_Books":
        """Lock seals, and return what is known of them. Two statements."""
        versions = await seals.lock(tx, seal_nos)
        before = {each.event.key: each for own in (await seals.of_seals(tx, seal_nos)).values() for each in own}
        return cls(versions=versions, before=before, told=dict(before))

    async def write(self, tx: Tx, actor: str) -> set[str]:
        """Derive how the seals stand of which something changed, write it, and return their numbers. Four statements at most.

        A seal that somebody else made meanwhile is not among them.
        """
        by_seal: dict[str, list[Told]] = {}
        for each in self.told.values():
            by_seal.setdefault(each.event.seal_no, []).append(each)
        touched = {key[0] for key, each in self.told.items() if each != self.before.get(key)}
        stands = {number: self._derive(by_seal[number]) for number in sorted(touched)}
        gone = [number for number, seal in stands.items() if seal is None]
        await seals.delete(tx, gone)
        standing = [(seal, self.versions.get(number, 0) + 1) for number, seal in stands.items() if seal is not None]
        applied = await seals.put(tx, standing) | set(gone)
        changed = [each for key, each in self.told.items() if key[0] in applied and each != self.before.get(key)]
        await seals.insert(tx, [each for each in changed if each.event.key not in self.before], actor=actor)
        await seals.change(tx, [each for each in changed if each.event.key in self.before])
        return applied

    def _derive(self, own: Sequence[Told]) -> Seal | None:
        """Return how a seal stands by all that was told of it, and note what fits."""
        life = domain.of(each.event for each in own if not each.annulled)
        for each in own:
            self.told[each.event.key] = replace(each, fits=each.event.key in life.fitting)
        return life.seal


def _met(outcome: Outcome, *, fits: bool, applied: bool) -> Outcome:
    if not applied:
        return refused(CHANGED_MEANWHILE)
    return outcome if fits else Outcome("waiting", WAITS, "the seal was on another meter by then, or not in that state")


def _audit(seal_no: str, what: str, by: By, reason: str = "") -> AuditEntry:
    return AuditEntry(
        action=f"meter_seal.{what}", entity_kind="meter_seal", entity_id=seal_no, actor=by.actor, reason=reason
    )

"""The one batch PUT: whole states by the utility's own numbers, idempotent, one outcome per item."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TypeVar

from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import CHANGED_MEANWHILE, REPEATED, Outcome, refused

T = TypeVar("T")
Numbered = tuple[T, int]
"""A wanted state, and the version that it will be."""


async def put(
    tx: Tx,
    wanted: Sequence[T],
    *,
    kind: str,
    number: Callable[[T], str],
    stored: Mapping[str, tuple[T, int]],
    refusal: Callable[[T, T | None], Outcome | None],
    write: Callable[[Sequence[Numbered[T]]], Awaitable[Collection[str]]],
    actor: str,
) -> list[Outcome]:
    """Bring objects to the wanted states, and return one outcome for each, in order.

    `stored` are the objects that are there, locked, with their versions; `refusal` says why the wanted state cannot be (it gets
    the stored one, or None); `write` stores what changes and returns the numbers that it applied. An item is `done`,
    `already_done` where nothing changes, or refused: all of one number where it is given more than once, since order within a
    batch decides nothing, and what somebody else changed meanwhile. Each change has an audit row `<kind>.put`.
    """
    given = Counter(number(item) for item in wanted)
    outcomes: list[Outcome] = []
    changed: list[Numbered[T]] = []
    for item in wanted:
        no = number(item)
        old, version = stored.get(no, (None, 0))
        if given[no] > 1:
            outcomes.append(refused(REPEATED, id=no))
        elif reason := refusal(item, old):
            outcomes.append(reason)
        elif item == old:
            outcomes.append(Outcome("already_done", id=no))
        else:
            outcomes.append(Outcome("done", id=no))
            changed.append((item, version + 1))
    if not changed:
        return outcomes
    # in the order of the numbers: two batches that make the same objects must not wait for each other in a ring
    applied = await write(sorted(changed, key=lambda each: number(each[0])))
    tx.audit([_audit(kind, number(item), version, actor) for item, version in changed if number(item) in applied])
    return [
        refused(CHANGED_MEANWHILE, id=outcome.id) if outcome.status == "done" and outcome.id not in applied else outcome
        for outcome in outcomes
    ]


def _audit(kind: str, number: str, version: int, actor: str) -> AuditEntry:
    return AuditEntry(
        action=f"{kind}.put",
        entity_kind=kind,
        entity_id=number,
        actor=actor,
        before_version=version - 1 or None,
        after_version=version,
    )

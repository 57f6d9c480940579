"""Seeded faults around an event log and a unit of work: what a bad day does, the same way each time.

Four points lie between the steps of the event flow: before the commit of a change; after the commit and before its events are
sent; after they are sent and before the pointers are deleted; after an effect and before its offset. The fifth lies in the middle
of the work: after a statement of a unit of work. At each of them a service may crash, or meet an error that it must survive.
"""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import CursorResult, Executable

from shared.bus.ports import EventLog, Partition, Record, StoredRecord, Subscription
from shared.db.engine import Tx
from shared.events import catalogue

BEFORE_COMMIT = "before_commit"
BEFORE_SEND = "after_commit_before_publish"
AFTER_SEND = "after_publish_before_pointer_deleted"
BEFORE_OFFSET = "after_effect_before_offset"
BETWEEN_STEPS = (BEFORE_COMMIT, BEFORE_SEND, AFTER_SEND, BEFORE_OFFSET)
AFTER_STATEMENT = "after_a_statement"
POINTS = (AFTER_STATEMENT, *BETWEEN_STEPS)


class Crash(BaseException):
    """The process is dead from here on; no handler of errors may catch it."""


class Unforeseen(Exception):
    """An error that nobody thought of, as a fault of the code raises one."""


ERRORS: tuple[type[Exception], ...] = (Unforeseen, ConnectionResetError)
"""What is raised at a point: an error that looks as if it came again, and one that goes away by itself."""


@dataclass
class CrashPlan:
    """Crashes, or raises an error, when a point is passed for the n-th time; each does so once."""

    at: dict[str, int] = field(default_factory=dict)
    errors: dict[str, tuple[int, type[Exception]]] = field(default_factory=dict)
    passed: dict[str, int] = field(default_factory=dict)
    raised: list[str] = field(default_factory=list)

    def reach(self, point: str) -> None:
        self.passed[point] = self.passed.get(point, 0) + 1
        if self.at.get(point) == self.passed[point]:
            raise Crash
        count, error = self.errors.get(point, (0, Unforeseen))
        if count == self.passed[point]:
            self.raised.append(point)
            raise error


@dataclass(frozen=True)
class Faults:
    """How often what goes wrong, as shares of all records or polls, from a seed."""

    seed: int = 0
    duplicate: float = 0.0
    delay: float = 0.0
    reorder: bool = False


class FaultyEventLog:
    """An event log that duplicates, delays and reorders across partitions, and crashes by plan; order in a partition holds."""

    def __init__(self, inner: EventLog, faults: Faults = Faults(), plan: CrashPlan | None = None) -> None:
        self._inner = inner
        self._faults = faults
        self._random = random.Random(faults.seed)
        self._plan = plan or CrashPlan()
        self._sent: list[Record] = []

    async def start(self) -> None:
        await self._inner.start()

    async def stop(self) -> None:
        await self._inner.stop()

    async def check(self) -> None:
        await self._inner.check()

    async def create_topics(self, topics: Sequence[str] = catalogue.TOPICS) -> None:
        await self._inner.create_topics(topics)

    async def send(self, records: Sequence[Record]) -> None:
        self._plan.reach(BEFORE_SEND)
        await self._inner.send(records)
        self._sent = [*self._sent, *records][-200:]
        again = [r for r in self._sent if self._random.random() < self._faults.duplicate]
        if again:
            await self._inner.send(again)
        self._plan.reach(AFTER_SEND)

    def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        return _FaultySubscription(self._inner.subscribe(group, topics), self._faults, self._random, self._plan)


class _FaultySubscription:
    def __init__(self, inner: Subscription, faults: Faults, rng: random.Random, plan: CrashPlan) -> None:
        self._inner = inner
        self._faults = faults
        self._random = rng
        self._plan = plan

    async def start(self) -> None:
        await self._inner.start()

    async def stop(self) -> None:
        await self._inner.stop()

    async def poll(self, *, records_max: int, timeout_seconds: float) -> list[StoredRecord]:
        records = await self._inner.poll(records_max=records_max, timeout_seconds=timeout_seconds)
        by_partition: dict[Partition, list[StoredRecord]] = {}
        for record in records:
            by_partition.setdefault((record.topic, record.partition), []).append(record)
        for partition, held in list(by_partition.items()):
            if self._random.random() < self._faults.delay:
                self._inner.seek({partition: held[0].offset})  # comes with a later poll
                del by_partition[partition]
        order = list(by_partition)
        if self._faults.reorder:
            self._random.shuffle(order)
        return [record for partition in order for record in by_partition[partition]]

    def pause(self, topics: Collection[str]) -> None:
        self._inner.pause(topics)

    def seek(self, offsets: Mapping[Partition, int]) -> None:
        self._inner.seek(offsets)

    async def commit(self, offsets: Mapping[Partition, int]) -> bool:
        self._plan.reach(BEFORE_OFFSET)
        return await self._inner.commit(offsets)

    def assigned(self) -> frozenset[Partition]:
        return self._inner.assigned()


class CrashingTx(Tx):
    """A unit of work that may crash in the middle, or with everything done and nothing committed: give it to `Database.unit`."""

    plan = CrashPlan()

    async def _run(self, statement: Executable, params: Mapping[str, Any] | None) -> CursorResult[Any]:
        result = await super()._run(statement, params)
        self.plan.reach(AFTER_STATEMENT)
        return result

    async def _flush(self) -> bool:
        appended = await super()._flush()
        if appended:
            self.plan.reach(BEFORE_COMMIT)
        return appended

"""An event log that knows when all that was sent through it is heard: handled by every group that subscribes to it."""

from collections.abc import Collection, Mapping, Sequence

from shared.bus.ports import EventLog, Partition, Record, StoredRecord, Subscription
from shared.events import catalogue

Offsets = dict[Partition, int]


class Traffic:
    """Any event log, empty at first."""

    def __init__(self, inner: EventLog) -> None:
        self._inner = inner
        self._ends: Offsets = {}
        self._groups: dict[str, _Heard] = {}

    @property
    def sent(self) -> int:
        """Return how many records were sent."""
        return sum(self._ends.values())

    def is_heard(self) -> bool:
        """Return whether no group has anything left to handle."""
        return all(
            heard.handled.get(partition, 0) >= end
            for heard in self._groups.values()
            for partition, end in self._ends.items()
            if partition[0] in heard.topics
        )

    async def start(self) -> None:
        await self._inner.start()

    async def stop(self) -> None:
        await self._inner.stop()

    async def check(self) -> None:
        await self._inner.check()

    async def create_topics(self, topics: Sequence[str] = catalogue.TOPICS) -> None:
        await self._inner.create_topics(topics)

    async def send(self, records: Sequence[Record]) -> None:
        for record in records:
            partition = record.topic, record.partition
            self._ends[partition] = self._ends.get(partition, 0) + 1
        await self._inner.send(records)

    def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        """Subscribe a group, also once more after a restart: what it had handled is so."""
        before = self._groups.get(group)
        self._groups[group] = heard = _Heard(
            self._inner.subscribe(group, topics), topics, before.handled if before else {}
        )
        return heard


class _Heard:
    """A group's reading. What it polled is handled when it polls again, unless it went back."""

    def __init__(self, inner: Subscription, topics: Sequence[str], handled: Mapping[Partition, int]) -> None:
        self._inner = inner
        self._next: Offsets = {**handled}
        self.topics = topics
        self.handled = handled

    async def start(self) -> None:
        await self._inner.start()

    async def stop(self) -> None:
        await self._inner.stop()

    async def poll(self, *, records_max: int, timeout_seconds: float) -> list[StoredRecord]:
        self.handled = dict(self._next)
        records = await self._inner.poll(records_max=records_max, timeout_seconds=timeout_seconds)
        self._next |= {(record.topic, record.partition): record.offset + 1 for record in records}
        return records

    def pause(self, topics: Collection[str]) -> None:
        self._inner.pause(topics)

    def seek(self, offsets: Mapping[Partition, int]) -> None:
        self._next |= offsets
        self._inner.seek(offsets)

    async def commit(self, offsets: Mapping[Partition, int]) -> bool:
        return await self._inner.commit(offsets)

    def assigned(self) -> frozenset[Partition]:
        return self._inner.assigned()

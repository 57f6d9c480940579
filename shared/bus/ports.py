"""What an event log is to us: partitions of records in order, sent durably, read by groups that remember how far they came.

Two adapters answer to it under one test suite: `kafka` (Apache Kafka) and `embedded` (one SQLite file).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.events import catalogue

Headers = tuple[tuple[str, bytes | None], ...]
Partition = tuple[str, int]
"""A topic and the number of its partition."""


class EventLogUnavailable(Exception):
    """The event log did not answer or did not take the records; trying again later is right."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record to be sent."""

    topic: str
    partition: int
    value: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as the log holds it, whoever wrote it. `unreadable`: why the log itself could not read what stands there."""

    topic: str
    partition: int
    offset: int
    value: bytes
    headers: Mapping[str, bytes | None]
    unreadable: str = ""

    def attribute(self, name: str) -> str:
        """Return a header as text; empty where it is missing or null, what is no UTF-8 replaced."""
        return (self.headers.get(name) or b"").decode(errors="replace")


class Subscription(Protocol):
    """A consumer group's reading of topics. Not for concurrent use."""

    async def start(self) -> None:
        """Join the group."""
        ...

    async def stop(self) -> None:
        """Leave the group."""
        ...

    async def poll(self, *, records_max: int, timeout_seconds: float) -> list[StoredRecord]:
        """Return records that follow what was polled before, in order per partition; empty after the time-out.

        What stands in the log and cannot be read as a record comes as one that says so (`unreadable`).
        """
        ...

    def pause(self, topics: Collection[str]) -> None:
        """Poll nothing of these topics from now on, and of all others again."""
        ...

    def seek(self, offsets: Mapping[Partition, int]) -> None:
        """Poll next from these offsets, where the partition is still assigned here."""
        ...

    async def commit(self, offsets: Mapping[Partition, int]) -> bool:
        """Remember the next offset of each partition for the group; False where the group has moved on (a rebalance)."""
        ...

    def assigned(self) -> frozenset[Partition]:
        """Return the partitions that this reader owns now."""
        ...


class EventLog(Protocol):
    """Where events are kept, in order per partition."""

    async def start(self) -> None:
        """Make the log ready for use, as far as it can be while its server may be away."""
        ...

    async def stop(self) -> None:
        """Let go of what is held."""
        ...

    async def check(self) -> None:
        """Return where the log answers; raise `EventLogUnavailable` otherwise."""
        ...

    async def create_topics(self, topics: Sequence[str] = catalogue.TOPICS) -> None:
        """Create topics where they are missing."""
        ...

    async def send(self, records: Sequence[Record]) -> None:
        """Append the records in order and return once all are durable; raise `EventLogUnavailable` otherwise.

        After an error some may have been appended: the caller sends all of them again.
        """
        ...

    def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        """Return a reading of topics for a group, to be started."""
        ...

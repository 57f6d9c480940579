"""The event log on Apache Kafka, through aiokafka; every option that matters is set here, its defaults are unsafe for us."""

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.conn import create_conn
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    CommitFailedError,
    CorruptRecordException,
    IllegalStateError,
    KafkaError,
    RecordTooLargeError,
    SaslAuthenticationFailed,
    TopicAlreadyExistsError,
    UnsupportedCodecError,
    UnsupportedSaslMechanismError,
)

from shared import tls
from shared.bus.asking_again import AskAgain
from shared.bus.ports import EventLogUnavailable, Partition, Record, StoredRecord, Subscription
from shared.events import catalogue
from shared.settings import SettingsError

log = logging.getLogger(__name__)

SEND_SECONDS_MAX = 30  # an idempotent producer never expires a batch by itself
CALL_SECONDS_MAX = 30
CHECK_SECONDS_MAX = 5
COMMIT_SECONDS_MAX = (
    5  # below a broker's restart: aiokafka repeats a commit, and a wiped broker must not learn old offsets
)
REQUEST_MILLISECONDS_MAX = 10_000
SESSION_MILLISECONDS = 10_000
METADATA_MILLISECONDS_MAX = 10_000  # how late a topic that was missing is seen (default: five minutes)
POLL_INTERVAL_MILLISECONDS_MAX = 300_000  # far above the longest batch: an overrun loops (aiokafka #848)
RECORD_BYTES_MAX = 1_000_000  # an event holds at most 256 KiB
FETCH_BYTES_MAX = 16 * 2**20
PARTITION_FETCH_BYTES_MAX = 2**20
CANCEL_SECONDS_MAX = 1
STOP_SECONDS_MAX = 5  # nothing waits to be sent or committed; while the broker is away, aiokafka never ends to stop
WALK_MILLISECONDS = 100  # for each partition, where one of them holds what cannot be read

_UNREADABLE = (CorruptRecordException, RecordTooLargeError, UnsupportedCodecError)
_NOT_LET_IN = (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
_MOVED = (CommitFailedError, IllegalStateError)  # the partition belongs to another reader by now

T = TypeVar("T")


async def _call(seconds: float, call: Awaitable[T], *, answers: tuple[type[KafkaError], ...] = ()) -> T:
    """Await a call of aiokafka in a task of its own; raises `EventLogUnavailable`, or one of `answers`, which its caller knows.

    What closes while the broker is away may raise the CancelledError of one of aiokafka's own tasks (reproduced): awaited
    directly, it ends our loop as if we had been told to stop. A call that will not be cancelled is left behind.
    """
    task = asyncio.ensure_future(call)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())  # what was left behind is nobody's error
    try:
        await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_SECONDS_MAX)
        raise EventLogUnavailable("TimeoutError")
    if task.cancelled():
        raise EventLogUnavailable("CancelledError")
    try:
        return task.result()
    except answers:
        raise
    except (KafkaError, OSError) as error:
        raise EventLogUnavailable(type(error).__name__) from error


async def _close(what: str, call: Awaitable[None]) -> None:
    """Stop something of aiokafka; what does not stop is told and left behind."""
    try:
        await _call(STOP_SECONDS_MAX, call)
    except EventLogUnavailable as error:
        log.warning("%s did not stop cleanly", what, extra={"error": str(error)})


@dataclass(frozen=True, kw_only=True)
class Access:
    """How a broker is reached: over TLS where there is a context, with SCRAM where there is a name."""

    tls: ssl.SSLContext | None = None
    username: str | None = None
    password: str = field(default="", repr=False)

    @property
    def options(self) -> dict[str, Any]:
        """What every client of aiokafka is told."""
        if self.tls is None:
            return {}
        if self.username is None:
            return {"security_protocol": "SSL", "ssl_context": self.tls}
        return {
            "security_protocol": "SASL_SSL",
            "ssl_context": self.tls,
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password,
        }


class KafkaEventLog:
    """An event log at `bootstrap` (host:port, comma separated).

    `instance` names this replica for ever within its group, so that a restart takes its partitions back without a rebalance.
    """

    def __init__(
        self, bootstrap: str, *, instance: str, replication_factor: int = 1, access: Access | None = None
    ) -> None:
        self._bootstrap = bootstrap
        self._instance = instance
        self._access = access or Access()
        self._replication_factor = replication_factor
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Look whether a broker lets us in; raises `SettingsError` where one refuses.

        What is needed is connected then, so that a service starts while the broker is away.
        """
        if (refused := await self._refused()) is not None:
            raise SettingsError(f"wrong setting: {refused}")

    async def stop(self) -> None:
        await self._drop_producer()

    async def check(self) -> None:
        admin = self._admin(CHECK_SECONDS_MAX * 1000)
        try:
            await _call(CHECK_SECONDS_MAX, admin.start())
        except EventLogUnavailable:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_SECONDS_MAX):
                    if (refused := await self._refused()) is not None:
                        raise EventLogUnavailable(refused) from None
            raise
        finally:
            await _close("the admin client", admin.close())

    async def _refused(self) -> str | None:
        """Return what of the settings a broker does not take; None where one lets us in, or all are away."""
        for address in self._bootstrap.split(","):
            try:
                await _knock(address, self._access)
            except (KafkaError, OSError, TimeoutError) as error:
                refused = _refusal(error) or await _other_protocol(address, self._access)
                if refused is not None:
                    return refused
            else:
                return None
        return None

    async def create_topics(self, topics: Sequence[str] = catalogue.TOPICS) -> None:
        admin = self._admin(REQUEST_MILLISECONDS_MAX)
        try:
            await _call(CALL_SECONDS_MAX, self._create_missing(admin, topics), answers=(TopicAlreadyExistsError,))
        except TopicAlreadyExistsError:
            log.info("topics were created by another process at the same time")
        finally:
            await _close("the admin client", admin.close())

    def _admin(self, milliseconds_max: int) -> AIOKafkaAdminClient:
        return AIOKafkaAdminClient(
            bootstrap_servers=self._bootstrap, request_timeout_ms=milliseconds_max, **self._access.options
        )

    async def _create_missing(self, admin: AIOKafkaAdminClient, topics: Sequence[str]) -> None:
        await admin.start()
        missing = set(topics) - set(await admin.list_topics())
        if missing:
            await admin.create_topics(
                [NewTopic(topic, catalogue.PARTITIONS, self._replication_factor) for topic in sorted(missing)]
            )

    async def send(self, records: Sequence[Record]) -> None:
        try:
            await _call(SEND_SECONDS_MAX, self._send(records))
        except EventLogUnavailable:
            # after OutOfOrderSequenceNumber an idempotent producer stays dead (aiokafka #1017): always start anew
            await self._drop_producer()
            raise

    async def _send(self, records: Sequence[Record]) -> None:
        producer = await self._connected()
        acknowledgements = [
            await producer.send(record.topic, record.value, partition=record.partition, headers=list(record.headers))
            for record in records
        ]
        await asyncio.gather(*acknowledgements)

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap,
                acks="all",
                enable_idempotence=True,
                linger_ms=0,
                max_request_size=RECORD_BYTES_MAX,
                max_batch_size=RECORD_BYTES_MAX,
                request_timeout_ms=REQUEST_MILLISECONDS_MAX,
                **self._access.options,
            )
            self._producer = producer
            await producer.start()
        return self._producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _close("the producer", producer.stop())

    def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        return KafkaSubscription(self._bootstrap, group, topics, instance=self._instance, access=self._access)


async def _knock(address: str, access: Access) -> None:
    """See whether a broker lets us in; raises what keeps us out."""
    host, _, port = address.rpartition(":")
    connection = await create_conn(host, int(port), request_timeout_ms=CHECK_SECONDS_MAX * 1000, **access.options)
    connection.close()


async def _other_protocol(address: str, access: Access) -> str | None:
    """Return what is wrong where a broker only lets us in with TLS though we come without, or the other way round.

    Either kind of broker closes such a connection without a word, as one does that is only being started.
    """
    other = Access(tls=tls.unchecked()) if access.tls is None else Access()
    try:
        await _knock(address, other)
    except (KafkaError, OSError, TimeoutError):
        return None
    return f"WATTLINE_KAFKA_TLS: the broker speaks {'TLS alone' if other.tls else 'no TLS'}"


def _refusal(error: Exception) -> str | None:
    """Return what of the settings a broker does not take; None where the broker is away."""
    if isinstance(error, _NOT_LET_IN):
        return "WATTLINE_KAFKA_USERNAME, WATTLINE_KAFKA_PASSWORD: the broker refuses them"
    reason = tls.refusal(error)
    return reason and f"WATTLINE_KAFKA_TLS, WATTLINE_KAFKA_CERTIFICATES: {reason}"


class KafkaSubscription:
    def __init__(self, bootstrap: str, group: str, topics: Sequence[str], *, instance: str, access: Access) -> None:
        self._topics = topics
        self._asks_again = AskAgain()
        self._consumer = AIOKafkaConsumer(
            *topics,
            bootstrap_servers=bootstrap,
            group_id=group,
            group_instance_id=f"{group}.{instance}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=(StickyPartitionAssignor,),
            session_timeout_ms=SESSION_MILLISECONDS,
            heartbeat_interval_ms=SESSION_MILLISECONDS // 5,
            metadata_max_age_ms=METADATA_MILLISECONDS_MAX,
            max_poll_interval_ms=POLL_INTERVAL_MILLISECONDS_MAX,
            request_timeout_ms=REQUEST_MILLISECONDS_MAX + SESSION_MILLISECONDS,
            fetch_max_bytes=FETCH_BYTES_MAX,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES_MAX,
            fetch_max_wait_ms=500,
            check_crcs=True,
            **access.options,
        )

    async def start(self) -> None:
        try:
            await _call(CALL_SECONDS_MAX, self._consumer.start())
        except EventLogUnavailable:
            await self.stop()
            raise
        # the group gives a reader that comes back what it had, also what was divided before a topic was there; only when its
        # leader joins a second time is it divided anew
        self._consumer.subscribe(self._topics)

    async def stop(self) -> None:
        await _close("the consumer", self._consumer.stop())

    async def poll(self, *, records_max: int, timeout_seconds: float) -> list[StoredRecord]:
        if self._asks_again.is_due(given=bool(self._consumer.assignment()), now=time.monotonic()):
            # the group may have been divided while a broker that was wiped had no topics yet
            log.warning("no partition was given to this reader; it joins again")
            self._consumer.subscribe(self._topics)
        try:
            return await self._getmany(records_max, timeout_seconds)
        except EventLogUnavailable:
            raise
        except Exception as error:
            log.warning("something in the log cannot be read; looking for it", extra={"error": type(error).__name__})
            return await self._around_unreadable(records_max)

    async def _getmany(self, records_max: int, timeout_seconds: float, *of: TopicPartition) -> list[StoredRecord]:
        call = self._consumer.getmany(*of, timeout_ms=int(timeout_seconds * 1000), max_records=records_max)
        polled: Mapping[Any, Sequence[Any]] = await _call(timeout_seconds + CALL_SECONDS_MAX, call, answers=_UNREADABLE)
        return [
            StoredRecord(r.topic, r.partition, r.offset, r.value or b"", dict(r.headers))
            for records in polled.values()
            for r in records
        ]

    async def _around_unreadable(self, records_max: int) -> list[StoredRecord]:
        """Poll each partition by itself and step over the first thing in it that cannot be read.

        aiokafka raises before it returns any record of the partition (it decodes names of headers, and the compression of a
        batch), and says neither where nor of what partition; asked for one record at a time, its position tells.
        """
        records: list[StoredRecord] = []
        paused = self._consumer.paused()
        for topic, partition in sorted(self.assigned()):
            own = TopicPartition(topic, partition)
            if own in paused or len(records) >= records_max:
                continue
            try:
                records += await self._getmany(records_max - len(records), WALK_MILLISECONDS / 1000, own)
            except EventLogUnavailable:
                raise
            except Exception:
                records += await self._step_over(own, records_max)
        return records

    async def _step_over(self, own: TopicPartition, records_max: int) -> list[StoredRecord]:
        records: list[StoredRecord] = []
        while len(records) < records_max:
            try:
                found = await self._getmany(1, WALK_MILLISECONDS / 1000, own)
            except EventLogUnavailable:
                raise
            except Exception as error:
                offset = await _call(CALL_SECONDS_MAX, self._consumer.position(own))
                self._consumer.seek(own, offset + 1)
                unreadable = f"unreadable_{type(error).__name__}"
                return [*records, StoredRecord(own.topic, own.partition, offset, b"", {}, unreadable)]
            if not found:
                break
            records += found
        return records

    def pause(self, topics: Collection[str]) -> None:
        if not topics and not self._consumer.paused():
            return  # nearly always, before each poll
        for own in self._consumer.assignment():
            (self._consumer.pause if own.topic in topics else self._consumer.resume)(own)

    def seek(self, offsets: Mapping[Partition, int]) -> None:
        for (topic, partition), offset in offsets.items():
            try:
                self._consumer.seek(TopicPartition(topic, partition), offset)
            except IllegalStateError:
                log.info("a partition was taken away before it could be read again", extra={"topic": topic})

    async def commit(self, offsets: Mapping[Partition, int]) -> bool:
        owned = self.assigned()
        mine = {TopicPartition(*p): offset for p, offset in offsets.items() if p in owned}
        if not mine:
            return not offsets
        try:
            await _call(COMMIT_SECONDS_MAX, self._consumer.commit(mine), answers=_MOVED)
        except _MOVED:
            return False
        return len(mine) == len(offsets)

    def assigned(self) -> frozenset[Partition]:
        return frozenset((p.topic, p.partition) for p in self._consumer.assignment())

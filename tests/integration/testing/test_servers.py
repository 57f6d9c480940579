"""The servers that tests start: PostgreSQL and Apache Kafka survive what the kill test does to them."""

import asyncio
import subprocess
import sys
import time
import uuid
from pathlib import Path

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.testing import servers
from shared.testing.servers import KafkaBroker, PostgresServer


def plain(url: str) -> str:
    return url.replace("+asyncpg", "")


async def test_each_test_gets_an_empty_utf8_database_with_the_c_collation(postgres_database: str) -> None:
    connection = await asyncpg.connect(plain(postgres_database), timeout=10)
    try:
        row = await connection.fetchrow(
            "SELECT pg_encoding_to_char(encoding) AS encoding, datcollate,"
            " (SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public') AS tables"
            " FROM pg_database WHERE datname = current_database()"
        )
        assert dict(row) == {"encoding": "UTF8", "datcollate": "C.UTF-8", "tables": 0}
    finally:
        await connection.close()


def test_a_database_url_names_the_driver_of_its_lane(database_url: str) -> None:
    assert database_url.split("://")[0] in ("sqlite+aiosqlite", "postgresql+asyncpg")


async def test_the_server_runs_with_the_shipped_settings(postgres_database: str) -> None:
    connection = await asyncpg.connect(plain(postgres_database), timeout=10)
    try:
        for name, value in servers.shipped_settings().items():
            if name != "listen_addresses":
                assert await connection.fetchval("SELECT current_setting($1)", name) == value, name
    finally:
        await connection.close()


@pytest.mark.postgres
def test_a_killed_postgres_comes_back_with_every_commit() -> None:
    with PostgresServer() as server:
        server.execute("CREATE TABLE t (i int)", "INSERT INTO t VALUES (1)")
        server.kill()
        server.start()
        server.execute("DO $$ BEGIN ASSERT (SELECT count(*) FROM t) = 1; END $$")


@pytest.mark.postgres
def test_a_wiped_postgres_comes_back_empty() -> None:
    with PostgresServer(durable=False) as server:
        server.execute("CREATE TABLE t (i int)")
        server.wipe()
        server.start()
        server.execute("CREATE TABLE t (i int)")


async def produce(bootstrap: str, topic: str, count: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for number in range(count):
            await producer.send_and_wait(topic, str(number).encode(), partition=0)
    finally:
        await producer.stop()


async def create_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def topics(bootstrap: str) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return set(await admin.list_topics())
    finally:
        await admin.close()


async def read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", group_id=None)
    await consumer.start()
    try:
        return [(await asyncio.wait_for(consumer.getone(), 30)).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_the_broker_creates_no_topic_by_itself(kafka_bootstrap: str) -> None:
    topic = f"t{uuid.uuid4().hex}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    try:
        await admin.describe_topics([topic])
    finally:
        await admin.close()
    assert topic not in await topics(kafka_bootstrap)


@pytest.mark.kafka
async def test_a_killed_broker_keeps_its_records_and_a_wiped_one_has_none(kafka_bootstrap: str) -> None:
    # The run's shared broker is up as well: two run side by side.
    with KafkaBroker() as broker:
        await create_topic(broker.bootstrap, "t")
        await produce(broker.bootstrap, "t", 20)
        broker.kill()
        broker.start()
        assert await read(broker.bootstrap, "t", 20) == [str(number).encode() for number in range(20)]
        broker.wipe()
        broker.start()
        assert "t" not in await topics(broker.bootstrap)


@pytest.mark.kafka
@pytest.mark.postgres
def test_servers_and_their_files_end_with_the_process_that_started_them_even_if_it_is_killed() -> None:
    code = """if True:
        import time
        from shared.testing.servers import KafkaBroker, PostgresServer
        with PostgresServer(durable=False) as postgres, KafkaBroker() as kafka:
            print(postgres.pid, postgres._base, kafka.pid, kafka._base, flush=True)
            time.sleep(600)
    """
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        postgres_pid, postgres_files, kafka_pid, kafka_files = owner.stdout.readline().split()
        owner.kill()
    deadline = time.monotonic() + 90
    left = True
    while left and time.monotonic() < deadline:
        time.sleep(0.2)
        files = [path for path in (postgres_files, kafka_files) if Path(path).exists()]
        left = bool(files) or psutil.pid_exists(int(postgres_pid)) or psutil.pid_exists(int(kafka_pid))
    assert not left

"""Servers and lanes for the whole suite.

A lane is the set of tests that need one server (or one tool). Where it cannot be had, its tests are skipped
and the end of the run says so in one loud line; with WATTLINE_REQUIRE=postgres,kafka they fail. A test joins a lane by
using a fixture of it (`postgres_database`, `database_url`, `kafka_bootstrap`) or, when it starts servers itself, by the
lane's marker.
"""

import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers

from shared.bus.embedded import EmbeddedEventLog
from shared.testing.servers import KafkaBroker, PostgresDatabases, PostgresServer, ServerUnavailable
from tests.kits import databases, statements

# The same examples in every run, and no time limit on one: a busy machine is not a fault of the code. Constants of loaded modules
# would be drawn too, and which modules are loaded depends on the tests that ran before in the process.
providers.is_local_module_file = lambda _path: False
settings.register_profile("wattline", derandomize=True, deadline=None)
settings.load_profile("wattline")
statements.compile_once()

LANE_OF_FIXTURE = {"postgres_server": "postgres", "kafka_broker": "kafka"}
TOOLS = {  # command: Debian package
    "promtool": "prometheus",
    "docker-compose": "docker-compose",
    "bearerbox": "kannel",
    "dovecot": "dovecot-imapd",
}
LANES = ("postgres", "kafka", *TOOLS)

ROOT = Path(__file__).parent
LONGEST = ("e2e", "system")

# Databases and logs of tests live in memory where there is room: waiting for a disk to sync is most of their time on one.
MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 6 * 2**30
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN:
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


# What Python compiles is kept also where the machine is set to keep nothing: tests start many processes of the whole product, and
# to compile it anew takes each of them longer than to start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def _required() -> set[str]:
    names = {name for name in os.environ.get("WATTLINE_REQUIRE", "").split(",") if name}
    if names - set(LANES):
        raise pytest.UsageError(f"WATTLINE_REQUIRE names no lane: {', '.join(sorted(names - set(LANES)))}")
    return names


@cache
def lane_problem(lane: str) -> str | None:
    """Return why the server of a lane cannot be had, or None; asked once per run."""
    try:
        if lane == "kafka":
            KafkaBroker.install()
        elif lane in TOOLS:
            if shutil.which(lane) is None:
                raise ServerUnavailable(f"{lane} is not installed (Debian package {TOOLS[lane]})")
        elif "WATTLINE_TEST_POSTGRES_URL" not in os.environ:
            PostgresServer.binaries()
    except ServerUnavailable as missing:
        return str(missing)
    return None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--reverse", action="store_true", help="run the last test first: no test may need another")
    parser.addoption(
        "--less-sqlite",
        action="store_true",
        help="of the tests that run on both databases, one in six on SQLite too, the others on PostgreSQL alone",
    )


def pytest_configure(config: pytest.Config) -> None:
    _required()
    # Told to end, the run ends as if interrupted: fixtures are closed, and no server is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for lane in LANES:
        config.addinivalue_line("markers", f"{lane.replace('-', '_')}: needs {lane}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in LANE_OF_FIXTURE:
                item.add_marker(LANE_OF_FIXTURE[fixture])
    if config.getoption("--less-sqlite"):
        left = [item for item in items if _is_left_out(item)]
        items[:] = [item for item in items if not _is_left_out(item)]
        config.hook.pytest_deselected(items=left)
    if config.getoption("--reverse"):
        items.reverse()
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.path.parts[len(ROOT.parts)] not in LONGEST)  # all processes end together


def _is_left_out(item: pytest.Item) -> bool:
    """Return whether it is the SQLite side of a test that PostgreSQL has too, and none of the sixth that runs on both."""
    given = getattr(item, "callspec", None)
    return given is not None and given.params.get("database_url") == "sqlite" and crc32(item.nodeid.encode()) % 6 != 0


def pytest_runtest_setup(item: pytest.Item) -> None:
    for lane in LANES:
        if item.get_closest_marker(lane.replace("-", "_")) and (problem := lane_problem(lane)):
            if lane in _required():
                pytest.fail(f"the {lane} lane is required: {problem}", pytrace=False)
            pytest.skip(f"{lane} lane: {problem}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # told by the reports: with several workers, the tests ran in other processes
    reasons = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", ())]
    for reason, count in sorted(Counter(reasons).items()):
        lane, _, problem = reason.removeprefix("Skipped: ").partition(" lane: ")
        if lane in LANES:
            text = f"LANE NOT RUN: {lane}: {count} tests skipped: {problem}"
            terminalreporter.write_line(text, red=True, bold=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresDatabases]:
    """The PostgreSQL of the run: the one of WATTLINE_TEST_POSTGRES_URL, or one of our own without fsync.

    Its databases live for seconds: visiting each in turn, autovacuum would only take time from the tests.
    """
    given = os.environ.get("WATTLINE_TEST_POSTGRES_URL")
    if given:
        server = PostgresDatabases(given)
        yield server
        databases.drop_all(server)
        return
    with PostgresServer(durable=False, settings={"autovacuum": "off"}) as server:
        yield server


@pytest.fixture(scope="session")
def schema_of() -> str | None:
    """The service whose schema `postgres_database` has: a directory's conftest names it, so that it need not be migrated."""
    return None


@pytest.fixture
def postgres_database(postgres_server: PostgresDatabases, schema_of: str | None) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database, dropped after the test; empty but where `schema_of` says otherwise."""
    url = databases.create(postgres_server, schema_of)
    yield url
    databases.drop(postgres_server, url)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh database: the test runs once on a SQLite file and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/test.db"
    url: str = request.getfixturevalue("postgres_database")
    return url


@pytest.fixture
async def event_log(tmp_path: Path) -> AsyncIterator[EmbeddedEventLog]:
    """An embedded event log of the test's own."""
    log = EmbeddedEventLog(tmp_path / "events.db")
    await log.start()
    yield log
    await log.stop()


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[KafkaBroker]:
    """The Apache Kafka broker of the run; tests share it, so each uses topics and groups of its own."""
    with KafkaBroker() as broker:
        yield broker


@pytest.fixture
def kafka_bootstrap(kafka_broker: KafkaBroker) -> str:
    """The `host:port` of the run's Kafka broker."""
    return kafka_broker.bootstrap

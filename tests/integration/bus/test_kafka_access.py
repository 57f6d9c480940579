"""Kafka over TLS with names, passwords and access control lists: on a real broker, with the lists that deploy/README.md tells."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest

from services.__main__ import main
from shared import service, tls
from shared.bus.kafka import Access
from shared.bus.ports import EventLog, EventLogUnavailable, Record
from shared.bus.watch import Watch
from shared.events import catalogue
from shared.metrics import Metrics
from shared.settings import SERVICES, Settings, SettingsError
from shared.testing.servers import KafkaBroker
from tests.kits import webapp
from tests.kits.certificates import Authority

pytestmark = pytest.mark.kafka
README = Path(__file__).parents[3] / "deploy" / "README.md"
PASSWORDS = {name: f"password-of-{name}" for name in ("operator", *SERVICES)}
WRITE, READ, ALLOW, LITERAL, ANY_HOST = 4, 3, 3, 3, "*"
RESOURCE = {"topic": 2, "group": 3}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def broker(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    folder = tmp_path_factory.mktemp("security")
    (folder / "broker.pem").write_bytes(b"".join(authority.give("127.0.0.1")))
    (folder / "authorities.pem").write_bytes(authority.file.read_bytes())
    (folder / "users").write_text("".join(f"{name}={password}\n" for name, password in PASSWORDS.items()))
    with KafkaBroker(security=folder) as broker:
        yield broker


@pytest.fixture
def told(broker: KafkaBroker, authority: Authority) -> dict[str, str]:
    """The environment of billing."""
    return webapp.ENVIRONMENT | {
        "WATTLINE_EVENT_LOG": f"kafka://{broker.bootstrap}",
        "WATTLINE_KAFKA_TLS": "true",
        "WATTLINE_KAFKA_CERTIFICATES": str(authority.file),
        "WATTLINE_KAFKA_USERNAME": "billing",
        "WATTLINE_KAFKA_PASSWORD": PASSWORDS["billing"],
    }


def lists_of_the_readme() -> list[tuple[str, str, str, int]]:
    """Return (user, kind, name, operation) of each list in the table of the README."""
    section = README.read_text().split("## Kafka with names\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \| (.*) \|$", section, re.MULTILINE)
    found = []
    for user, *cells in rows:
        for cell, kind, operation in zip(cells, ("topic", "topic", "group"), (WRITE, READ, READ), strict=True):
            found += [(user, kind, name, operation) for name in re.findall(r"`([\w.]+)`", cell)]
    return found


@pytest.fixture
async def let_in(broker: KafkaBroker, authority: Authority) -> None:
    """The administrator has made the topics and the lists of the README."""
    options = Access(tls=tls.context("", authority.file), username="operator", password=PASSWORDS["operator"]).options
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap, **options)
    await admin.start()
    for user, kind, name, operation in lists_of_the_readme():
        await admin._send_to_controller(
            CreateAclsRequest(RESOURCE[kind], name, LITERAL, f"User:{user}", ANY_HOST, operation, ALLOW)
        )
    await admin.close()


@asynccontextmanager
async def opened(told: dict[str, str]) -> AsyncIterator[EventLog]:
    log = service.open_event_log(Settings.load(told), instance="one")
    await log.start()
    yield log
    await log.stop()


def record(topic: str) -> Record:
    return Record(topic, 0, b"{}", ())


@pytest.mark.usefixtures("let_in")
@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_writes_and_reads_what_is_its_own_and_nothing_else(name: str, told: dict[str, str]) -> None:
    operator = {"WATTLINE_KAFKA_USERNAME": "operator", "WATTLINE_KAFKA_PASSWORD": PASSWORDS["operator"]}
    async with opened(told | operator) as log:
        await log.create_topics()
    own = {"WATTLINE_KAFKA_USERNAME": name, "WATTLINE_KAFKA_PASSWORD": PASSWORDS[name]}
    async with opened(told | own) as log:
        await log.check()
        await log.send([record(f"wattline.{name}")])
        for other in set(SERVICES) - {name}:
            with pytest.raises(EventLogUnavailable, match="TopicAuthorizationFailed"):
                await log.send([record(f"wattline.{other}")])
        read = [topic for user, _, topic, operation in lists_of_the_readme() if (user, operation) == (name, READ)]
        topics = sorted(set(read) & (set(catalogue.TOPICS) - {f"wattline.{name}"}))
        reading = log.subscribe(f"wattline.{name}", topics)
        await reading.start()
        await reading.poll(records_max=10, timeout_seconds=0.1)
        await reading.stop()
        with pytest.raises(EventLogUnavailable, match="GroupAuthorizationFailed"):
            await log.subscribe("wattline.another", topics).start()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"WATTLINE_KAFKA_CERTIFICATES": "{foreign}"}, "WATTLINE_KAFKA_CERTIFICATES: .* not signed by a trusted"),
        ({"WATTLINE_EVENT_LOG": "kafka://localhost:{port}"}, "for another host"),
        ({"WATTLINE_KAFKA_PASSWORD": "another"}, "WATTLINE_KAFKA_PASSWORD: the broker refuses them"),
        ({"WATTLINE_KAFKA_USERNAME": "nobody"}, "WATTLINE_KAFKA_USERNAME, .*: the broker refuses them"),
    ],
    ids=["authority", "host", "password", "user"],
)
async def test_what_the_broker_does_not_take_is_named_at_start(
    changed: dict[str, str], reason: str, told: dict[str, str], broker: KafkaBroker, tmp_path: Path
) -> None:
    foreign = Authority(tmp_path, "foreign").file
    told |= {name: value.format(foreign=foreign, port=broker.port) for name, value in changed.items()}
    with pytest.raises(SettingsError, match=reason):
        await service.open_event_log(Settings.load(told), instance="one").start()


async def test_a_broker_that_speaks_tls_alone_is_named_to_who_comes_without(broker: KafkaBroker) -> None:
    plain = webapp.ENVIRONMENT | {"WATTLINE_EVENT_LOG": f"kafka://{broker.bootstrap}"}
    with pytest.raises(SettingsError, match="WATTLINE_KAFKA_TLS: the broker speaks TLS alone"):
        await service.open_event_log(Settings.load(plain), instance="one").start()


@pytest.mark.parametrize("name", [{}, {"WATTLINE_KAFKA_USERNAME": "billing", "WATTLINE_KAFKA_PASSWORD": "any"}])
async def test_a_broker_without_tls_is_named_to_who_wants_it(name: dict[str, str], kafka_bootstrap: str) -> None:
    wanted = {"WATTLINE_EVENT_LOG": f"kafka://{kafka_bootstrap}", "WATTLINE_KAFKA_TLS": "true"}
    with pytest.raises(SettingsError, match="WATTLINE_KAFKA_TLS: the broker speaks no TLS"):
        await service.open_event_log(Settings.load(webapp.ENVIRONMENT | wanted | name), instance="one").start()


async def test_what_a_broker_no_longer_takes_is_named_once_while_the_service_runs(
    told: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told["WATTLINE_KAFKA_CERTIFICATES"] = str(Authority(tmp_path, "foreign").file)
    log = service.open_event_log(Settings.load(told), instance="one")
    looks = asyncio.Semaphore(0)
    check = log.check

    async def seen() -> None:
        looks.release()
        await check()

    log.check = seen  # type: ignore[method-assign]
    watching = asyncio.create_task(Watch(log, Metrics(), seconds=0).run())
    for _ in range(4):
        await looks.acquire()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    [line] = [record for record in caplog.records if record.name == "shared.bus.watch"]
    assert line.getMessage() == "the event log does not answer"
    assert "WATTLINE_KAFKA_CERTIFICATES: the server's certificate is not signed by a trusted" in vars(line)["error"]


def test_a_command_ends_with_the_reason_in_one_line(
    told: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name, value in (told | {"WATTLINE_KAFKA_PASSWORD": "another", "WATTLINE_DATA_DIR": str(tmp_path)}).items():
        monkeypatch.setenv(name, value)
    assert main(["topics", "create"]) == 2
    assert capsys.readouterr().err.startswith("wattline: wrong setting: WATTLINE_KAFKA_USERNAME")

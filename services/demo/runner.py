"""Start everything in this process, play the district, show the page."""

import asyncio
import contextlib
import json
import os
import secrets
import socket
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path

from services.billing.settings import DEFAULT_POLICY
from services.command import serve
from services.demo import result, script
from services.demo.district import District
from services.demo.mailbox import Mailbox
from services.demo.stage import DemoFailed, Stage
from services.notify.settings import NotifySettings
from services.reading.settings import SHIPPED_POLICY
from shared import logging as logs
from shared.settings import PORTS, SERVICES, Settings, SettingsError

MARK = "demo"  # this file says that the databases beside it are a demo's, and may be thrown away
UNUSED_MONTHS = 2
TAKEN_OVER_BEFORE = "2026-02-01"
DATABASES = (*SERVICES, "events")


def run(customers: int) -> int:
    """Play the demo; 0 only if every invariant holds."""
    return serve.run(_run(customers))


async def _run(customers: int) -> int:
    district = District(customers)
    mailbox = Mailbox()
    await mailbox.start()
    channel_secret = secrets.token_hex(32)
    prepare(os.environ, mailbox.port, channel_secret)
    settings = Settings.load(development=True)
    logs.configure("WARNING")
    clear(settings.data_dir)
    os.environ["WATTLINE_READING_POLICY"] = str(strict_policy(settings.data_dir))
    os.environ["WATTLINE_BILLING_POLICY"] = str(early_policy(settings.data_dir))
    os.environ["WATTLINE_NOTIFY_POLICY"] = str(telling_policy(settings.data_dir))
    try:
        found, seconds = await _play(district, settings, channel_secret, mailbox)
    except DemoFailed as failed:
        print(f"wattline demo: {failed}")
        return 1
    finally:
        await mailbox.stop()
    addresses = {name: settings.url_of(name) for name in SERVICES}
    keep = "They are down now; `make up` starts them again on the same data (mail and channel: see README)."
    print(result.page(found, customers=customers, seconds=seconds, addresses=addresses, keep=keep))
    return 0 if found.holds else 1


async def _play(
    district: District, settings: Settings, channel_secret: str, mailbox: Mailbox
) -> tuple[result.Result, float]:
    failure: DemoFailed | None = None
    async with _services(), Stage(district, settings, channel_secret, mailbox).open() as stage:
        stage.say("four services run in this process, on SQLite and the embedded event log")
        try:
            await script.everything(stage)
            return await result.collect(stage), stage.seconds
        except DemoFailed as failed:
            failure = failed  # out of the task group, which would wrap it
    assert failure is not None
    raise failure


@contextlib.asynccontextmanager
async def _services() -> AsyncIterator[None]:
    """Run the four services while the body runs."""
    stop, started = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve.up(stop=stop, started=started))
        await started.wait()
        try:
            yield
        finally:
            stop.set()


def prepare(environment: MutableMapping[str, str], smtp_port: int, channel_secret: str) -> None:
    """Point the services to the demo's mail server and channel, and to free ports where their own are taken."""
    environment["WATTLINE_SMTP_HOST"] = "127.0.0.1"
    environment["WATTLINE_SMTP_PORT"] = str(smtp_port)
    environment["WATTLINE_NOTICE_SENDERS"] = "16"  # the mailbox can take them, and more notices share a transaction
    environment["WATTLINE_CHANNEL_SECRETS"] = json.dumps({"app": channel_secret})
    for name in SERVICES:
        variable = f"WATTLINE_{name.upper()}_URL"
        if variable not in environment and not _is_free(PORTS[name]):
            environment[variable] = f"http://127.0.0.1:{_free_port()}"


def strict_policy(data_dir: Path) -> Path:
    """Write the shipped rules of reading, but for one: a guess is suspected after one cycle, since the demo has few."""
    rules = json.loads(SHIPPED_POLICY.read_text("utf-8"))
    rules["versions"][0]["conduct"]["guess_estimate"]["cycles"] = 1
    file = data_dir / "reading_policy.json"
    file.write_text(json.dumps(rules), "utf-8")
    return file


def telling_policy(data_dir: Path) -> Path:
    """Write the shipped rules of notify, but for one: a landlord is told of what is unpaid, before it grows."""
    rules = json.loads(NotifySettings.model_fields["notify_policy"].default.read_text("utf-8"))
    for version in rules["versions"]:
        version["roles"]["reminder"] = ["holder", "delegate", "landlord"]
    file = data_dir / "notify_policy.json"
    file.write_text(json.dumps(rules), "utf-8")
    return file


def early_policy(data_dir: Path) -> Path:
    """Write the shipped rules of billing, but for two: two months without use are found, not six, and none sends a bill to site.

    The demo has few months. Its routes are taken over in two steps, the last of them in January: who is supplied by its
    end is no new customer.
    """
    rules = json.loads(DEFAULT_POLICY.read_text("utf-8"))
    for version in rules["versions"]:
        version["closing"]["unused_months"] = UNUSED_MONTHS
        version["review"]["zeros_in_a_row"] = "off"
        version["review"]["first_bill"]["since"] = TAKEN_OVER_BEFORE
    file = data_dir / "billing_policy.json"
    file.write_text(json.dumps(rules), "utf-8")
    return file


def clear(data_dir: Path) -> None:
    """Throw away what an earlier demo left; raises `SettingsError` where the data are not a demo's."""
    data_dir.mkdir(parents=True, exist_ok=True)
    left = [path for name in DATABASES for path in data_dir.glob(f"{name}.db*")]
    if left and not (data_dir / MARK).exists():
        raise SettingsError(f"{data_dir} holds data that are not a demo's: name another place in WATTLINE_DATA_DIR")
    for path in left:
        path.unlink()
    (data_dir / MARK).write_text("These databases were made by `wattline demo`, which throws them away.\n")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""Debian's Kannel (an SMS gateway) with a message centre that takes everything: what it took, and its delivery reports."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_to_bytes

from shared.testing.servers import free_port
from tests.kits.gateways import Reply, serving

READY_SECONDS_MAX = 60
USER, SECRET = "me", "s3cret"
NOWHERE, REFUSED = "+8619", "+8618"
"""Numbers that begin so belong to no message centre, or to one that refuses what Kannel has taken already."""
CONFIG = """
group = core
admin-port = {admin}
admin-password = none
smsbox-port = {boxes}
box-allow-ip = "127.0.0.1"

group = smsc
smsc = fake
smsc-id = fake
port = {centre}
connect-allow-ip = "127.0.0.1"
denied-prefix = "{nowhere};{refused}"

group = smsc
smsc = http
system-type = generic
smsc-id = refusing
port = {reports}
connect-allow-ip = "127.0.0.1"
send-url = "http://127.0.0.1:{refusing}/?to=%p"
status-success-regex = "taken"
status-permfail-regex = "refused"
allowed-prefix = "{refused}"

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
http-request-retry = 20
http-queue-delay = 1

group = sendsms-user
username = {user}
password = {secret}
concatenation = true
max-messages = 10
"""


@dataclass
class Kannel:
    """A running Kannel. `taken`: sender, receiver and text of what its message centre took, in order."""

    url: str
    taken: list[tuple[str, str, str]] = field(default_factory=list)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Kannel]:
    """Run bearerbox, smsbox and a message centre."""
    ports = {name: free_port() for name in ("admin", "boxes", "centre", "sendsms", "reports")}
    config = folder / "kannel.conf"
    kannel = Kannel(f"http://127.0.0.1:{ports['sendsms']}")
    async with contextlib.AsyncExitStack() as stack:
        refusing = await stack.enter_async_context(serving(lambda asked: Reply(200, b"refused")))
        names = {"user": USER, "secret": SECRET, "nowhere": NOWHERE, "refused": REFUSED, "refusing": refusing.port}
        config.write_text(CONFIG.format(**ports, **names))
        await stack.enter_async_context(_process(folder, "bearerbox", str(config)))
        await _listening(ports["boxes"])
        centre = await _connected(ports["centre"])
        stack.callback(centre[1].close)
        reading = asyncio.create_task(_take(centre[0], kannel))
        stack.callback(reading.cancel)
        await stack.enter_async_context(_process(folder, "smsbox", str(config)))
        await _listening(ports["sendsms"])
        yield kannel


@asynccontextmanager
async def _process(folder: Path, *command: str) -> AsyncIterator[None]:
    with (folder / f"{command[0]}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, cwd=folder)
        try:
            yield
        finally:
            process.kill()
            await process.wait()


async def _connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(READY_SECONDS_MAX):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.05)


async def _listening(port: int) -> None:
    _, writer = await _connected(port)
    writer.close()


async def _take(reader: asyncio.StreamReader, kannel: Kannel) -> None:
    while line := await reader.readline():
        sender, receiver, coding, text = line.decode("ascii").rstrip("\n").split(" ", 3)
        content = unquote_to_bytes(text.replace("+", " "))
        kannel.taken.append((sender, receiver, content.decode("utf-16-be" if coding == "ucs-2" else "utf-8")))

"""`wattline up`, `service`, `relay`: everything that runs until it is told to stop."""

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

import uvloop

from services.command import local
from shared import logging as logs
from shared.bus.ports import EventLog
from shared.bus.relay import Relay
from shared.db import migrations
from shared.service import Service, database_tls, open_database, open_event_log
from shared.settings import SERVICES, Settings, SettingsError

log = logging.getLogger(__name__)

COLLECT_AFTER_OBJECTS = 50_000  # more than one batch makes: 2,000 facts of some twenty objects

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Return what the work returns, run on the fast event loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def settle() -> None:
    """Take what is loaded now out of the garbage collector's rounds, and make these rare.

    A batch makes thousands of lists and dictionaries, none of them in cycles. With the defaults each of them started
    rounds over all loaded modules: reading one HTTP batch of 500 reads took 8.9 ms of CPU, settled it takes 1.6 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_OBJECTS, 20, 20)


@contextlib.asynccontextmanager
async def stop_on_signal() -> AsyncIterator[asyncio.Event]:
    """Yield an event that SIGTERM and SIGINT set; the second signal kills as usual."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told(number: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told, number)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def event_log(settings: Settings) -> AsyncIterator[EventLog]:
    """Open the event log of the settings, with its topics where it is embedded."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    opened = open_event_log(settings, instance=settings.instance)
    await opened.start()
    try:
        if settings.event_log_url.startswith("embedded:"):
            await opened.create_topics()
        yield opened
    finally:
        await opened.stop()


async def up(*, stop: asyncio.Event | None = None, started: asyncio.Event | None = None) -> None:
    """Run all four services in this process, on their newest schema; `started` is set once all are being served."""
    settings = {name: local.settings_of(name, development=True) for name in SERVICES}
    common = settings[SERVICES[0]]
    if getattr(settings["notify"], "public_url", None) is None:  # who runs it here opens its links here
        settings["notify"] = settings["notify"].model_copy(update={"public_url": common.url_of("notify")})
    if common.port:
        raise SettingsError("WATTLINE_PORT must not be set where four services run in one process")
    await migrate(settings)
    async with event_log(common) as opened, _until(stop) as told:
        services = [local.build(name, settings[name], opened) for name in SERVICES]
        settle()
        async with asyncio.TaskGroup() as group:
            for service in services:
                group.create_task(_serve(service, settings[service.name], told))
            await _all_listen(settings, told)
            if not told.is_set():
                log.info("all services listen", extra={"urls": [own.url_of(name) for name, own in settings.items()]})
                if started is not None:
                    started.set()


@contextlib.asynccontextmanager
async def _until(stop: asyncio.Event | None) -> AsyncIterator[asyncio.Event]:
    if stop is not None:
        yield stop
        return
    async with stop_on_signal() as told:
        yield told


async def _serve(service: Service, settings: Settings, stop: asyncio.Event) -> None:
    logs.service.set(service.name)
    try:
        await service.serve(host=settings.host, port=settings.port_of(service.name), stop=stop)
    finally:
        stop.set()  # four services of one process stop together


async def _all_listen(settings: dict[str, Settings], stop: asyncio.Event) -> None:
    for name, own in settings.items():
        while not stop.is_set():
            try:
                _, writer = await asyncio.open_connection(own.host, own.port_of(name))
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            break


async def one(name: str) -> None:
    """Run one service; its schema must be the newest already."""
    settings = local.settings_of(name)
    if settings.database_owner_password is not None:
        raise SettingsError("WATTLINE_DATABASE_OWNER_PASSWORD is for migrate alone: a service must not own its tables")
    async with event_log(settings) as opened, stop_on_signal() as stop:
        service = local.build(name, settings, opened)
        settle()
        await _serve(service, settings, stop)


async def relay(name: str) -> None:
    """Run the relay of a service alone: to publish what is left while the service itself is stopped."""
    settings = local.settings_of(name)
    logs.service.set(name)
    database = open_database(settings, name)
    try:
        async with event_log(settings) as opened, stop_on_signal() as stop:
            running = asyncio.create_task(Relay(name, database, opened).run())
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in (running, stopping):
                task.cancel()
            await asyncio.gather(running, stopping, return_exceptions=True)
            if not running.cancelled() and (error := running.exception()):
                raise error
    finally:
        await database.close()


async def migrate(settings: dict[str, Settings]) -> None:
    """Bring the databases of these services to the newest schema."""
    for name, own in settings.items():
        own.data_dir.mkdir(parents=True, exist_ok=True)
        await migrations.upgrade(
            own.owner_url_of(name), name, role=own.role_of(name), journal_days=own.journal_days, tls=database_tls(own)
        )

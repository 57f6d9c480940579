"""The four services in one process, on SQLite and the embedded log or as told: each may crash, and is then built anew."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import httpx

from services.command import local
from services.demo import runner
from services.demo.mailbox import Mailbox
from shared import settings as settings_module
from shared.bus.embedded import EmbeddedEventLog
from shared.bus.handling import Handler
from shared.bus.ports import EventLog
from shared.db.engine import Tx
from shared.events.fact import Fact
from shared.service import Service
from shared.settings import SERVICES, Settings
from shared.testing.faults import Crash, CrashingTx, CrashPlan, Faults, FaultyEventLog, Unforeseen
from tests.kits import databases
from tests.kits.line import CHANNEL_SECRET, impatient_notify_policy

Poison = Callable[[str, Fact], bool]
"""Whether a fact fails in the service of this name."""

OWN = tuple(str(Path(__file__).parents[2] / name) for name in ("services", "shared"))  # not what is installed in .venv
NO_FAULTS = Faults()
NO_ENVIRONMENT: Mapping[str, str] = {}
_owner: ContextVar["House | None"] = ContextVar("house", default=None)


class House(httpx.AsyncBaseTransport):
    """One service, and the way to it. What it does is done by tasks that die together."""

    def __init__(self, name: str, settings: Settings, event_log: EventLog, plan: CrashPlan, poison: Poison) -> None:
        self.name = name
        self.plan = plan
        self.crashes = 0
        self.failures: list[str] = []  # parts of the service that ended, and not by a crash
        self.service: Service
        self._settings = settings
        self._event_log = event_log
        self._poison = poison
        self.tasks: set[asyncio.Task[Any]] = set()
        self._building = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None

    def build(self) -> None:
        self.service = local.build(self.name, self._settings, self._event_log)
        self.service.database.unit = type("Unit", (CrashingTx,), {"plan": self.plan})
        consumer = self.service.consumer
        assert consumer is not None
        # the one place where facts can be made to fail without a word of it in the product
        consumer.handlers.update({kind: self._failing(handler) for kind, handler in consumer.handlers.items()})
        token = _owner.set(self)
        try:
            loops = [asyncio.create_task(loop) for loop in self.service.tasks()]
        finally:
            _owner.reset(token)
        self._watching = asyncio.create_task(self._watch(self.service, loops))

    def _failing(self, handler: Handler) -> Handler:
        async def handle(tx: Tx, facts: Sequence[Fact]) -> None:
            if any(self._poison(self.name, fact) for fact in facts):
                raise ZeroDivisionError("poison")
            await handler(tx, facts)

        return handle

    async def _watch(self, service: Service, loops: Sequence[asyncio.Task[None]]) -> None:
        done, _ = await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
        self.failures += [repr(task) for task in done if not isinstance(_error(task), Crash)]
        await self._crashed(service)

    async def _crashed(self, service: Service) -> None:
        async with self._building:
            if service is not self.service:
                return
            self.crashes += 1
            await self.end()
            self.build()

    async def end(self) -> None:
        """End everything that the service does."""
        me = asyncio.current_task()
        mine = [task for task in (*self.tasks, self._watching) if task is not None and task is not me]
        self.tasks.clear()
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)
        await self.service.database.close()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        service = self.service
        assert not self.failures, self.failures
        try:
            return await httpx.ASGITransport(service.app).handle_async_request(request)
        except Unforeseen:  # for who reads the log; over a socket it is the answer 500
            return httpx.Response(500)
        except Crash:
            await self._crashed(service)
            raise


class Town:
    """The houses by name."""

    def __init__(self, settings: Mapping[str, Settings], houses: Mapping[str, House]) -> None:
        self.settings = settings
        self.houses = houses

    @property
    def database_urls(self) -> dict[str, str]:
        return {name: self.settings[name].database_url_of(name) for name in SERVICES}


def never(service: str, fact: Fact) -> bool:
    """No fact fails."""
    return False


def _record_owner(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
    """Make a task and note whose it is, so that it dies with its house; calls of a database driver end by themselves."""
    task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **options)
    house = _owner.get()
    if house is not None and _file(coro).startswith(OWN):
        house.tasks.add(task)
        task.add_done_callback(house.tasks.discard)
    return task


def _file(coro: Any) -> str:
    code = getattr(coro, "cr_code", None)
    return code.co_filename if code is not None else ""


def _error(task: asyncio.Task[Any]) -> BaseException | None:
    return None if task.cancelled() else task.exception()


@asynccontextmanager
async def town(
    work: Path,
    *,
    faults: Faults = NO_FAULTS,
    plans: Mapping[str, CrashPlan] | None = None,
    poison: Poison = never,
    environment: Mapping[str, str] = NO_ENVIRONMENT,
    event_log: EventLog | None = None,
) -> AsyncIterator[Town]:
    """Give a town of four running services with empty books."""
    mailbox = Mailbox()
    await mailbox.start()
    settings = {
        name: settings_module.settings_class(name).load(_environment(work, mailbox) | environment) for name in SERVICES
    }
    for name in SERVICES:
        await databases.migrate(settings[name].database_url_of(name), name)
    event_log = event_log or EmbeddedEventLog(work / "events.db")
    await event_log.start()
    await event_log.create_topics()
    houses = {}
    asyncio.get_running_loop().set_task_factory(_record_owner)
    for at, name in enumerate(SERVICES):
        plan = (plans or {}).get(name, CrashPlan())
        own = Faults(faults.seed + at, faults.duplicate, faults.delay, faults.reorder)
        houses[name] = House(name, settings[name], FaultyEventLog(event_log, own, plan), plan, poison)
        houses[name].build()
    try:
        yield Town(settings, houses)
    finally:
        for house in houses.values():
            await house.end()
        asyncio.get_running_loop().set_task_factory(None)
        await event_log.stop()
        await mailbox.stop()


def _environment(work: Path, mailbox: Mailbox) -> dict[str, str]:
    values = {
        "data_dir": str(work),
        "token_key": "k" * 40,
        "device_master_key": "d" * 40,
        "personal_key": "v" * 40,
        "channel_secrets": f'{{"app": "{CHANNEL_SECRET}"}}',
        "smtp_port": str(mailbox.port),
        "smtp_timeout_seconds": "0.9",
        "notice_lease_seconds": "4",
        "notify_policy": str(impatient_notify_policy(work)),
        "billing_policy": str(runner.early_policy(work)),
    }
    return {f"WATTLINE_{name.upper()}": value for name, value in values.items()}

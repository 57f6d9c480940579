"""Two services restored to moments of their own, the others as they are: after the documented steps the books agree again.

A town is told day by day, with dumps on the way. Then, for every pair of services, both databases are put back to skewed dumps,
each service tells again what it told (`wattline republish`), what the restored ones were told since is told again, day by day, as
the systems beside them do, and they tell the others how they stand (`wattline restored`).
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import combinations, groupby
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.__main__ import main
from services.billing.bills.domain.policy import ADOPTION, CORRECT
from services.command import explain, remote
from services.command.local import SCOPES
from shared import httpclient
from shared.settings import SERVICES
from shared.testing.servers import PostgresDatabases
from shared.web import auth
from tests.kits import calls
from tests.kits.calls import Line
from tests.kits.dumps import Databases, PostgresServerDatabases, SqliteDatabases
from tests.kits.effort import seeds
from tests.kits.parties import person
from tests.kits.told_line import approve_proposed, books_of, close_waiting, set_up
from tests.kits.told_town import CYCLES, FIRST, HOMES, READ_DATES, REGISTERED_LATE, UNIT, Told, ordered

SEEDS = seeds(169029)
ROUNDS_MAX = 8
TOLD = ("bills issued by runs = causes of notices", "estimates made = causes of notices")
Days = Sequence[tuple[date, Sequence[Told]]]


@dataclass(frozen=True)
class Dump:
    """A dump of all databases, taken when all of the days before `day` was told."""

    day: date
    taken_at: datetime
    folder: Path


def told_of_money() -> list[Told]:
    """Tell of who is to be told, and of payments at the counter: some in full, some in part, some before the bill."""
    people = [person(f"P{home}", f"A{home}", UNIT, f"home-{home}@example.org", since=str(FIRST)) for home in HOMES]
    path = "/v1/parties"
    facts = [Told(name="parties", day=FIRST, method="PUT", service="notify", path=path, body={"items": people})]
    for day in READ_DATES:
        for home in set(HOMES) - {REGISTERED_LATE}:
            paid_on = day + timedelta(days=3 + 4 * (home % 2))
            body = {"account_no": f"A{home}", "amount_fen": 1000 * home, "received_on": str(paid_on)}
            name, path = f"paid-{home}-{day}", "/v1/payments"
            facts.append(Told(name=name, day=paid_on, method="POST", service="collection", path=path, body=body))
    return facts


def days_told() -> Days:
    facts = sorted([*ordered(None), *told_of_money()], key=lambda told: told.day)
    return [(day, list(told)) for day, told in groupby(facts, key=lambda told: told.day)]


async def tell(line: Line, facts: Sequence[Told], services: Sequence[str]) -> None:
    """Tell these services what they are told on a day, and wait for what comes of it."""
    mine = [told for told in facts if told.service in services]
    for told in mine:
        answer = await line.call(told.method, told.service, told.path, told.body, key=told.name.replace(" ", "-"))
        await line.approve(answer, told.service)
    if mine:
        await line.quiet()


async def command(*words: str) -> None:
    """Run a command of the product, as the settings in the environment say."""
    assert await asyncio.to_thread(main, words) == 0, words


@dataclass(frozen=True)
class World:
    """The town as it is in the end, the dumps on the way there, and what stands."""

    end: Path
    days: Days
    dumps: Sequence[Dump]
    books: Mapping[str, Any]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A town that was told day by day."""
    folder, days = tmp_path_factory.mktemp("world"), days_told()
    later = [day for day, _ in days[1:]]
    return asyncio.run(told_in_time(folder, SqliteDatabases(folder / "town"), days, later))


async def told_in_time(folder: Path, databases: Databases, days: Days, at: Sequence[date]) -> World:
    """Tell a town day by day, and dump its databases before some of the days and in the end."""
    dumps = list[Dump]()
    async with calls.line(folder / "town", databases.environment, changed_facts=CORRECT) as line:
        await set_up(line)
        for day, facts in days:
            if day in at:
                dumps.append(Dump(day, datetime.now(UTC), folder / f"dump-{day}"))
                await asyncio.to_thread(databases.dump, dumps[-1].folder)
            await tell(line, facts, SERVICES)
        await approve_proposed(line)
        await asyncio.to_thread(databases.dump, folder / "end")
        return World(folder / "end", days, dumps, await books_of(line))


@pytest.mark.parametrize("pair", list(combinations(SERVICES, 2)), ids="-".join)
@pytest.mark.parametrize("seed", SEEDS)
async def test_two_services_can_be_restored_to_moments_of_their_own(
    world: World, pair: tuple[str, str], seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = random.Random(f"{seed} {pair}").sample(world.dumps, 2)
    of = dict(zip(pair, chosen, strict=True))
    print(f"seed {seed}: { {name: str(dump.day) for name, dump in of.items()} }")
    await restore(tmp_path / "restored", SqliteDatabases(tmp_path / "restored"), world, of, monkeypatch)


async def test_databases_of_postgres_can_be_restored_to_moments_of_their_own(
    postgres_server: PostgresDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading and billing, older than who heard them; by the programs of PostgreSQL."""
    days = [(day, facts) for day, facts in days_told() if day <= date(2026, 4, 15)]
    databases = PostgresServerDatabases(postgres_server, "restore")
    databases.create()
    try:
        world = await told_in_time(tmp_path, databases, days, [date(2026, 3, 9), date(2026, 3, 20)])
        of = dict(zip(("billing", "reading"), world.dumps, strict=True))
        await restore(tmp_path / "restored", databases, world, of, monkeypatch)
    finally:
        databases.drop()


async def restore(
    work: Path, databases: Databases, world: World, of: Mapping[str, Dump], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Restore services to dumps, follow the documented steps, and assert that the books are those of the world."""
    for name in SERVICES:
        databases.restore(name, of[name].folder if name in of else world.end)
    own = {"DATA_DIR": str(work), "TOKEN_KEY": "k" * 40, "DEVICE_MASTER_KEY": "d" * 40, "PERSONAL_KEY": "v" * 40}
    for variable, value in ({f"WATTLINE_{name}": value for name, value in own.items()} | databases.environment).items():
        monkeypatch.setenv(variable, value)
    since = min(dump.taken_at for dump in of.values()).isoformat()
    for name in SERVICES:
        await command("republish", name, "--from", since)
    async with calls.line(work, databases.environment, changed_facts=CORRECT, by_two=[ADOPTION]) as line:
        monkeypatch.setattr(remote, "client", partial(operator, line))
        await line.quiet()
        for day, facts in world.days:
            await tell(line, facts, [name for name in of if of[name].day <= day])
        for name in of:
            await command("restored", name)
        await line.quiet()
        told = await mend(line)
        books = await books_of(line)
        for kind, rows in world.books.items():
            assert books[kind] == rows, kind
        await close_waiting(line)
        for cycle, rule in await line.compared(CYCLES):
            assert rule.agrees or (rule.title in TOLD and told[cycle]), (cycle, rule)
        assert (await line.call("GET", "collection", "/v1/invariants"))["holds"]


async def discard(line: Line, *, service: str, letter: int) -> None:
    """Discard a fact that is overtaken, by two people."""
    path = "/v1/dead-letters/discards"
    asked = await line.call("POST", service, path, {"ids": [letter], "reason": "overtaken"})
    await line.approve(asked, service)


async def approve_adopted(line: Line) -> None:
    """Approve as a second person the bills that the operator has asked to be kept as they are posted."""
    for asked in await line.items("billing", f"/v1/approvals?kind={ADOPTION}&state=pending"):
        await line.approve(asked)


@asynccontextmanager
async def operator(line: Line, service: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give the client of a command that acts on the running services."""
    key = line.town.settings[service].token_key.get_secret_value()
    token = auth.mint(key=key, audience="wattline", subject="operator", scopes=SCOPES, seconds=3600)
    transport = line.town.houses[service]
    async with httpclient.client(f"http://{service}", token=lambda: token, transport=transport) as opened:
        yield opened


async def mend(line: Line) -> dict[str, int]:
    """Do what `wattline reconcile --explain` says until it finds nothing to mend; return what customers were told of by cycle
    that is no bill of a run any more: nobody can untell it."""
    for _ in range(ROUNDS_MAX):
        await approve_proposed(line)
        said = {cycle: [found async for found in explain.of_cycle(cycle)] for cycle in CYCLES}
        aside = [each async for each in explain.set_aside()]
        told = {each.mended_by(cycle) for cycle, found in said.items() for each in found}
        told |= {each.mended_by("") for each in aside}
        for text in sorted(str(each) for found in said.values() for each in found):
            print("   ", text)
        commands = sorted(each for each in told if each.startswith("wattline"))
        if not commands:
            return {cycle: len(found) for cycle, found in said.items()}
        for each in commands:
            print("   ", each)
            _, name, *words = each.split()
            if name == "adopt":
                await remote.adopt(words[0], words[2])
                await approve_adopted(line)
            elif name == "dead-letters":
                await discard(line, service=words[1], letter=int(words[3]))
            else:
                await command(name, *words)
        await line.quiet()
    raise AssertionError("what is said to mend the books does not")

"""A town told in any order ends in the same books: usages in force, bills in force, what waits, what is owed.

Five months of nineteen homes and a shop over REST and events, through the four services: moves, exchanges told late and
mistyped, wrong reads corrected and annulled, contracts told late, moved and annulled, asked ends, reads that are missing or
come late, load curves. For days that are billed by then, in the order of time: a class and a household registered, a tariff
of the contract and a price changed, an opening corrected, a contract told, a move told; of the shop (two-part price, power
factor) a transformer suspended, the capacity, the option, an exemption and a standard. What is proposed for it a reviewer
approves in the end; in a town of the other policy it is corrected at once. Runs wait for points that nobody has explained;
reasons are told, taken back and told again, and what is left somebody lets go in the end. The bills of what was read are
also those of a slow walk through the days.
"""

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from services.billing.bills.domain.policy import CORRECT, PROPOSE
from shared.bus.kafka import KafkaEventLog
from shared.bus.ports import EventLog
from shared.settings import SERVICES
from shared.testing.servers import KafkaBroker, PostgresDatabases
from tests.kits import calls
from tests.kits.calls import Line
from tests.kits.effort import seeds
from tests.kits.told_line import approve_proposed, books_of, close_waiting, set_up
from tests.kits.told_town import (
    CHANGED,
    CURVED,
    CYCLES,
    MOVED,
    READ_DATES,
    REGISTERED_LATE,
    SHOP,
    Told,
    ordered,
)
from tests.kits.told_truth import fen_of_bills
from tests.kits.town import NO_ENVIRONMENT

SEEDS = seeds(3, 4, 5, 8, 17, 23)


async def _tell(line: Line, order: Sequence[Told], seed: int | None) -> None:
    """Tell all of it; reads that follow each other go together, as many as the seed wants."""
    chance, reads = random.Random(seed), list[Any]()
    size = 1
    for told in order:
        if told.path == "/v1/reads":
            reads += told.body["items"]
            if len(reads) < size:
                continue
        if reads:
            await line.call("POST", "reading", "/v1/reads", {"items": reads})
            reads, size = [], chance.choice([1, 5, 50])
        if told.path != "/v1/reads":
            await line.approve(await line.call(told.method, told.service, told.path, told.body), told.service)
    if reads:
        await line.call("POST", "reading", "/v1/reads", {"items": reads})
    await line.quiet()


async def _told(
    work: Path,
    seed: int | None,
    environment: Mapping[str, str] = NO_ENVIRONMENT,
    *,
    changed_facts: str = PROPOSE,
    event_log: EventLog | None = None,
) -> dict[str, Any]:
    async with calls.line(
        work, environment, changed_facts=changed_facts, unexplained="hold", event_log=event_log
    ) as line:
        await set_up(line)
        await _tell(line, ordered(seed), seed)
        decided = await approve_proposed(line)
        large = {f"CA{SHOP}"}  # two people decide, also on what reads alone change
        assert decided <= large or changed_facts == PROPOSE
        assert decided or changed_facts != PROPOSE or seed is not None, "nothing was told of days that were billed"
        books = await books_of(line)
        await close_waiting(line)
        await line.agrees(CYCLES)
        return books


def _walk(books: Mapping[str, Any]) -> None:
    """Assert that the bills of what was read, and settles no estimate, are what a slow walk through the days says."""
    read = {
        (one["service_point_no"], one["period_from"]): one["energy_wh"]["import"]
        for one in books["usages"]
        if one["quality"] == "actual" and not one["settles_estimate"]
    }
    told = {}
    for contract_no, of_contract in groupby(books["bills"], key=itemgetter("contract_no")):
        home, bills = int(contract_no[2:]), list(of_contract)
        periods = [(date.fromisoformat(b["period_from"]), date.fromisoformat(b["period_to"])) for b in bills]
        for bill, (start, end), fen in zip(bills, periods, fen_of_bills(home, periods), strict=True):
            wh = read.get((f"SP{home}", bill["period_from"]))
            if wh is not None:
                told[contract_no, bill["period_from"]] = (
                    (bill["total_fen"], wh),
                    (fen, 1000 * (3 + home) * (end - start).days),
                )
    wrong = {bill: both for bill, both in told.items() if both[0] != both[1]}
    assert not wrong
    changed = {contract_no for contract_no, _ in told}
    assert changed >= {f"CA{home}" for home in (*CHANGED, REGISTERED_LATE, CURVED, SHOP, *MOVED)} | {
        f"CB{home}" for home in MOVED
    }
    assert len(told) > 60, len(told)
    assert len([bill for bill in told if bill[0] == f"CA{SHOP}"]) == len(READ_DATES)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """The books of a town that was told in the order of time."""
    return asyncio.run(_told(tmp_path_factory.mktemp("in-time"), None))


async def test_a_town_told_in_any_order_ends_in_the_same_books(expected: Mapping[str, Any], tmp_path: Path) -> None:
    by_time = [bill for bill in expected["bills"] if bill["contract_no"] == f"CA{CURVED}"]
    assert [bill["status"] for bill in by_time] == ["issued"] * len(READ_DATES)
    assert all({line["period"] for line in bill["lines"]} >= {"peak", "valley"} for bill in by_time)
    _walk(expected)
    for seed in SEEDS:
        found = await _told(tmp_path / str(seed), seed, changed_facts=(PROPOSE, CORRECT)[seed % 2])
        for name, books in expected.items():
            assert found[name] == books, (seed, name)


@pytest.mark.kafka
async def test_a_town_on_postgres_and_kafka_ends_in_the_books_of_one_in_a_process(
    expected: Mapping[str, Any], tmp_path: Path, of_postgres: dict[str, str]
) -> None:
    with KafkaBroker() as broker:  # of its own: the topics have the names of the product
        found = await _told(
            tmp_path / "on-kafka", 8, of_postgres, event_log=KafkaEventLog(broker.bootstrap, instance="0")
        )
    for name, books in expected.items():
        assert found[name] == books, name


@pytest.fixture
def of_postgres(postgres_server: PostgresDatabases) -> Iterator[dict[str, str]]:
    """What tells the services of a town where their PostgreSQL databases are."""
    urls = [postgres_server.create_database(f"town_in_any_order_{name}") for name in SERVICES]
    yield {"WATTLINE_DATABASE_URL": urls[0].replace(f"order_{SERVICES[0]}", "order_{service}")}
    postgres_server.drop_database(*urls)


async def test_a_town_on_postgres_ends_in_the_books_of_one_on_sqlite(
    expected: Mapping[str, Any], tmp_path: Path, of_postgres: dict[str, str]
) -> None:
    found = await _told(tmp_path / "on-postgres", 5, of_postgres)
    for name, books in expected.items():
        assert found[name] == books, name

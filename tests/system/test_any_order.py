"""A town told in any order ends in the same books: usages in force, bills in force, what waits, what is owed.

Five months of twelve homes over REST and events, through the four services: moves, exchanges told late and mistyped, wrong reads
corrected and annulled, contracts told late, moved and annulled, asked ends, reads that are missing or come late, load curves.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from services.billing.tariffs.documents import packaged
from shared.settings import SERVICES
from shared.testing.servers import PostgresDatabases
from tests.kits import calls
from tests.kits.calls import Line
from tests.kits.town import NO_ENVIRONMENT

pytestmark = pytest.mark.timeout(600)

UNIT, TARIFF, BY_TIME = "zj/hangzhou", "CN-ZJ/residential", "CN-ZJ/residential/time-of-use"
CURVED = 11  # the home that is billed by the hours of its curve
HOMES = range(1, 13)
FIRST = date(2026, 1, 1)
READ_DATES = tuple(date(2026, month, 1) for month in range(2, 7))
CYCLES = tuple(f"2026-{month:02}" for month in range(1, 7))
EXCHANGED = {6: date(2026, 3, 10), 7: date(2026, 2, 20)}
MOVED = {3: date(2026, 3, 15), 4: date(2026, 4, 1)}
UNREAD = {(1, 3), (2, 4), (2, 5), (9, 3), (10, 2)}  # home and month without a read
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Told:
    """Something that is told: when it was in truth, what must have been told before, and how."""

    name: str
    day: date
    method: str
    path: str
    body: dict[str, Any]
    service: str = "reading"
    after: tuple[str, ...] = ()


def _kwh(home: int, day: date) -> int:
    return 1000 + (3 + home) * (day - FIRST).days


def _read(home: int, day: date, *, kwh: int | None = None, source: str = "remote", meter: str = "M") -> dict[str, Any]:
    exchanged = EXCHANGED.get(home)
    if exchanged is not None and day > exchanged and meter == "M":
        return _read(home, day, kwh=(3 + home) * (day - exchanged).days, source=source, meter="N")
    shown = f"{_kwh(home, day) if kwh is None else kwh}.00"
    return {
        "meter_no": f"{meter}{home}",
        "read_at": f"{day}T00:00:00+08:00",
        "source": source,
        "unit": "kWh",
        "registers": {"import": shown},
    }


def _read_id(home: int, day: date, source: str = "remote") -> str:
    return f"M{home}~{day - DAY:%Y%m%d}T160000Z~{source}"


def _reads() -> list[Told]:
    facts = []
    for home in HOMES:
        days = [day for day in READ_DATES if (home, day.month) not in UNREAD]
        days += [date(2026, 2, 11), date(2026, 4, 20)] if home in (8, 10) else []
        for day in sorted(days):
            read = _read(home, day)
            facts.append(
                Told(name=f"read {home} {day}", day=day, method="POST", path="/v1/reads", body={"items": [read]})
            )
    wrong, annulled = date(2026, 3, 1), date(2026, 4, 1)
    facts = [fact for fact in facts if fact.name not in (f"read 5 {wrong}", f"read 8 {annulled}")]
    for home, day, kwh in ((5, wrong, 9000), (8, annulled, 100)):
        body = {"items": [_read(home, day, kwh=kwh)]}
        facts.append(Told(name=f"read {home} {day}", day=day, method="POST", path="/v1/reads", body=body))
    facts.append(
        Told(
            name="corrected",
            day=date(2026, 3, 9),
            method="POST",
            path=f"/v1/reads/{_read_id(5, wrong)}/correction",
            body=_shown(_kwh(5, wrong)) | {"reason": "misread", "confirm": True},
            after=(f"read 5 {wrong}",),
        )
    )
    facts.append(
        Told(
            name="annulled",
            day=date(2026, 4, 20),
            method="POST",
            path=f"/v1/reads/{_read_id(8, annulled)}/annulment",
            body={"reason": "wrong_meter"},
            after=(f"read 8 {annulled}",),
        )
    )
    return facts


def _shown(kwh: int) -> dict[str, Any]:
    return {"unit": "kWh", "registers": {"import": f"{kwh}.00"}}


def _installed(home: int, meter: str, on: date, opening: int, **more: Any) -> dict[str, Any]:
    return {
        "service_point_no": f"SP{home}",
        "meter_no": f"{meter}{home}",
        "installed_on": str(on),
        "unit": "kWh",
        "opening": {"import": f"{opening}.00"},
    } | more


def _exchanges() -> list[Told]:
    """Tell of exchanges in two parts; the closing registers of home 7 are mistyped first."""
    facts = []
    for home, day in EXCHANGED.items():
        right = _kwh(home, day)
        typed = right * 10 if home == 7 else right
        off = _installed(home, "M", FIRST, 1000, removed_on=str(day), closing={"import": f"{typed}.00"})
        new = _installed(home, "N", day, 0)
        path = "/v1/installations"
        facts.append(Told(name=f"off {home}", day=day, method="PUT", path=path, body={"items": [off]}))
        after = (f"off {home}",)
        facts.append(Told(name=f"on {home}", day=day, method="PUT", path=path, body={"items": [new]}, after=after))
        if typed != right:
            body = {"unit": "kWh", "closing": {"import": f"{right}.00"}, "reason": "mistyped", "confirm": True}
            path = f"/v1/installations/M{home}/{FIRST}/correction"
            facts.append(Told(name="repaired", day=day + 20 * DAY, method="POST", path=path, body=body, after=after))
    return facts


def _account(account: str, home: int, since: date, to: date | None = None, **more: Any) -> dict[str, Any]:
    tariff = BY_TIME if home == CURVED else TARIFF
    contract = {
        "contract_no": f"C{account}",
        "service_point_no": f"SP{home}",
        "from": str(since),
        "to": str(to) if to else None,
        "curve_minutes": 60 if home == CURVED else None,
        "opening_usage": [{"ladder": "year", "year": 2026, "used_wh": [0, 0, 0]}],
    }
    return {
        "account_no": account,
        "org_unit": UNIT,
        "opened_on": str(FIRST),
        "facts": [{"from": str(FIRST), "customer_class": "residential", "people": 3}],
        "contracts": [contract | {"tariffs": [{"from": str(since), "tariff": tariff}]} | more],
    }


def _accounts() -> list[Told]:
    facts = []

    def tell(name: str, day: date, state: dict[str, Any], *after: str) -> None:
        body = {"items": [state]}
        facts.append(
            Told(name=name, day=day, method="PUT", service="billing", path="/v1/accounts", body=body, after=after)
        )

    for home in HOMES:
        tell(f"account {home}", FIRST, _account(f"A{home}", home, FIRST))
        if home in MOVED:
            day = MOVED[home]
            tell(f"end {home}", day, _account(f"A{home}", home, FIRST, day), f"account {home}")
            tell(f"begin {home}", day, _account(f"B{home}", home, day), f"end {home}")
    moved = _account("A11", 11, date(2026, 1, 20), reason="moved in later")
    tell("moved", date(2026, 3, 20), moved, "account 11")
    tell(
        "annulled contract",
        date(2026, 5, 5),
        _account("A12", 12, FIRST, annulled=True, reason="never was"),
        "account 12",
    )
    return facts


def _curves() -> list[Told]:
    """Tell of the curve of one home month by month, one of them estimated before, and one day of another in a part."""
    day_wh = 1000 * (3 + CURVED)
    true = [day_wh // 16 if 8 <= hour < 22 else 0 for hour in range(24)]
    true[3] = day_wh - sum(true)
    facts = []

    def tell(name: str, first: date, values: list[int | None], days: int, *after: str, **more: Any) -> None:
        known = {"meter_no": f"M{CURVED}", "unit": "Wh", "interval_minutes": 60, "values": values}
        body = {"items": [known | {"day": str(first + i * DAY)} | more for i in range(days)]}
        day = first + days * DAY
        facts.append(Told(name=name, day=day, method="POST", path="/v1/curves", body=body, after=after))

    for first, end in pairwise((FIRST, *READ_DATES)):
        tell(f"curves {end}", first, [*true], (end - first).days)
    tell("curves estimated", date(2026, 3, 1), [day_wh // 24] * 24, 31, quality="e" * 24)
    tell("curve in part", date(2026, 4, 7), [None] * 12 + true[12:], 1)
    return facts


def _jobs() -> list[Told]:
    facts: list[Told] = []
    for n, day in enumerate(READ_DATES):
        before = (f"plan {READ_DATES[n - 1]}",) if n else ()
        shut = (f"plan {day}", *((f"close {READ_DATES[n - 1]}",) if n else ()))
        for job, name, on, after in (("plan-cycles", "plan", day, before), ("close-routes", "close", day + DAY, shut)):
            body = {"business_date": str(on)}
            path = f"/v1/jobs/{job}/runs"
            facts.append(Told(name=f"{name} {day}", day=on, method="POST", path=path, body=body, after=after))
    asked = {"items": [{"service_point_no": "SP10", "day": "2026-04-20", "kind": "move"}]}
    facts.append(Told(name="asked", day=date(2026, 4, 21), method="PUT", path="/v1/asked-ends", body=asked))
    return facts


FACTS = (*_jobs(), *_accounts(), *_exchanges(), *_curves(), *_reads())


def _ordered(seed: int | None) -> list[Told]:
    """Return the facts in the order of time, or (with a seed) in another one in which each comes behind what it rests on."""
    chance = random.Random(seed)
    far = 0 if seed is None else (20, 60, 400)[seed % 3]
    waiting = sorted(FACTS, key=lambda told: told.day.toordinal() + chance.randint(0, far))
    done, order = set[str](), list[Told]()
    while waiting:
        told = next(each for each in waiting if done.issuperset(each.after))
        waiting.remove(told)
        done.add(told.name)
        order.append(told)
    return order


async def _set_up(line: Line) -> None:
    for document in packaged.documents("sample"):
        if document.get("id") in (TARIFF, BY_TIME):
            path = f"/v1/tariffs/{document['id']}/versions/{document['version']}"
            await line.call("PUT", "billing", path, document)
    meters = [f"M{home}" for home in HOMES] + [f"N{home}" for home in EXCHANGED]
    register = {"quantity": "import", "digits": 8, "scale": 2}
    for path, items in (
        ("routes", [{"route_no": f"R{n}", "org_unit": UNIT, "read_day": 1} for n in (1, 2)]),
        ("service-points", [{"service_point_no": f"SP{home}", "route_no": f"R{1 + home // 7}"} for home in HOMES]),
        ("meters", [{"meter_no": no, "org_unit": UNIT, "registers": [register]} for no in meters]),
        ("installations", [_installed(home, "M", FIRST, 1000) for home in HOMES]),
    ):
        await line.call("PUT", "reading", f"/v1/{path}", {"items": items})


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
            await line.call(told.method, told.service, told.path, told.body)
    if reads:
        await line.call("POST", "reading", "/v1/reads", {"items": reads})
    await line.quiet()


async def _books(line: Line) -> dict[str, Any]:
    usages = []
    for home in HOMES:
        taken: list[dict[str, Any]] = []
        for one in sorted(
            await line.items("reading", f"/v1/usages?service_point_no=SP{home}"), key=lambda u: -u["version"]
        ):
            if all(one["period_to"] <= u["period_from"] or u["period_to"] <= one["period_from"] for u in taken):
                taken.append(one)
        fields = (
            "service_point_no",
            "period_from",
            "period_to",
            "energy_wh",
            "quality",
            "estimates_in_a_row",
            "months",
        )
        rest = ("cycle", "settles_estimate", "registers")
        usages += [{name: u[name] for name in (*fields, *rest)} for u in taken if not u["withdrawn"]]
    bills = []
    for status in ("ready", "held", "issued"):
        for one in await line.items("billing", f"/v1/bills?status={status}"):
            bill = await line.call("GET", "billing", f"/v1/bills/{one['bill_id']}")
            names = ("contract_no", "period_from", "period_to", "total_fen", "lines", "status")
            bills.append({name: bill[name] for name in names})
    waiting = [
        (one["service_point_no"], one["period_from"], one["period_to"])
        for one in await line.items("billing", "/v1/waiting-usages")
    ]
    accounts = [f"A{home}" for home in HOMES] + [f"B{home}" for home in MOVED]
    owed = {no: (await line.call("GET", "collection", f"/v1/accounts/{no}"))["balance_fen"] for no in accounts}
    return {
        "usages": sorted(usages, key=lambda u: (u["service_point_no"], u["period_from"])),
        "bills": sorted(bills, key=lambda b: (b["contract_no"], b["period_from"])),
        "waiting": sorted(waiting),
        "owed": owed,
    }


async def _told(work: Path, seed: int | None, environment: Mapping[str, str] = NO_ENVIRONMENT) -> dict[str, Any]:
    async with calls.line(work, environment) as line:
        await _set_up(line)
        await _tell(line, _ordered(seed), seed)
        books = await _books(line)
        for one in await line.items("billing", "/v1/waiting-usages"):
            reason = {"reason": "nobody is supplied"}
            await line.call("POST", "billing", f"/v1/waiting-usages/{one['usage_id']}/closing", reason)
        await line.agrees(CYCLES)
        return books


async def test_a_town_told_in_any_order_ends_in_the_same_books(tmp_path: Path) -> None:
    expected = await _told(tmp_path / "in-time", None)
    by_time = [bill for bill in expected["bills"] if bill["contract_no"] == f"CA{CURVED}"]
    assert [bill["status"] for bill in by_time] == ["issued"] * len(READ_DATES)
    assert all({line["period"] for line in bill["lines"]} >= {"peak", "valley"} for bill in by_time)
    for seed in (3, 4, 5):
        found = await _told(tmp_path / str(seed), seed)
        for name, books in expected.items():
            assert found[name] == books, (seed, name)


@pytest.fixture
def of_postgres(postgres_server: PostgresDatabases) -> Iterator[dict[str, str]]:
    """What tells the services of a town where their PostgreSQL databases are."""
    urls = [postgres_server.create_database(f"town_in_any_order_{name}") for name in SERVICES]
    yield {"WATTLINE_DATABASE_URL": urls[0].replace(f"order_{SERVICES[0]}", "order_{service}")}
    postgres_server.drop_database(*urls)


async def test_a_town_on_postgres_ends_in_the_books_of_one_on_sqlite(
    tmp_path: Path, of_postgres: dict[str, str]
) -> None:
    expected = await _told(tmp_path / "in-time", None)
    found = await _told(tmp_path / "on-postgres", 5, of_postgres)
    for name, books in expected.items():
        assert found[name] == books, name

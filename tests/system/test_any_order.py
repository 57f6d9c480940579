"""A town told in any order ends in the same books: usages in force, bills in force, what waits, what is owed.

Five months of nineteen homes over REST and events, through the four services: moves, exchanges told late and mistyped, wrong
reads corrected and annulled, contracts told late, moved and annulled, asked ends, reads that are missing or come late, load
curves. For days that are billed by then, in the order of time: a class and a household registered, a tariff of the contract and
a price changed, an opening corrected, a contract told, a move told. What is proposed for it a reviewer approves in the end; in
a town of the other policy it is corrected at once. The bills of what was read are also those of a slow walk through the days.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.billing.bills.domain.policy import CORRECT, PROPOSE
from services.billing.tariffs.documents import packaged
from shared.bus.kafka import KafkaEventLog
from shared.bus.ports import EventLog
from shared.settings import SERVICES
from shared.testing.servers import KafkaBroker, PostgresDatabases
from tests.kits import calls, slow_walk
from tests.kits.calls import Line
from tests.kits.effort import seeds
from tests.kits.town import NO_ENVIRONMENT

pytestmark = pytest.mark.timeout(600)

UNIT, TARIFF, BY_TIME = "zj/hangzhou", "CN-ZJ/residential", "CN-ZJ/residential/time-of-use"
SEEDS = seeds(3, 4, 5, 8, 17, 23)
CURVED = 11  # the home that is billed by the hours of its curve
HOMES = range(1, 20)
FIRST = date(2026, 1, 1)
READ_DATES = tuple(date(2026, month, 1) for month in range(2, 7))
CYCLES = tuple(f"2026-{month:02}" for month in range(1, 7))
EXCHANGED = {6: date(2026, 3, 10), 7: date(2026, 2, 20)}
MOVED = {3: date(2026, 3, 15), 4: date(2026, 4, 1), 16: date(2026, 2, 15)}
TOLD_LATE = {16: date(2026, 4, 10)}  # when the move became known
LARGE, LATER_BY_TIME, OPENED, REGISTERED_LATE, RECLASSED = (
    13,
    14,
    17,
    15,
    18,
)  # homes by what is told of them for billed days
LARGE_FROM, BY_TIME_FROM, DEARER_FROM = date(2026, 2, 10), date(2026, 3, 15), date(2026, 3, 16)
DEARER = {"version": 2, "effective": {"from": str(DEARER_FROM), "to": None}}
UNREAD = {(1, 3), (2, 4), (2, 5), (9, 3), (10, 2)}  # home and month without a read
DECIDED_ON = date(2026, 6, 10)
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
    kwh = _kwh(home, day) if kwh is None else kwh
    return {
        "meter_no": f"{meter}{home}",
        "read_at": f"{day}T00:00:00+08:00",
        "source": source,
        "unit": "kWh",
        "registers": _registers(home, kwh),
    }


def _registers(home: int, kwh: int) -> dict[str, str]:
    """Return what a meter shows: one home has two more registers, which began at 0 and count one part in 17 as valley."""
    shown = {"import": f"{kwh}.00"}
    if home == LATER_BY_TIME:
        days = (kwh - 1000) // (3 + home)
        shown |= {"import.peak": f"{(2 + home) * days}.00", "import.valley": f"{days}.00"}
    return shown


def _read_id(home: int, day: date, source: str = "remote") -> str:
    return f"M{home}~{day - DAY:%Y%m%d}T160000Z~{source}"


def _reads() -> list[Told]:
    facts = []
    for home in HOMES:
        days = [day for day in READ_DATES if (home, day.month) not in UNREAD]
        days += [date(2026, 2, 11), date(2026, 4, 20)] if home in (8, 10) else []
        days += [MOVED[home]] if home == 16 else []
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
        "opening": _registers(home, opening),
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


def _account(
    account: str,
    home: int,
    since: date,
    to: date | None = None,
    *,
    terms: Sequence[dict[str, Any]] = (),
    tariffs: Sequence[dict[str, Any]] = (),
    used_kwh: int = 0,
    **more: Any,
) -> dict[str, Any]:
    contract = {
        "contract_no": f"C{account}",
        "service_point_no": f"SP{home}",
        "from": str(since),
        "to": str(to) if to else None,
        "curve_minutes": 60 if home == CURVED else None,
        "opening_usage": [{"ladder": "year", "year": 2026, "used_wh": [used_kwh * 1000, 0, 0]}],
        "tariffs": [{"from": str(since), "tariff": BY_TIME if home == CURVED else TARIFF}, *tariffs],
    }
    return {
        "account_no": account,
        "org_unit": UNIT,
        "opened_on": str(FIRST),
        "facts": [{"from": str(FIRST), "customer_class": "residential", "people": 3}, *terms],
        "contracts": [contract | more],
    }


def _accounts() -> list[Told]:
    facts = []

    def tell(name: str, day: date, state: dict[str, Any], *after: str) -> None:
        body = {"items": [state]}
        facts.append(
            Told(name=name, day=day, method="PUT", service="billing", path="/v1/accounts", body=body, after=after)
        )

    for home in HOMES:
        known = date(2026, 4, 15) if home == REGISTERED_LATE else FIRST
        tell(f"account {home}", known, _account(f"A{home}", home, FIRST, used_kwh=USED_KWH.get(home, 0)))
        if home in MOVED:
            day = MOVED[home]
            told = TOLD_LATE.get(home, day)
            tell(f"end {home}", told, _account(f"A{home}", home, FIRST, day), f"account {home}")
            tell(f"begin {home}", told, _account(f"B{home}", home, day), f"end {home}")
    moved = _account("A11", 11, date(2026, 1, 20), reason="moved in later")
    tell("moved", date(2026, 3, 20), moved, "account 11")
    tell(
        "annulled contract",
        date(2026, 5, 5),
        _account("A12", 12, FIRST, annulled=True, reason="never was"),
        "account 12",
    )
    for home, more in CHANGED.items():
        state = _account(f"A{home}", home, FIRST, **({"used_kwh": USED_KWH.get(home, 0)} | more))
        tell(f"changed {home}", date(2026, 4, 10), state, f"account {home}")
    return facts


USED_KWH = {LARGE: 2500, RECLASSED: 2500, 19: 4700}
"""What homes had used of their first tier or more when they went live: some months are in the second tier, some in the third."""
CHANGED: dict[int, dict[str, Any]] = {
    LARGE: {"terms": [{"from": str(LARGE_FROM), "customer_class": "residential", "people": 5}]},
    LATER_BY_TIME: {"tariffs": [{"from": str(BY_TIME_FROM), "tariff": BY_TIME}]},
    OPENED: {"used_kwh": 2700},
    RECLASSED: {"terms": [{"from": str(LARGE_FROM), "customer_class": "school", "people": 3}]},
}


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


def _dearer() -> Told:
    """Tell of a higher price a month after it began."""
    path = f"/v1/tariffs/{TARIFF}/versions/{DEARER['version']}"
    body = orjson.loads(orjson.dumps(_tariffs()[TARIFF] | DEARER).replace(b'"0.538"', b'"0.638"'))
    return Told(name="dearer", day=date(2026, 4, 16), method="PUT", service="billing", path=path, body=body)


def _tariffs() -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in packaged.documents("sample") if each.get("id") in (TARIFF, BY_TIME)}


FACTS = (*_jobs(), *_accounts(), *_exchanges(), *_curves(), *_reads(), _dearer())


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
    for document in _tariffs().values():
        path = f"/v1/tariffs/{document['id']}/versions/{document['version']}"
        await line.call("PUT", "billing", path, document)
    meters = [("M", home) for home in HOMES] + [("N", home) for home in EXCHANGED]
    for path, items in (
        ("routes", [{"route_no": f"R{n}", "org_unit": UNIT, "read_day": 1} for n in (1, 2, 3)]),
        ("service-points", [{"service_point_no": f"SP{home}", "route_no": f"R{1 + home // 7}"} for home in HOMES]),
        ("meters", [_meter(letter, home) for letter, home in meters]),
        ("installations", [_installed(home, "M", FIRST, 1000) for home in HOMES]),
    ):
        await line.call("PUT", "reading", f"/v1/{path}", {"items": items})


def _meter(letter: str, home: int) -> dict[str, Any]:
    registers = [{"quantity": quantity, "digits": 8, "scale": 2} for quantity in _registers(home, 1000)]
    return {"meter_no": f"{letter}{home}", "org_unit": UNIT, "registers": registers}


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


async def _approve(line: Line) -> int:
    """Release runs and approve what is proposed, one decision for each group; return how many were approved."""
    decided = 0
    while True:
        await line.quiet()
        if any(one["followed_at"] is None for one in await line.items("billing", "/v1/rating-changes")):
            continue
        for run in await line.items(
            "billing", "/v1/runs?status=in_review"
        ):  # one that was compared with a run of nothing
            body = {"explanation": "as is known now", "business_date": str(DECIDED_ON)}
            path = f"/v1/runs/{run['route_no']}/{run['cycle']}/release"
            await line.call("POST", "billing", path, body, who="reviewer", seen=run["version"])
            await line.quiet()
        proposed = await line.items("billing", "/v1/bills?status=proposed")
        if not proposed:
            return decided
        for contract_no in sorted({bill["contract_no"] for bill in proposed}):
            bill = next(each for each in proposed if each["contract_no"] == contract_no)
            body = {"decision": "approve", "explanation": "as is known now", "business_date": str(DECIDED_ON)}
            path = f"/v1/bills/{bill['bill_id']}/decisions"
            await line.call("POST", "billing", path, body, who="reviewer", seen=bill["row_version"])
            decided += 1


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


async def _told(
    work: Path,
    seed: int | None,
    environment: Mapping[str, str] = NO_ENVIRONMENT,
    *,
    changed_facts: str = PROPOSE,
    event_log: EventLog | None = None,
) -> dict[str, Any]:
    async with calls.line(work, environment, changed_facts=changed_facts, event_log=event_log) as line:
        await _set_up(line)
        await _tell(line, _ordered(seed), seed)
        decided = await _approve(line)
        assert not decided or changed_facts == PROPOSE
        assert decided or changed_facts != PROPOSE or seed is not None, "nothing was told of days that were billed"
        books = await _books(line)
        for one in await line.items("billing", "/v1/waiting-usages"):
            reason = {"reason": "nobody is supplied"}
            await line.call("POST", "billing", f"/v1/waiting-usages/{one['usage_id']}/closing", reason)
        await line.agrees(CYCLES)
        return books


def _truth(home: int, opened: date) -> slow_walk.Home:
    """Return what a home used and what holds of it in the end."""
    kwh = Fraction(3 + home)
    valley = {CURVED: kwh / 8, LATER_BY_TIME: Fraction(1)}.get(home, Fraction(0))
    changed = CHANGED.get(home, {})
    return slow_walk.Home(
        opened=opened,
        peak_kwh=kwh - valley,
        valley_kwh=valley,
        prices=[(FIRST, Fraction("0.538")), (DEARER_FROM, Fraction("0.638"))],
        used_kwh=Fraction(changed.get("used_kwh", USED_KWH.get(home, 0))),
        large_from=LARGE_FROM if home == LARGE else slow_walk.NEVER,
        by_time_from={CURVED: FIRST, LATER_BY_TIME: BY_TIME_FROM}.get(home, slow_walk.NEVER),
    )


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
        opened = periods[0][0]
        for bill, (start, end), fen in zip(
            bills, periods, slow_walk.fen_of_bills(_truth(home, opened), periods), strict=True
        ):
            wh = read.get((f"SP{home}", bill["period_from"]))
            if wh is not None:
                told[contract_no, bill["period_from"]] = (
                    (bill["total_fen"], wh),
                    (fen, 1000 * (3 + home) * (end - start).days),
                )
    wrong = {bill: both for bill, both in told.items() if both[0] != both[1]}
    assert not wrong
    changed = {contract_no for contract_no, _ in told}
    assert changed >= {f"CA{home}" for home in (*CHANGED, REGISTERED_LATE, CURVED, *MOVED)} | {
        f"CB{home}" for home in MOVED
    }
    assert len(told) > 60, len(told)


async def test_a_town_told_in_any_order_ends_in_the_same_books(tmp_path: Path) -> None:
    expected = await _told(tmp_path / "in-time", None)
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
    tmp_path: Path, of_postgres: dict[str, str]
) -> None:
    expected = await _told(tmp_path / "in-time", None)
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
    tmp_path: Path, of_postgres: dict[str, str]
) -> None:
    expected = await _told(tmp_path / "in-time", None)
    found = await _told(tmp_path / "on-postgres", 5, of_postgres)
    for name, books in expected.items():
        assert found[name] == books, name

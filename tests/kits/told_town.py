"""A town as it is told, in any order: nineteen homes and a shop, five months, what becomes known of them and when.

Moves, exchanges told late and mistyped, wrong reads corrected and annulled, contracts told late, moved and annulled, asked ends,
reads that are missing or come late, why they are missing, load curves; and, for days that are billed by then, a class and a
household registered, a tariff of the contract and a price changed, an opening corrected, a contract told, a move told. Of the
shop, which has a two-part price and a power factor: a transformer suspended and running again, another one within a month,
another option, an exemption and a standard of its own.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import orjson

from services.billing.tariffs.documents import packaged

SHOP, SHOP_KVARH = 20, 17  # the point that is a shop, and its reactive energy a day
SHOP_TARIFF = "told/shop"
UNIT, TARIFF, BY_TIME = "zj/hangzhou", "CN-ZJ/residential", "CN-ZJ/residential/time-of-use"
CURVED = 11  # the home that is billed by the hours of its curve
HOMES = range(1, 20)
POINTS = (*HOMES, SHOP)
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
    """Return what a meter shows: one home has two more registers, which began at 0 and count one part in 17 as valley.

    The shop's has one of reactive energy, which began at 0 too.
    """
    shown = {"import": f"{kwh}.00"}
    days = (kwh - 1000) // (3 + home)
    if home == SHOP:
        shown |= {"reactive.import": f"{SHOP_KVARH * days}.00"}
    if home == LATER_BY_TIME:
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


def _reasons() -> list[Told]:
    """Tell why points were not read: some in time, some late, some taken back, one of those told again; of one nobody says it."""
    facts = []
    for home, month, said in (
        (1, 3, ("no_access", None, "no_access")),
        (2, 4, ("no_access",)),
        (9, 3, ("danger", None)),
        (10, 2, ("no_access",)),
    ):
        day, after = date(2026, month, 1), (f"plan {date(2026, month, 1)}",)
        for n, reason in enumerate(said):
            name = f"reason {home} {month} {n}"
            body = {"items": [{"service_point_no": f"SP{home}", "read_date": str(day), "reason": reason}]}
            on = day + (2 + 4 * n) * DAY
            facts.append(Told(name=name, day=on, method="PUT", path="/v1/unread-reasons", body=body, after=after))
            after = (name,)
    return facts


def _shown(kwh: int) -> dict[str, Any]:
    return {"unit": "kWh", "registers": {"import": f"{kwh}.00"}}


def installed(home: int, meter: str, on: date, opening: int, **more: Any) -> dict[str, Any]:
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
        off = installed(home, "M", FIRST, 1000, removed_on=str(day), closing={"import": f"{typed}.00"})
        new = installed(home, "N", day, 0)
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
    body = orjson.loads(orjson.dumps(documents()[TARIFF] | DEARER).replace(b'"0.538"', b'"0.638"'))
    return Told(name="dearer", day=date(2026, 4, 16), method="PUT", service="billing", path=path, body=body)


def _units(t1_kva: int, t2: str) -> dict[str, Any]:
    return {
        "customer_class": "commercial",
        "equipment": [
            {"name": "T1", "capacity_va": 1000 * t1_kva, "state": "running"},
            {"name": "T2", "capacity_va": 200_000, "state": t2},
        ],
    }


_CAPACITY = {"option": "capacity"}
SHOP_TERMS: tuple[tuple[date, dict[str, Any]], ...] = (
    (FIRST, _units(315, "running") | _CAPACITY),
    (date(2026, 2, 11), _units(315, "suspended") | _CAPACITY),
    (date(2026, 3, 6), _units(315, "running") | _CAPACITY),
    (date(2026, 3, 16), _units(400, "running") | _CAPACITY),
    (date(2026, 4, 11), _units(400, "running")),
    (date(2026, 5, 1), _units(400, "running") | {"values": {"standard": "0.85"}, "exempt": ["fund"]}),
)
"""What the shop is from each day on."""
SHOP_TOLD = (
    ("opened", FIRST, 1),
    ("suspended", date(2026, 3, 20), 3),
    ("enlarged", date(2026, 4, 10), 4),
    ("another option", date(2026, 5, 12), 5),
    ("of its own", date(2026, 6, 3), 6),
)
"""When it became known, and how many of its terms are known by then."""


def _shop() -> list[Told]:
    """Tell of the shop: its reads in time, its terms when their days are billed."""
    facts = []
    for day in READ_DATES:
        body = {"items": [_read(SHOP, day)]}
        facts.append(Told(name=f"read {SHOP} {day}", day=day, method="POST", path="/v1/reads", body=body))
    after: tuple[str, ...] = ()
    for name, told, known in SHOP_TOLD:
        tariffs = [{"from": str(FIRST), "tariff": SHOP_TARIFF}]
        state = _account(f"A{SHOP}", SHOP, FIRST, opening_usage=[]) | {
            "facts": [{"from": str(since)} | terms for since, terms in SHOP_TERMS[:known]]
        }
        state["contracts"][0]["tariffs"] = tariffs
        path, body = "/v1/accounts", {"items": [state]}
        facts.append(
            Told(name=f"shop {name}", day=told, method="PUT", service="billing", path=path, body=body, after=after)
        )
        after = (f"shop {name}",)
    return facts


def _shop_tariff() -> dict[str, Any]:
    """Return the shop's tariff: capacity and a basic charge, or a higher price of energy without them; a fund; power factor."""
    both = {"active": "import", "reactive": "reactive.import", "on": ["energy", "single", "capacity", "basic"]}
    return {
        "id": SHOP_TARIFF,
        "version": 1,
        "effective": {"from": "2020-01-01", "to": None},
        "on_change": {"usage": "split_by_days"},
        "sources": [{"for": "the whole document", "text": "figures of a test"}],
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "rounding": {"line": {"step": "0.01", "mode": "half_up"}},
        "charges": [
            {"name": "energy", "kind": "energy", "price": "0.6132"},
            {"name": "single", "kind": "energy", "price": "0.1517", "for": {"option": [""]}},
            {"name": "capacity", "kind": "capacity", "price": "23.7", "month": "calendar_days"}
            | {"state_share": {"running": "1", "suspended": "0"}, "for": {"option": ["capacity"]}},
            {"name": "basic", "kind": "fixed", "per": "day", "price": "1.35", "for": {"option": ["capacity"]}},
            {"name": "fund", "kind": "energy", "price": "0.0183", "exempt": ["fund"]},
            {"name": "factor", "kind": "power_factor", "table": "CN-1983", "of": "exact"}
            | {"standard": {"fact": "standard", "or": "0.90"}}
            | both,
        ],
    }


def documents() -> dict[str, dict[str, Any]]:
    found = {each["id"]: each for each in packaged.documents("sample") if each.get("id") in (TARIFF, BY_TIME)}
    return found | {SHOP_TARIFF: _shop_tariff()}


FACTS = (*_jobs(), *_accounts(), *_exchanges(), *_curves(), *_reads(), *_reasons(), _dearer(), *_shop())


def ordered(seed: int | None) -> list[Told]:
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


def meter(letter: str, home: int) -> dict[str, Any]:
    registers = [{"quantity": quantity, "digits": 8, "scale": 2} for quantity in _registers(home, 1000)]
    return {"meter_no": f"{letter}{home}", "org_unit": UNIT, "registers": registers}

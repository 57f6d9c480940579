"""The mixed book of the rating bench: seven tariffs of homes and one of industry, made up; and columns of their accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from services.billing.rating import rating
from services.billing.rating.bulk import forms
from shared.arrays import Ints
from tests.properties.rating_strategies import TABLE

JULY = (date(2026, 7, 1), date(2026, 8, 1))
ACROSS = (date(2026, 6, 16), date(2026, 7, 16))
"""Cycles of routes that are read in the middle of the month: the price of 1 July cuts them in two."""
SEGMENTED = 0.05
INDUSTRY = 0.01
HOMES = (
    # peak, valley, limits, add-ons
    ("0.568", "0.288", ("2760", "4800"), ("0", "0.05", "0.30")),
    ("0.5769", "0.3769", ("2520", "4800"), ("0", "0.05", "0.30")),
    ("0.617", "0.307", ("3120", "4800"), ("0", "0.05", "0.30")),
    ("0.5583", "0.3583", ("2760", "4800"), ("0", "0.05", "0.30")),
    ("0.5653", "0.3153", ("2160", "4200"), ("0", "0.05", "0.30")),
    ("0.4883", "0.3383", ("2880", "4800"), ("0", "0.05", "0.30")),
    ("0.588", "0.338", ("2400", "4200"), ("0", "0.05", "0.30")),
)
LEVIES = (("rural grid", "0.02"), ("hydraulic works", "0.00196875"), ("reservoir", "0.0062"))


@dataclass(frozen=True)
class Book:
    book: rating.TariffBook
    tariffs: tuple[str, ...]
    plans: dict[str, tuple[forms.Plan, ...]]


@dataclass(frozen=True)
class Table:
    """The accounts of one tariff: the form of each, and the columns of them all."""

    plans: tuple[forms.Plan, ...]
    form: Ints
    columns: Mapping[forms.Key, Ints]


def _document(id_: str, version: int, from_: str, to: str | None, body: dict[str, Any]) -> dict[str, Any]:
    head = {
        "id": id_,
        "version": version,
        "effective": {"from": from_, "to": to},
        "sources": [{"for": "everything", "text": "made up for the bench"}],
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "on_change": {
            "usage": "split_by_days",
            "ladder": "what_tiers_used_is_kept",
            "limits": "new_limits_for_the_whole_year",
        },
        "rounding": {"line": {"step": "0.01", "mode": "half_up"}},
    }
    return head | body


def _levies() -> list[dict[str, Any]]:
    return [{"name": name, "kind": "energy", "price": price} for name, price in LEVIES]


def _home(peak: str, valley: str, limits: tuple[str, ...], add: tuple[str, ...]) -> dict[str, Any]:
    return {
        "periods": [
            {"name": "peak", "when": [{"hours": ["08:00-22:00"]}]},
            {"name": "valley", "when": "rest"},
        ],
        "ladders": {
            "year": {
                "counts": "import",
                "span": "year",
                "year_starts": "01-01",
                "cycle_belongs_to": "read_day",
                "limits_kwh": list(limits),
                "part_year": {"by": "month", "part_month": "counts_as_one"},
                "household": {
                    "from_people": 5,
                    "kwh_per_month": "100",
                    "widens": "tier_1",
                    "from": "month_of_registration",
                },
            }
        },
        "charges": [
            {"name": "energy", "kind": "energy", "by": "period", "price": {"peak": peak, "valley": valley}},
            {"name": "tier add-on", "kind": "ladder_add_on", "ladder": "year", "add": list(add)},
            *_levies(),
        ],
    }


def _industrial() -> dict[str, Any]:
    ratios = {"critical": "1.92", "peak": "1.6", "valley": "0.4", "flat": "1"}
    return {
        "periods": [
            {"name": "critical", "over": "peak", "when": [{"months": [7, 8], "hours": ["15:00-17:00"]}]},
            {"name": "peak", "when": [{"hours": ["10:00-12:00", "15:00-21:00"]}]},
            {
                "name": "valley",
                "when": [
                    {"days": ["ordinary"], "hours": ["23:00-07:00"]},
                    {"days": ["holiday"], "hours": ["22:00-24:00", "00:00-08:00"]},
                ],
            },
            {"name": "flat", "when": "rest"},
        ],
        "days": {"calendar": "bench/days", "kinds": ["holiday"]},
        "prices": {"purchase": "0.412345"},
        "quantities": {"reactive": {"sum_abs": ["reactive.import", "reactive.export"]}},
        "charges": [
            {
                "name": "purchase",
                "kind": "energy",
                "by": "period",
                "price": {"of": "purchase", "times": ratios, "round": {"step": "0.000001", "mode": "half_up"}},
            },
            {"name": "grid", "kind": "energy", "price": "0.1525"},
            {"name": "demand", "kind": "demand", "price": "38", "basis": "contract", "floor_share": "0.40",
             "over": {"from": "1.05", "times": "2"}, "month": "calendar_days"},
            {"name": "power factor", "kind": "power_factor", "table": "drawn/factor", "standard": "0.90", "active": "import",
             "reactive": "reactive", "on": ["purchase", "grid", "demand"], "of": "exact"},
            *_levies(),
        ],
        "tax": {"included": True, "rate": "0.13", "shown": True},
    }  # fmt: skip


def load() -> Book:
    """The book, and for each tariff the plans of its forms: plain, large household, opened this year, cut by the new price."""
    documents: list[dict[str, Any]] = [
        TABLE,
        {"calendar": "bench/days", "years": {"2026": {"holiday": ["2026-07-11", "2026-07-18"]}}},
    ]
    names = []
    for number, home in enumerate(HOMES):
        names.append(f"bench/home-{number + 1}")
        documents.append(_document(names[-1], 1, "2020-01-01", "2026-07-01", _home("0.55", "0.30", *home[2:])))
        documents.append(_document(names[-1], 2, "2026-07-01", None, _home(*home)))
    names.append("bench/industry")
    documents.append(_document(names[-1], 1, "2020-01-01", None, _industrial()))
    book = rating.load_book(documents)
    plans = {
        name: tuple(forms.plan(home_request(name, people, opened, cycle), book) for people, opened, cycle in HOME_FORMS)
        for name in names[:-1]
    }
    plans[names[-1]] = (forms.plan(industrial_request(), book),)
    return Book(book, tuple(names), plans)


LONG_AGO, SPRING = date(2020, 1, 1), date(2026, 3, 9)
HOME_FORMS = ((3, LONG_AGO, JULY), (5, LONG_AGO, JULY), (3, SPRING, JULY), (3, LONG_AGO, ACROSS))
HOME_SHARES = (0.80, 0.10, 0.05, SEGMENTED)


def home_request(
    tariff: str, people: int, opened: date, cycle: tuple[date, date], peak: int = 0, valley: int = 0, used: int = 0
) -> rating.Request:
    return rating.request(
        contract="bench",
        tariff=tariff,
        period=cycle,
        bill_months=[cycle[0].replace(day=1)],
        usage_wh={"import.peak": peak, "import.valley": valley},
        facts=[rating.AccountSpan(opened, people=people)],
        state={"ladders": {"year": {"year": 2026, "used_wh": [used, 0, 0]}}},
    )


def home_requests(count: int) -> list[rating.Request]:
    c = home_columns(count, 1)
    return [
        home_request("bench/home-1", 3, LONG_AGO, JULY, int(p), int(v), int(u))
        for p, v, u in zip(c["peak"], c["valley"], c["t1"], strict=True)
    ]


INDUSTRY_WH = (
    "import.critical",
    "import.peak",
    "import.valley",
    "import.flat",
    "reactive.import",
    "reactive.export",
    "demand",
)


def industrial_request(
    values: tuple[int, ...] = (1,) * 7, capacity_va: int = 800_000, contract_w: int = 600_000
) -> rating.Request:
    return rating.request(
        contract="bench",
        tariff="bench/industry",
        period=JULY,
        bill_months=[JULY[0]],
        usage_wh=dict(zip(INDUSTRY_WH, values, strict=True)),
        facts=[
            rating.AccountSpan(LONG_AGO, class_="industrial", capacity_va=capacity_va, contract_demand_w=contract_w)
        ],
    )


def industrial_requests(count: int) -> list[rating.Request]:
    columns = _industrial_columns(np.random.default_rng(3), count)
    rows = zip(*(columns["wh", 0, name].tolist() for name in INDUSTRY_WH), strict=True)
    return [industrial_request(row) for row in rows]


def home_columns(count: int, seed: int) -> dict[str, Ints]:
    """Homes of about 250 kWh a month with what their tiers have used since January."""
    rng = np.random.default_rng(seed)
    peak = rng.integers(20_000, 300_000, count)
    used = rng.integers(300_000, 5_600_000, count)
    t1 = np.minimum(used, 2_760_000)
    t2 = np.minimum(used - t1, 2_040_000)
    return {"peak": peak, "valley": rng.integers(10_000, 200_000, count), "t1": t1, "t2": t2, "t3": used - t1 - t2}


def _home_keys(columns: Mapping[str, Ints]) -> dict[forms.Key, Ints]:
    nothing = np.zeros(len(columns["peak"]), dtype=np.int64)
    tiers: dict[forms.Key, Ints] = {("used", "year", "", t): columns[f"t{t + 1}"] for t in range(3)}
    return tiers | {
        ("wh", 0, "import.peak"): columns["peak"],
        ("wh", 0, "import.valley"): columns["valley"],
        ("va", 0): nothing,
        ("contract", 0): nothing,
    }


def _industrial_columns(rng: np.random.Generator, count: int) -> dict[forms.Key, Ints]:
    """From a workshop of 20 MWh to a mill of 20 GWh a month."""
    size = 10 ** rng.integers(1, 5, count)
    wh = {("wh", 0, name): rng.integers(500_000, 1_000_000, count) * size for name in INDUSTRY_WH[:4]}
    wh[("wh", 0, "reactive.import")] = rng.integers(200_000, 1_500_000, count) * size
    wh[("wh", 0, "reactive.export")] = rng.integers(0, 50_000, count)
    wh[("wh", 0, "demand")] = rng.integers(4_000, 9_000, count) * size
    wh[("va", 0)] = 10_000 * size
    wh[("contract", 0)] = 6_000 * size
    return dict(wh)


def plain_table(book: Book, columns: Mapping[str, Ints]) -> Table:
    """The first tariff alone, every account of the plain form."""
    name = book.tariffs[0]
    return Table(book.plans[name][:1], np.zeros(len(columns["peak"]), dtype=np.int64), _home_keys(columns))


def tables(book: Book, count: int, seed: int) -> list[Table]:
    """The accounts of a chunk by tariff."""
    rng = np.random.default_rng(seed)
    industry = round(count * INDUSTRY)
    out = []
    homes = np.array_split(np.arange(count - industry), len(HOMES))
    for name, rows in zip(book.tariffs, homes, strict=False):
        form = rng.choice(len(HOME_SHARES), size=len(rows), p=HOME_SHARES)
        out.append(Table(book.plans[name], form, _home_keys(home_columns(len(rows), int(rng.integers(2**31))))))
    columns = _industrial_columns(rng, industry)
    out.append(Table(book.plans[book.tariffs[-1]], np.zeros(industry, dtype=np.int64), columns))
    return out


def shares(of: list[Table]) -> str:
    """How many bills are cut by a price change, and how many are industrial."""
    bills = sum(len(t.form) for t in of)
    cut = sum(int((t.form == len(HOME_FORMS) - 1).sum()) for t in of)
    return f"{cut / bills:.1%} segmented, {len(of[-1].form) / bills:.1%} industrial"


def curve_table(book: Book, rows: int, days: int) -> tuple[forms.Plan, Ints]:
    """Quarter hours of a month of industrial customers, and the plan of their bills."""
    zone = ZoneInfo("Asia/Shanghai")
    start = datetime(2026, 7, 1, tzinfo=zone).astimezone(UTC)
    table = np.random.default_rng(5).integers(0, 200_000, (rows, days * 96))
    curve = rating.Curve("import", start, 15, [0] * (days * 96))
    request = rating.request(
        contract="bench",
        tariff="bench/industry",
        period=(date(2026, 7, 1), date(2026, 7, 1) + timedelta(days=days)),
        bill_months=[date(2026, 7, 1)],
        usage_wh={},
        curves=[curve],
        facts=[rating.AccountSpan(LONG_AGO, capacity_va=800_000, contract_demand_w=600_000)],
    )
    return forms.plan(request, book.book), table

"""Hypothesis strategies that draw tariffs over all charge kinds and rules; all of them load.

drawn = draw(books())  # documents, loaded book, tariff id; one or two versions, series, a calendar
"""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from services.billing.rating import rating
from shared.exact import parse

TARIFF = "drawn/tariff"
HOLIDAYS = {
    "calendar": "drawn/days",
    "years": {str(y): {"holiday": [f"{y}-01-01", f"{y}-05-01"]} for y in range(2023, 2028)},
}
TABLE = {
    "table": "drawn/factor",
    "penalty": [
        {"to_points": 20, "percent_per_point": "0.5"},
        {"to_points": 25, "percent_per_point": "1"},
        {"to_points": None, "percent_per_point": "2"},
    ],
    "reward": {
        "0.90": [{"to_points": 5, "percent_per_point": "0.15"}],
        "0.85": [{"to_points": 9, "percent_per_point": "0.1"}],
    },
}
CUT_TABLE = {**TABLE, "table": "drawn/factor-cut", "cos_phi": "down"}
LIMITS = (["100"], ["2760", "4800"], ["240.5", "400"], ["10", "20", "30"])
SWITCHES = ("split_by_read", "split_by_days", "price_of_the_read_day", "price_of_the_first_day", "next_cycle")


@dataclass(frozen=True)
class Drawn:
    """A book that was drawn, with its documents (as JSON) and the id of its tariff."""

    documents: tuple[dict[str, Any], ...]
    book: rating.TariffBook
    tariff: str
    versions: tuple[rating.Tariff, ...]


def decimals(low: int = 0, high: int = 20_000, places: int = 4) -> st.SearchStrategy[str]:
    """Decimals as text, `low` … `high` in units of the last place."""

    def write(value: int) -> str:
        sign, digits = ("-" if value < 0 else ""), str(abs(value)).rjust(places + 1, "0")
        return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"

    return st.integers(low, high).map(write)


def roundings(*steps: str, none: bool = False) -> st.SearchStrategy[dict[str, str]]:
    modes = ["half_up", "down", "half_even"] + (["none"] if none else [])
    return st.builds(lambda s, m: {"step": s, "mode": m}, st.sampled_from(steps), st.sampled_from(modes))


@st.composite
def prices(draw: st.DrawFn, period_names: tuple[str, ...] = ()) -> Any:
    """A price in any of its forms; ratios by period only where the charge is by period."""
    form = draw(st.sampled_from(["number", "number", "sum", "ratio", "series", "months", "fine"]))
    if form == "fine":
        return draw(decimals(1, 10**7, 8))
    if form == "sum":
        return {"sum": [draw(decimals()), {"series": "drawn/monthly"}]}
    if form == "ratio":
        rounded = {"round": draw(roundings("0.000001", "0.0001"))} if draw(st.booleans()) else {}
        return {"of": "base", "times": draw(decimals(1, 300, 2)), **rounded}
    if form == "series":
        if period_names and draw(st.booleans()):
            return {"series": "drawn/monthly", "times": {p: draw(decimals(1, 300, 2)) for p in period_names}}
        return {"series": "drawn/monthly"}
    if form == "months":
        return {
            "months": [{"months": [6, 7, 8], "price": draw(decimals())}, {"months": "rest", "price": draw(decimals())}]
        }
    return draw(decimals())


PERIODS: dict[str, list[dict[str, Any]]] = {
    "two": [
        {"name": "peak", "register": "import.peak", "when": [{"hours": ["08:00-22:00"]}]},
        {"name": "valley", "register": "import.valley", "when": "rest"},
    ],
    "four": [
        {"name": "critical", "over": "peak", "when": [{"months": [7, 8], "hours": ["15:00-17:00"]}]},
        {"name": "peak", "when": [{"hours": ["10:00-12:00", "15:00-21:00"]}]},
        {"name": "valley", "when": [{"hours": ["23:00-07:00"]}]},
        {"name": "flat", "when": "rest"},
    ],
    "days": [
        {
            "name": "low",
            "when": [
                {"days": ["holiday"], "hours": ["00:00-24:00"]},
                {"days": ["ordinary"], "weekdays": [6, 7], "hours": ["00:00-24:00"]},
            ],
        },
        {"name": "high", "when": "rest"},
    ],
}


@st.composite
def ladders(draw: st.DrawFn, periods: tuple[str, ...]) -> dict[str, Any]:
    span = draw(st.sampled_from(["year", "year", "month", "cycle", "day"]))
    limits: Any = list(draw(st.sampled_from(LIMITS)))
    out: dict[str, Any] = {"counts": "import", "span": span, "limits_kwh": limits}
    if span == "year":
        out |= {
            "year_starts": draw(st.sampled_from(["01-01", "07-01"])),
            "cycle_belongs_to": draw(st.sampled_from(["read_day", "bill_month", "split_at_year_end"])),
            "part_year": draw(st.sampled_from(["whole_year", {"by": "month", "part_month": "counts_as_one"}])),
        }
    if span == "month":
        out["proration"] = draw(st.sampled_from(["per_month", "per_month", "days/30", "days/365"]))
        if out["proration"] == "per_month" and draw(st.booleans()):
            wider = [str(parse(x).num * 2) if "." not in x else x for x in limits]
            out |= {
                "limits_kwh": {"summer": wider, "other": limits},
                "seasons": {"summer": [5, 6, 7, 8], "other": "rest"},
            }
    if span in ("year", "month") and draw(st.booleans()):
        out["household"] = {
            "from_people": 5,
            "kwh_per_month": "100",
            "widens": draw(st.sampled_from(["tier_1", "all_tiers"])),
            "from": "month_of_registration",
        }
    if draw(st.integers(0, 4)) == 0:
        out["times_households"] = True
    if draw(st.integers(0, 5)) == 0:
        out["outside_months"] = [11, 12, 1, 2]
    if span != "year" and draw(st.integers(0, 4)) == 0:
        out["whole_quantity"] = True
    if draw(st.integers(0, 3)) == 0:
        own = draw(st.booleans())
        out["free"] = {
            "kwh_per_month": {"fact": "free", "or": "15"} if own else "15",
            "how": draw(st.sampled_from(["before_ladder", "credit_at_tier_1"])),
            "rest": "lost" if own else draw(st.sampled_from(["lost", "carried_in_year"])),
            **({"for": {"class": ["low_income"]}} if draw(st.booleans()) else {}),
        }
    if periods and isinstance(limits, list) and "seasons" not in out and draw(st.integers(0, 4)) == 0:
        out = {k: v for k, v in out.items() if k not in ("whole_quantity", "free", "outside_months")}
        out["limits_kwh"] = {"by_period": dict.fromkeys(periods, limits)}
    return out


@st.composite
def tariffs(draw: st.DrawFn) -> dict[str, Any]:
    """One tariff document, without its dates."""
    periods = draw(st.sampled_from([None, "two", "four", "days"]))
    chosen = PERIODS[periods] if periods else []
    names = tuple(p["name"] for p in chosen)
    ladder = draw(st.none() | ladders(names))
    rounding: dict[str, Any] = {
        "line": draw(roundings("0.01", "0.1", none=True)),
        "loss": {"step": "1", "mode": "half_up"},
    }
    rounding["share"] = draw(roundings("1", "0.001"))
    if rounding["line"]["mode"] == "none" or draw(st.booleans()):
        rounding["total"] = draw(roundings("0.01", "0.1", "1"))
    if draw(st.integers(0, 3)) == 0:
        rounding["kwh"] = {
            **draw(roundings("1", "0.1")),
            "rest": draw(st.sampled_from(["stays_in_the_register", "lost"])),
        }
    document: dict[str, Any] = {
        "id": TARIFF,
        "sources": [{"for": "everything", "text": "drawn"}],
        "currency": "CNY",
        "time_zone": draw(st.sampled_from(["Asia/Shanghai", "Europe/London"])),
        "rounding": rounding,
        "series_at": draw(st.sampled_from(["bill_month", "read_day", "first_day"])),
        "on_change": {
            "usage": draw(st.sampled_from(SWITCHES)),
            "ladder": draw(st.sampled_from(["what_tiers_used_is_kept", "what_tiers_used_is_kept", "restart"])),
            "limits": draw(st.sampled_from(["by_months_of_each_version", "new_limits_for_the_whole_year"])),
        },
        "prices": {"base": draw(decimals(1)), "half": {"of": "base", "times": "0.5"}},
        "registers": ["sub.meter"],
        "quantities": {
            "reactive": {"sum_abs": ["reactive.import", "reactive.export"]},
            "loss": {"loss": _loss(draw)},
            "billed": {"sum": ["import", "loss"]},
            "own": {
                "rest_of": "import",
                "without": ["sub.meter"],
                "below_zero": draw(st.sampled_from(["zero", "kept"])),
            },
            "share": {"share_of": "own", "share": {"fact": "share"}},
            "fixed": {"fixed_kwh": draw(decimals(0, 99_999, 2))},
        },
    }
    if chosen:
        document["periods"] = chosen
        if draw(st.integers(0, 2)) == 0:
            document["undivided_kwh"] = draw(st.sampled_from(["held", "by_share", {"period": names[-1]}]))
        document["quantities"]["spread"] = {"spread": "sub.meter", "by": "import"}
    if periods == "days":
        document["days"] = {"calendar": "drawn/days", "kinds": ["holiday"]}
    if ladder:
        document["ladders"] = {"ladder": ladder}
    if draw(st.booleans()):
        included = draw(st.booleans())
        document["tax"] = {"included": included, "rate": "0.13", "shown": draw(st.booleans()) or not included}
    document["charges"] = draw(charges(names, ladder))
    return document


def _loss(draw: st.DrawFn) -> dict[str, Any]:
    iron = {"iron": {"fact": "iron"}, "iron_by": draw(st.sampled_from(["thirtieths", "calendar_days", "hours"]))}
    return {**iron, **({"copper_share": "0.015", "copper_of": "import"} if draw(st.booleans()) else {})}


@st.composite
def charges(draw: st.DrawFn, names: tuple[str, ...], ladder: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Charges of every kind, in an order in which each finds what it refers to."""
    out: list[dict[str, Any]] = [{"name": "energy", "kind": "energy", "price": draw(prices())}]
    if names:
        out[0] = {"name": "energy", "kind": "energy", "by": "period", "price": _by_period(draw, names)}
    if ladder:
        out += draw(tiered(names, ladder))
    optional: list[dict[str, Any]] = [
        {"name": "levy", "kind": "energy", "price": "0.00196875", "tax": False},
        {"name": "on losses", "kind": "energy", "quantity": "billed", "price": draw(prices())},
        {"name": "own", "kind": "energy", "quantity": "own", "price": draw(prices())},
        {"name": "shared", "kind": "energy", "quantity": "share", "price": draw(prices())},
        {"name": "fixed kWh", "kind": "energy", "quantity": "fixed", "price": draw(prices())},
        {"name": "export", "kind": "export", "price": draw(prices())},
        {
            "name": "fee",
            "kind": "fixed",
            "price": draw(prices()),
            "per": "day",
        },
        {
            "name": "rent",
            "kind": "fixed",
            "price": "10",
            "per": draw(st.sampled_from(["month", "cycle"])),
            **_part(draw),
        },
        {"name": "big homes", "kind": "fixed", "price": "7", "per": "month", "for": {"people_from": 5}},
        {
            "name": "low income",
            "kind": "credit",
            "price": draw(decimals()),
            "for": {"class": ["low_income"]},
            **_part(draw),
        },
        {"name": "capacity", "kind": "capacity", "price": draw(prices()), **_month(draw), **_states(draw)},
        {"name": "demand", "kind": "demand", "price": draw(prices()), **_month(draw), **_demand(draw)},
        {"name": "given", "kind": "given"},
    ]
    if names:
        optional.append(
            {
                "name": "sub spread",
                "kind": "energy",
                "by": "period",
                "quantity": "spread",
                "price": _by_period(draw, names),
            }
        )
    out += [c for c in optional if draw(st.booleans())]
    above = [c["name"] for c in out]
    on = draw(st.lists(st.sampled_from(above), min_size=1, unique=True))
    of = draw(st.sampled_from(["exact", "amount"]))
    standard: Any = draw(st.sampled_from(["0.90", "0.85"]))
    standard = draw(st.sampled_from([standard, {"fact": "standard", "or": standard}]))
    factor = {
        "table": draw(st.sampled_from(["drawn/factor", "drawn/factor-cut"])),
        "standard": standard,
        "active": "import",
        "reactive": "reactive",
        "on": on,
        "of": of,
    }
    last: list[dict[str, Any]] = [
        {"name": "power factor", "kind": "power_factor", **factor},
        {"name": "percent", "kind": "percent", "percent": draw(decimals(-500, 2_000, 2)), "on": on, "of": of},
        {"name": "minimum", "kind": "minimum", "price": draw(decimals(1, 100_000, 2)), "on": on, **_part(draw)},
    ]
    out += [c for c in last if draw(st.booleans())]
    return [c | {"exempt": ["fund", "works"]} if draw(st.integers(0, 5)) == 0 else c for c in out]


def _by_period(draw: st.DrawFn, names: tuple[str, ...]) -> Any:
    if draw(st.booleans()):
        return {p: draw(prices()) for p in names}
    return draw(prices(names))


def _month(draw: st.DrawFn) -> dict[str, str]:
    if draw(st.booleans()):
        return {"month": "calendar_days"}
    return {"month": "thirtieths", "last_part": draw(st.sampled_from(["rest_of_month", "own_days"]))}


def _part(draw: st.DrawFn) -> dict[str, str]:
    part = draw(st.sampled_from(["", "counts_as_one", "thirtieths", "calendar_days"]))
    return {"part_month": part} if part else {}


def _states(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "state_share": {"running": "1", "hot_standby": "1", "suspended": draw(st.sampled_from(["0", "0.5"]))},
        "suspension_counts_from_days": draw(st.sampled_from([0, 15])),
    }


def _demand(draw: st.DrawFn) -> dict[str, Any]:
    out: dict[str, Any] = {"basis": draw(st.sampled_from(["contract", "actual"]))}
    if draw(st.booleans()):
        out["floor_share"] = "0.40"
    if draw(st.booleans()):
        out["over"] = {"from": "1.05", "times": "2"}
    if draw(st.booleans()):
        out["ratchet"] = {"share": "0.8", "months": 11}
    if draw(st.booleans()):
        out["discount"] = {"kwh_per_kva": "260", "pays": "0.90"}
    return out


@st.composite
def tiered(draw: st.DrawFn, names: tuple[str, ...], ladder: dict[str, Any]) -> list[dict[str, Any]]:
    limits = ladder["limits_kwh"]
    own = isinstance(limits, dict) and "by_period" in limits
    row = next(iter(limits["by_period"].values())) if own else (limits if isinstance(limits, list) else limits["other"])
    add_on = draw(st.booleans())
    kind, key = ("ladder_add_on", "add") if add_on else ("ladder_price", "price")
    charge: dict[str, Any] = {"name": "tiers", "kind": kind, "ladder": "ladder"}
    if own or (names and draw(st.booleans())):
        charge[key] = {p: [draw(decimals()) for _ in range(len(row) + 1)] for p in names}
        charge["tier_kwh_of_periods"] = "own_limits_per_period" if own else "by_share"
    else:
        charge[key] = [draw(decimals()) for _ in range(len(row) + 1)]
    free = (
        [{"name": "free kWh", "kind": "credit", "ladder": "ladder", "price": draw(decimals())}]
        if "free" in ladder
        else []
    )
    return [charge, *free]


@st.composite
def books(draw: st.DrawFn) -> Drawn:
    """A book with one or two versions of a tariff, the second from a day within the months that requests use."""
    first = draw(tariffs())
    documents: list[dict[str, Any]] = [HOLIDAYS, TABLE, CUT_TABLE, draw(_series())]
    if draw(st.booleans()):
        change = draw(st.sampled_from([date(2025, 1, 1), date(2025, 3, 17), date(2025, 7, 1)])).isoformat()
        second = {**first, "version": 2, "effective": {"from": change, "to": None}}
        second["prices"] = {"base": draw(decimals(1)), "half": {"of": "base", "times": "0.5"}}
        if "ladders" in first and isinstance(first["ladders"]["ladder"]["limits_kwh"], list) and draw(st.booleans()):
            limits = [
                str(int(parse(x).num // parse(x).den) + 50 + i)
                for i, x in enumerate(first["ladders"]["ladder"]["limits_kwh"])
            ]
            second["ladders"] = {"ladder": {**first["ladders"]["ladder"], "limits_kwh": limits}}
        documents += [{**first, "version": 1, "effective": {"from": "2020-01-01", "to": change}}, second]
    else:
        documents.append({**first, "version": 1, "effective": {"from": "2020-01-01", "to": None}})
    book = rating.load_book(documents)
    return Drawn(tuple(documents), book, TARIFF, book.versions[TARIFF])


@st.composite
def _series(draw: st.DrawFn) -> dict[str, Any]:
    months = [date(2023 + m // 12, m % 12 + 1, 1) for m in range(60)]
    two = [draw(decimals()), draw(decimals())]
    values = [
        {"from": a.isoformat(), "to": b.isoformat(), "price": two[(a.year + (a.month > 6)) % 2]}
        for a, b in pairwise(months)
    ]
    return {"series": "drawn/monthly", "unit": "CNY/kWh", "source": "drawn", "values": values}

"""Small tariff documents and requests for the unit tests of rating."""

from copy import deepcopy
from datetime import date
from typing import Any

from services.billing.rating import rating

HOME: dict[str, Any] = {
    "id": "t/home",
    "version": 1,
    "effective": {"from": "2020-01-01", "to": None},
    "on_change": {
        "usage": "split_by_days",
        "ladder": "what_tiers_used_is_kept",
        "limits": "by_months_of_each_version",
    },
    "sources": [{"for": "everything", "text": "a test"}],
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "rounding": {"line": {"step": "0.01", "mode": "half_up"}},
    "periods": [
        {"name": "peak", "register": "import.peak", "when": [{"hours": ["08:00-22:00"]}]},
        {"name": "valley", "register": "import.valley", "when": [{"hours": ["22:00-08:00"]}]},
    ],
    "ladders": {
        "year": {
            "counts": "import",
            "span": "year",
            "year_starts": "01-01",
            "cycle_belongs_to": "read_day",
            "limits_kwh": ["2760", "4800"],
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
        {"name": "energy", "kind": "energy", "by": "period", "price": {"peak": "0.568", "valley": "0.288"}},
        {"name": "add-on", "kind": "ladder_add_on", "ladder": "year", "add": ["0", "0.05", "0.30"]},
    ],
}

PLAIN: dict[str, Any] = {
    "id": "t/plain",
    "version": 1,
    "effective": {"from": "2020-01-01", "to": None},
    "on_change": {"usage": "split_by_days"},
    "sources": [{"for": "everything", "text": "a test"}],
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "rounding": {"line": {"step": "0.01", "mode": "half_up"}},
    "charges": [{"name": "energy", "kind": "energy", "price": "0.5"}],
}

TABLE: dict[str, Any] = {
    "table": "t/factor",
    "source": "a test",
    "penalty": [
        {"to_points": 20, "percent_per_point": "0.5"},
        {"to_points": 25, "percent_per_point": "1"},
        {"to_points": None, "percent_per_point": "2"},
    ],
    "reward": {"0.90": [{"to_points": 5, "percent_per_point": "0.15"}]},
}


def changed(document: dict[str, Any], values: dict[str, Any] | None = None, drop: str = "") -> dict[str, Any]:
    """A copy with values put at JSON pointers, and one place dropped."""
    out = deepcopy(document)
    for pointer, value in (values or {}).items():
        place, last = _place(out, pointer)
        if isinstance(place, list) and int(last) == len(place):
            place.append(value)
        else:
            place[int(last) if isinstance(place, list) else last] = value
    if drop:
        place, last = _place(out, drop)
        del place[int(last) if isinstance(place, list) else last]
    return out


def _place(out: Any, pointer: str) -> tuple[Any, str]:
    *path, last = pointer.split("/")[1:]
    for key in path:
        out = out[int(key)] if isinstance(out, list) else out[key]
    return out, last


def state(*used: int, year: int = 2026) -> dict[str, Any]:
    return {"ladders": {"year": {"year": year, "used_wh": list(used)}}}


def request(tariff: str = "t/plain", **changes: Any) -> rating.Request:
    """A January cycle of 100 kWh; every field of the request can be changed."""
    values: dict[str, Any] = {
        "contract": "c",
        "tariff": tariff,
        "from_": date(2026, 1, 1),
        "to": date(2026, 2, 1),
        "read_day": date(2026, 2, 1),
        "bill_months": (date(2026, 1, 1),),
        "facts": (rating.AccountSpan(date(2020, 1, 1), people=3),),
        "state": None,
    }
    wh = changes.pop("wh", {"import": 100_000})
    curves = changes.pop("curves", ())
    values |= changes
    values.setdefault("usage", (rating.UsagePart(values["from_"], values["to"], wh, tuple(curves)),))
    return rating.Request(**values)


def home(**changes: Any) -> rating.Request:
    """A January cycle of 100 + 100 kWh at the home tariff with an empty ladder."""
    values = {"wh": {"import.peak": 100_000, "import.valley": 100_000}, "state": state(0, 0, 0)}
    return request("t/home", **(values | changes))


def rated(
    charges: list[dict[str, Any]], values: dict[str, Any] | None = None, *more: dict[str, Any], **asked: Any
) -> rating.RatedBill:
    book = rating.load_book([changed(PLAIN, {"/charges": charges, **(values or {})}), TABLE, *more])
    bill = rating.rate_one(request(**asked), book)
    assert bill.refusal is None, bill.refusal
    return bill


def amounts(bill: rating.RatedBill) -> list[int]:
    return [line.amount_fen for line in bill.lines]


def fact(**values: Any) -> tuple[rating.AccountSpan, ...]:
    return (rating.AccountSpan(date(2020, 1, 1), **values),)


LIMITS = "/ladders/year/limits_kwh"
ADD_ON = {"name": "add-on", "kind": "ladder_add_on", "ladder": "year", "add": ["0", "0.05", "0.30"]}
BASE = {"name": "energy", "kind": "energy", "price": "0.5283"}
TIERS = {"name": "tiers", "kind": "ladder_price", "ladder": "year", "price": ["1", "2", "3"]}


def year_book(values: dict[str, Any] | None = None, *more: dict[str, Any]) -> rating.TariffBook:
    """A ladder of 2,760 / 4,800 kWh without periods, priced 1, 2, 3 yuan so that lines show the tiers."""
    document = changed(HOME, {"/charges": [TIERS], **(values or {})}, drop="/periods")
    return rating.load_book([document, *more])


def tiers(bill: rating.RatedBill) -> list[int]:
    """kWh by tier."""
    assert bill.refusal is None, bill.refusal
    found = [0, 0, 0, 0]
    for line in bill.lines:
        if line.kind == "ladder_price":
            found[(line.tier or 1) - 1] += (line.quantity or 0) // 1000
    while found and len(found) > 3:
        found.pop()
    return found


def cycle(month: int, kwh: int, used: tuple[int, ...] = (0, 0, 0), months: int = 1, **more: Any) -> rating.Request:
    end = month + months
    to = date(2026, end, 1) if end <= 12 else date(2026, 12, 31)
    values: dict[str, Any] = {
        "from_": date(2026, month, 1),
        "to": to,
        "read_day": to,
        "bill_months": tuple(date(2026, month + i, 1) for i in range(months)),
        "wh": {"import": kwh * 1000},
        "state": state(*(u * 1000 for u in used)),
    }
    return request("t/home", **(values | more))


def people(*changes: tuple[date, int]) -> tuple[rating.AccountSpan, ...]:
    ends = [d for d, _ in changes[1:]]
    return tuple(rating.AccountSpan(d, e, people=n) for (d, n), e in zip(changes, [*ends, None], strict=True))

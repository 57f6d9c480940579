"""Real meters in London to time-of-use bills: curves and registers over REST, in any order, both clock changes, real gaps.

What the bills must say is worked out here by a slow walk over the half hours, which shares no code with the services.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from math import floor
from pathlib import Path
from typing import Any, Final

import pytest

from services.billing.bills.domain.policy import STYLES
from tests.kits import calls
from tests.kits.calls import Line
from tests.kits.curves import LONDON, by_day, real

UNIT, TARIFF = "zj/hangzhou", "t/economy7"
IN_LONDON = {"WATTLINE_UTILITY_TIMEZONE": "Europe/London"}
DAY, HALF_HOUR = timedelta(days=1), timedelta(minutes=30)
HOLE, FLAT_WH = range(11, 15), 300  # days that come late; what somebody estimated for a half hour
GAP_WH: Final = 400  # what a real meter ran in each half hour that its curve has not
NIGHT_FEN, DAY_FEN = Fraction("28.8"), Fraction("56.8")  # a kWh; night is 00:30 to 07:30 by the clock
ECONOMY_7 = {
    "id": TARIFF,
    "version": 1,
    "effective": {"from": "2010-01-01", "to": None},
    "on_change": {"usage": "split_by_days"},
    "sources": [{"for": "everything", "text": "a test"}],
    "currency": "CNY",
    "time_zone": "Europe/London",
    "rounding": {"line": {"step": "0.01", "mode": "half_up"}},
    "periods": [
        {"name": "night", "register": "import.night", "when": [{"hours": ["00:30-07:30"]}]},
        {"name": "day", "register": "import.day", "when": [{"hours": ["07:30-00:30"]}]},
    ],
    "charges": [{"name": "energy", "kind": "energy", "by": "period", "price": {"night": "0.288", "day": "0.568"}}],
}


@dataclass(frozen=True)
class Home:
    """A month of a real meter; `to` is its read date, `off` the day in it on which the meter goes, if not at its end."""

    n: int
    file: str
    minutes: int
    from_: date
    to: date
    off: date | None = None

    @property
    def meter_no(self) -> str:
        return f"M{self.n}"

    def wh(self) -> dict[datetime, int]:
        return real(self.file, "import" if self.minutes == 5 else "")

    def days(self) -> dict[date, list[int | None]]:
        return {day: list(own) for day, own in by_day(self.wh(), self.from_, self.to, self.minutes, LONDON).items()}

    def gone(self) -> datetime:
        """The instant at which the meter went."""
        return max(self.wh()) + timedelta(minutes=self.minutes) if self.off else _midnight(self.to)

    def ran_wh(self) -> int:
        """What the registers say that the meter ran: its curve, and so much in each slot that is missing."""
        known = [value for values in self.days().values() for value in values]
        missing = 0 if self.off else known.count(None)
        return sum(value or 0 for value in known) + GAP_WH * missing

    def shown(self) -> dict[str, str]:
        """The register at the end."""
        return {"import": f"{100 + self.ran_wh() // 1000}.{self.ran_wh() % 1000:03d}"}


HOMES = (
    Home(1, "uk_half_hours.csv.gz", 30, date(2012, 10, 1), date(2012, 11, 1)),
    Home(2, "uk_half_hours.csv.gz", 30, date(2013, 3, 1), date(2013, 4, 1)),
    Home(3, "nem_five_minutes.csv.gz", 5, date(2023, 3, 1), date(2023, 4, 1), off=date(2023, 3, 31)),
)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=LONDON).astimezone(UTC)


def _half_hours(home: Home) -> list[tuple[datetime, int | None]]:
    """Return the half hours of the month by their instants; what the curve has not is None, behind the last meter nothing."""
    values = home.wh()
    parts = [timedelta(minutes=home.minutes * i) for i in range(30 // home.minutes)]
    found, at, gone = [], _midnight(home.from_), home.gone()
    while at < _midnight(home.to):
        own = [values.get(at + part) for part in parts]
        known = None if None in own else sum(value or 0 for value in own)
        found.append((at, 0 if at >= gone else known))
        at += HALF_HOUR
    return found


def _guessed(half_hours: list[tuple[datetime, int | None]]) -> dict[datetime, int]:
    """Return what is expected of each missing half hour: a line over two hours or less, else the mean of like half hours."""
    guessed: dict[datetime, int] = {}
    for missing, group in groupby(range(len(half_hours)), key=lambda i: half_hours[i][1] is None):
        run = list(group)
        if not missing:
            continue
        if len(run) <= 4:
            before, after = half_hours[run[0] - 1][1] or 0, half_hours[run[-1] + 1][1] or 0
            for place, i in enumerate(run, start=1):
                guessed[half_hours[i][0]] = floor(before + Fraction(place, len(run) + 1) * (after - before))
            continue
        for i in run:
            like = [value for at, value in half_hours if value is not None and _alike(at, half_hours[i][0])]
            guessed[half_hours[i][0]] = floor(Fraction(sum(like), len(like)))
    return guessed


def _alike(one: datetime, other: datetime) -> bool:
    return f"{one.astimezone(LONDON):%a %H:%M}" == f"{other.astimezone(LONDON):%a %H:%M}"


def _energies(home: Home, flat: bool) -> dict[str, int]:
    """Return the Wh of night and day: measured ones, and what the registers leave for the gaps as it is expected of them."""
    half_hours = _half_hours(home)
    guessed = dict.fromkeys(_guessed(half_hours), FLAT_WH) if flat else _guessed(half_hours)
    left = home.ran_wh() - sum(value or 0 for _, value in half_hours)
    shares = {at: Fraction(left * wh, sum(guessed.values())) for at, wh in guessed.items()}
    filled = {at: floor(share) for at, share in shares.items()}
    behind = sorted(shares, key=lambda at: (filled[at] - shares[at], at))
    for at in behind[: left - sum(filled.values())]:
        filled[at] += 1
    energies = {"night": 0, "day": 0}
    for at, value in half_hours:
        clock = f"{at.astimezone(LONDON):%H:%M}"
        energies["night" if "00:30" <= clock < "07:30" else "day"] += filled[at] if value is None else value
    return energies


def _expected(home: Home, *, flat: bool = False) -> dict[str, tuple[str, int]]:
    """Return kWh and fen of each line of a home's bill. `flat`: of what is missing the same was estimated before."""
    price = {"night": NIGHT_FEN, "day": DAY_FEN}
    found = {}
    for period, wh in _energies(home, flat).items():
        kwh = f"{wh / 1000:.3f}".rstrip("0").rstrip(".")
        found[period] = kwh, floor(Fraction(wh, 1000) * price[period] + Fraction(1, 2))
    return found


class Facts:
    """What is told of homes, each part in a call of its own."""

    def __init__(self, line: Line) -> None:
        self.line = line

    async def network(self) -> None:
        path = f"/v1/tariffs/{TARIFF}/versions/1"
        await self.line.approve(await self.line.call("PUT", "billing", path, ECONOMY_7))
        register = {"quantity": "import", "digits": 6, "scale": 3}
        for path, items in (
            ("routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 1}]),
            ("service-points", [{"service_point_no": f"SP{home.n}", "route_no": "R1"} for home in HOMES]),
            ("meters", [{"meter_no": home.meter_no, "org_unit": UNIT, "registers": [register]} for home in HOMES]),
        ):
            await self._put(path, items)

    async def installation(self) -> None:
        await self._put("installations", [self._installed(home) for home in HOMES])

    async def contract(self) -> None:
        accounts = [
            {
                "account_no": f"A{home.n}",
                "org_unit": UNIT,
                "opened_on": str(home.from_),
                "facts": [{"from": str(home.from_), "customer_class": "residential", "people": 3}],
                "contracts": [
                    {
                        "contract_no": f"C{home.n}",
                        "service_point_no": f"SP{home.n}",
                        "from": str(home.from_),
                        "to": None,
                        "curve_minutes": 30,
                        "tariffs": [{"from": str(home.from_), "tariff": TARIFF}],
                    }
                ],
            }
            for home in HOMES
        ]
        await self.line.call("PUT", "billing", "/v1/accounts", {"items": accounts})

    async def curves(self) -> None:
        for home in HOMES:
            await self._push(home, home.days())

    async def with_a_hole(self) -> None:
        """Tell of the curves, but for four days of each: more than policy fills."""
        await self._all_but(HOLE)

    async def with_a_filled_gap(self) -> None:
        """Tell of the curves, but for two days of each."""
        await self._all_but(HOLE[:2])

    async def _all_but(self, days: Sequence[int]) -> None:
        for home in HOMES:
            await self._push(home, {day: own for day, own in home.days().items() if day.day not in days})

    async def estimated(self) -> None:
        """Tell of the same energy in each slot, as somebody estimated it."""
        for home in HOMES:
            days = {day: [FLAT_WH * home.minutes // 30] * len(own) for day, own in home.days().items()}
            await self._push(home, days, quality="e")

    async def planned(self) -> None:
        for home in HOMES:
            await self._job("plan-cycles", home.to)

    async def registers(self) -> None:
        """Tell what registers showed at the end: of two homes when the meter was read, of one when it was taken off."""
        reads = [
            {
                "meter_no": home.meter_no,
                "read_at": _midnight(home.to).isoformat(),
                "source": "site",
                "reader": "reader-1",
                "unit": "kWh",
                "registers": home.shown(),
            }
            for home in HOMES
            if home.off is None
        ]
        await self.line.call("POST", "reading", "/v1/reads", {"items": reads})
        off = [
            self._installed(home) | {"removed_on": str(home.off or home.to), "closing": home.shown()} for home in HOMES
        ]
        await self._put("installations", off)

    async def closed(self) -> None:
        for home in HOMES:
            await self._job("close-routes", home.to + DAY)

    async def _put(self, path: str, items: list[dict[str, Any]]) -> None:
        await self.line.call("PUT", "reading", f"/v1/{path}", {"items": items})

    async def _job(self, name: str, day: date) -> None:
        await self.line.call("POST", "reading", f"/v1/jobs/{name}/runs", {"business_date": str(day)})

    async def _push(self, home: Home, days: Mapping[date, Sequence[int | None]], quality: str | None = None) -> None:
        items = [
            {"meter_no": home.meter_no, "day": str(day), "unit": "Wh", "interval_minutes": home.minutes}
            | {"values": own, "quality": quality and quality * len(own)}
            for day, own in days.items()
        ]
        await self.line.call("POST", "reading", "/v1/curves", {"items": items})

    def _installed(self, home: Home) -> dict[str, Any]:
        return {
            "service_point_no": f"SP{home.n}",
            "meter_no": home.meter_no,
            "installed_on": str(home.from_),
            "unit": "kWh",
            "opening": {"import": "100.000"},
        }


async def _bills(line: Line, status: str) -> dict[str, dict[str, Any]]:
    found = {}
    for one in await line.items("billing", f"/v1/bills?status={status}"):
        bill = await line.call("GET", "billing", f"/v1/bills/{one['bill_id']}")
        assert bill["contract_no"] not in found
        found[bill["contract_no"]] = bill
    return found


def _lines(bill: dict[str, Any]) -> dict[str, tuple[str, int]]:
    return {line["period"]: (line["quantity"], line["amount_fen"]) for line in bill["lines"]}


async def _check(line: Line, *, flat: bool = False) -> None:
    """Assert that the bills in force are those of the slow walk, and that no energy and no money is anywhere else."""
    issued = await _bills(line, "issued")
    assert {no: _lines(bill) for no, bill in issued.items()} == {
        f"C{home.n}": _expected(home, flat=flat) for home in HOMES
    }
    assert [await _bills(line, status) for status in ("held", "ready")] == [{}, {}]
    assert await line.items("billing", "/v1/waiting-usages") == []
    for home in HOMES:
        balance = (await line.call("GET", "collection", f"/v1/accounts/A{home.n}"))["balance_fen"]
        assert balance == sum(fen for _, fen in _expected(home, flat=flat).values())
    await line.agrees(f"{home.from_:%Y-%m}" for home in HOMES)


IN_ORDER = ("network", "installation", "contract", "curves", "planned", "registers", "closed")
ORDERS = {
    "as things happen": IN_ORDER,
    "contracts last": ("network", "installation", "curves", "planned", "registers", "closed", "contract"),
    "curves before meters stand": ("network", "curves", "contract", "installation", "planned", "registers", "closed"),
    "curves behind the registers": ("network", "installation", "contract", "planned", "registers", "curves", "closed"),
}


async def _tell(line: Line, *parts: str) -> None:
    facts = Facts(line)
    for part in parts:
        await getattr(facts, part)()
    await line.quiet()


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
async def test_real_meters_are_billed_by_the_clock_in_any_order(order: Sequence[str], tmp_path: Path) -> None:
    async with calls.line(tmp_path / "town", IN_LONDON, by_calendar=False) as line:
        await _tell(line, *order)
        await _check(line)


async def test_a_gap_beyond_the_policy_holds_the_bill_until_the_slots_are_there(tmp_path: Path) -> None:
    async with calls.line(tmp_path / "town", IN_LONDON, by_calendar=False) as line:
        await _tell(line, "network", "installation", "contract", "with_a_hole", "planned", "registers", "closed")
        held = await _bills(line, "held")
        assert len(held) == len(HOMES)
        for bill in held.values():
            codes = {finding["code"] for finding in bill["findings"]}
            assert {"billing.not_rated", "reading.curve_gap"} <= codes
            assert (bill["lines"], bill["total_fen"]) == ([], 0)
        await line.agrees(f"{home.from_:%Y-%m}" for home in HOMES)
        await _tell(line, "curves")
        await _check(line)


@pytest.mark.parametrize(
    ("first", "style", "status"), [("estimated", STYLES[0], "reversed"), ("with_a_filled_gap", STYLES[1], "adjusted")]
)
async def test_better_curves_correct_bills_that_are_out(first: str, style: str, status: str, tmp_path: Path) -> None:
    async with calls.line(tmp_path / "town", IN_LONDON, style=style, by_calendar=False) as line:
        await _tell(line, "network", "installation", "contract", first, "planned", "registers", "closed")
        before = await _bills(line, "issued")
        assert len(before) == len(HOMES)
        await _tell(line, "curves")
        await _check(line, flat=first == "estimated")
        taken_back = await _bills(line, status)
        assert {no: bill["bill_id"] for no, bill in taken_back.items()} == {
            no: bill["bill_id"] for no, bill in before.items()
        }

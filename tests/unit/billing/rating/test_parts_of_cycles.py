"""What is charged or given by the month, where a bill is of a part of a cycle, of several months, or of an unusual cycle."""

from datetime import date
from typing import Any

import pytest

from services.billing.rating import rating
from services.billing.rating.bulk import rate as bulk
from services.billing.rating.second_opinion import difference
from tests.unit.billing.rating.documents import PLAIN, changed

FEE = {"name": "fee", "kind": "fixed", "price": "10", "per": "month"}
LADDER = {"name": "ladder", "kind": "ladder_price", "ladder": "month", "price": ["0.5", "0.6", "0.9"]}
Days = tuple[date, date]


def bill(
    days: Days,
    charge: dict[str, Any],
    *,
    month: Days | None = None,
    supplied: Days | None = None,
    months: int = 1,
    cycles: int = 1,
    ladder: dict[str, Any] | None = None,
    kwh: int = 0,
) -> rating.RatedBill:
    """Rate a bill of one charge; both implementations answer the same."""
    document = changed(PLAIN, {"/charges": [charge]} | ({"/ladders": {"month": ladder}} if ladder else {}))
    book = rating.load_book([document])
    last = (month or days)[1]
    request = rating.Request(
        contract="C1",
        tariff="t/plain",
        from_=days[0],
        to=days[1],
        read_day=last,
        bill_months=tuple(date(2026, 3 - n, 1) for n in reversed(range(months))),
        facts=(rating.AccountSpan(from_=date(2020, 1, 1)),),
        usage=(rating.UsagePart(*days, {"import": kwh * 1000}),),
        month=month,
        supplied=supplied,
        cycles=cycles,
    )
    one = rating.rate_one(request, book)
    (other,) = bulk.rate([request], book)
    assert other is not None
    assert difference(other, one) is None
    assert one.refusal is None
    return one


FEBRUARY = date(2026, 2, 1), date(2026, 3, 1)
FIRST, SECOND = (date(2026, 2, 1), date(2026, 2, 15)), (date(2026, 2, 15), date(2026, 3, 1))
LONG, SHORT = (date(2026, 2, 1), date(2026, 3, 15)), (date(2026, 3, 1), date(2026, 3, 15))


@pytest.mark.parametrize(
    ("rule", "fen"),
    [
        # a whole cycle; the days of a move; of one contract in two bills; longer and shorter by a new read day
        ("", [1000, 1000, 500, 500, 1000, 1000]),
        ("counts_as_one", [1000, 1000, 500, 500, 1000, 1000]),
        ("thirtieths", [1000, 467, 500, 500, 1400, 467]),
        ("calendar_days", [1000, 500, 500, 500, 1500, 500]),
    ],
)
def test_a_monthly_charge_by_the_rule_of_the_tariff(rule: str, fen: list[int]) -> None:
    charge = FEE | ({"part_month": rule} if rule else {})
    bills = [
        bill(FEBRUARY, charge),
        bill(SECOND, charge, month=FEBRUARY),
        bill(FIRST, charge, month=FEBRUARY, supplied=FEBRUARY),
        bill(SECOND, charge, month=FEBRUARY, supplied=FEBRUARY),
        bill(LONG, charge),
        bill(SHORT, charge),
    ]
    assert [b.total_fen for b in bills] == fen


def test_the_line_says_which_part_of_the_month_it_is() -> None:
    (line,) = bill(LONG, FEE | {"part_month": "calendar_days"}).lines
    assert rating.formula(line) == "1 month x 10 x 1.5 = 15"
    least = {"name": "least", "kind": "minimum", "price": "10", "on": [], "part_month": "calendar_days"}
    (line,) = bill(SECOND, least, month=FEBRUARY).lines
    assert rating.formula(line) == "1 month x 10 x 0.5 = 5"


@pytest.mark.parametrize("day", [28, 29, 30, 31])
def test_a_read_day_at_the_end_of_the_month_makes_usual_cycles(day: int) -> None:
    for months in ((1, 2), (2, 3), (3, 4), (4, 5)):
        start, end = (date(2026, m, min(day, 28 if m == 2 else 30 if m == 4 else 31)) for m in months)
        for rule in ("thirtieths", "calendar_days"):
            assert bill((start, end), FEE | {"part_month": rule}).total_fen == 1000


MONTH = {"counts": "import", "span": "month", "proration": "per_month", "limits_kwh": ["100", "300"]}
CYCLE = {"counts": "import", "span": "cycle", "limits_kwh": ["100", "300"]}
TWO_MONTHS = date(2026, 1, 1), date(2026, 3, 1)


@pytest.mark.parametrize(("ladder", "cycles"), [(MONTH, 2), (MONTH, 1), (CYCLE, 2)])
def test_two_months_have_the_quotas_of_both(ladder: dict[str, Any], cycles: int) -> None:
    asked = bill(TWO_MONTHS, LADDER, ladder=ladder, kwh=200, months=2, cycles=cycles)
    assert asked.total_fen == 10_000
    assert bill(TWO_MONTHS, FEE, months=2).total_fen == 2000
    assert bill(TWO_MONTHS, FEE | {"per": "cycle"}, months=2, cycles=2).total_fen == 2000


@pytest.mark.parametrize("ladder", [MONTH, CYCLE])
def test_two_bills_of_one_contract_share_the_quota_of_the_cycle_by_days(ladder: dict[str, Any]) -> None:
    halves = [bill(d, LADDER, ladder=ladder, kwh=50, month=FEBRUARY, supplied=FEBRUARY) for d in (FIRST, SECOND)]
    assert [b.total_fen for b in halves] == [2500, 2500]
    more = bill(FIRST, LADDER, ladder=ladder, kwh=60, month=FEBRUARY, supplied=FEBRUARY)
    assert [(line.tier, line.quantity) for line in more.lines] == [(1, 50_000), (2, 10_000)]
    # who moved in has the whole month's: a part month counts as one
    assert bill(SECOND, LADDER, ladder=ladder, kwh=100, month=FEBRUARY).total_fen == 5000

"""A second biller as judge: NREL's Utilityrate5 (PySAM, BSD 3-Clause) on a year of hourly data, time of use and monthly tiers.

`.venv/bin/pip install --require-hashes -r requirements-bench.lock` brings it. Its twelve months must be ours to 0.0001.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import PySAM.Utilityrate5 as Utilityrate5

from services.billing.rating import rating
from services.billing.rating.bulk import engine, forms
from shared.arrays import Ints
from tests.bench import bench_rating

YEAR = 2025  # 365 days; the judge knows no leap year and no special days
CUSTOMERS = 200
PEAK, VALLEY = ("0.568", "0.618", "0.868"), ("0.288", "0.338", "0.588")
LIMITS = ("600", "900")
DOCUMENT = {
    "id": "judge",
    "version": 1,
    "effective": {"from": "2020-01-01", "to": None},
    "sources": [{"for": "everything", "text": "made up for the bench"}],
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "on_change": {"usage": "split_by_days"},
    "rounding": {"line": {"step": "0.01", "mode": "half_up"}},
    "periods": [
        {"name": "peak", "when": [{"hours": ["08:00-22:00"]}]},
        {"name": "valley", "when": "rest"},
    ],
    "ladders": {
        "month": {"counts": "import", "span": "month", "limits_kwh": list(LIMITS), "proration": "per_month"},
    },
    "charges": [
        {"name": "energy", "kind": "energy", "by": "period", "price": {"peak": PEAK[0], "valley": VALLEY[0]}},
        {"name": "tier add-on", "kind": "ladder_add_on", "ladder": "month", "add": ["0", "0.05", "0.30"]},
    ],
}


def judge(wh: Ints) -> list[float]:
    """The twelve monthly charges of a year of hours by the other biller."""
    model = Utilityrate5.new()
    hours = [[2] * 8 + [1] * 14 + [2] * 2] * 12
    tiers = [(i + 1, float(limit)) for i, limit in enumerate((*LIMITS, "1e38"))]
    table = [
        [period, tier, limit, 0, float(prices[tier - 1]), 0.0]
        for period, prices in ((1, PEAK), (2, VALLEY))
        for tier, limit in tiers
    ]
    values = {
        "en_electricity_rates": 1,
        "analysis_period": 1,
        "system_use_lifetime_output": 0,
        "inflation_rate": 0,
        "degradation": [0],
        "gen": [0] * 8760,
        "load": (wh / 1000).tolist(),
        "load_escalation": [0],
        "rate_escalation": [0],
        "ur_metering_option": 0,
        "ur_monthly_fixed_charge": 0,
        "ur_monthly_min_charge": 0,
        "ur_annual_min_charge": 0,
        "ur_nm_yearend_sell_rate": 0,
        "ur_en_ts_sell_rate": 0,
        "ur_en_ts_buy_rate": 0,
        "ur_ec_sched_weekday": hours,
        "ur_ec_sched_weekend": hours,
        "ur_ec_tou_mat": table,
        "ur_dc_enable": 0,
        "ur_enable_billing_demand": 0,
        "TOU_demand_single_peak": 0,
        "ur_sell_eq_buy": 0,
    }
    for name, value in values.items():
        model.value(name, value)
    model.execute(0)
    return list(model.Outputs.year1_monthly_ec_charge_without_system)


def months() -> Iterator[tuple[forms.Plan, int, int]]:
    """The plan of each month's bills, and where its hours lie in the year."""
    book = rating.load_book([DOCUMENT])
    start = 0
    for month in range(1, 13):
        first, after = date(YEAR, month, 1), date(YEAR + month // 12, month % 12 + 1, 1)
        end = start + (after - first).days * 24
        at = datetime(first.year, first.month, 1, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)
        request = rating.request(
            contract="judge",
            tariff="judge",
            period=(first, after),
            bill_months=[first],
            usage_wh={},
            curves=[rating.Curve("import", at, 60, [0] * (end - start))],
            facts=[rating.AccountSpan(date(2020, 1, 1))],
        )
        yield forms.plan(request, book), start, end
        start = end


def ours(plans: list[tuple[forms.Plan, int, int]], years: Ints) -> list[engine.Rated]:
    """The bills of all customers, month by month."""
    nothing = np.zeros(len(years), dtype=np.int64)
    out = []
    for plan, start, end in plans:
        columns = {("curve", 0, 0): years[:, start:end], ("va", 0): nothing, ("contract", 0): nothing}
        out.append(engine.rate_columns(plan, columns, len(years)))
    return out


def run() -> None:
    """Compare one customer's months, then the speed of many."""
    years = np.random.default_rng(6).integers(200, 2_500, (CUSTOMERS, 8760))
    plans = list(months())
    equal = 0
    for rated, other in zip(ours(plans, years), judge(years[0]), strict=True):
        exact = sum((Fraction(int(line.num.v[0]), line.den) for line in rated.lines), Fraction(0))
        equal += abs(exact - Fraction(other)) <= Fraction(1, 10_000)
    mine_s, other_s = bench_rating.best(lambda: ours(plans, years), lambda: judge(years[0]), turns=3)
    mine, other = 12 * CUSTOMERS / mine_s, 12 / other_s
    print(f"second biller (PySAM Utilityrate5): {equal} of 12 months equal to 0.0001")
    print(f"  {mine:,.0f} bills/s, {mine / other:,.0f} x its {other:,.0f}   (at least 25)")

"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

TARIFF: dict[str, Any] = {
    "id": "example/home",
    "version": 1,
    "effective": {"from": "2026-01-01", "to": "2100-01-01"},
    "on_change": {"usage": "split_by_days"},
    "sources": [{"for": "the whole document", "text": "240/400 kWh a month at 0.4883/0.5383/0.7883 yuan", "at": "–"}],
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "rounding": {"line": {"step": "0.01", "mode": "half_up"}},
    "ladders": {"month": {"counts": "import", "span": "month", "limits_kwh": ["240", "400"], "proration": "per_month"}},
    "charges": [
        {
            "name": "energy",
            "zh": "电度电费",
            "kind": "ladder_price",
            "ladder": "month",
            "price": ["0.4883", "0.5383", "0.7883"],
        }
    ],
}
CALENDAR: dict[str, Any] = {
    "calendar": "example/holidays",
    "title": "Public holidays",
    "years": {"2026": {"holiday": ["2026-01-01", "2026-10-01"]}},
}
CASE: dict[str, Any] = {
    "id": "example",
    "tariff": {"inline": TARIFF},
    "cycle": {"from": "2026-01-01", "to": "2026-02-01", "read_day": "2026-02-01", "bill_months": ["2026-01"]},
    "account": [{"from": "2020-01-01", "people": 3}],
    "usage": {"import": "300"},
}
COMPARISON: dict[str, Any] = {
    "account": [{"from": "2020-01-01", "people": 3}],
    "usage": {"import": "300"},
    "cycles": [{"cycle": CASE["cycle"]}],
    "alternatives": [{"name": "as now", "tariff": {"inline": TARIFF}}],
}

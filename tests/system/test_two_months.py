"""Homes that are billed every two months on a route that is read every month, from reads over REST to the ledger."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kits import calls
from tests.kits.calls import Line
from tests.unit.billing.rating.documents import PLAIN, changed

UNIT = "zj/hangzhou"
READ_DATES = tuple(date(2026, month, 1) for month in range(2, 8))
STANDING = {"name": "standing", "kind": "fixed", "price": "10", "per": "month"}
HOMES = {"monthly": 1, "two-monthly": 2}


async def _set_up(line: Line) -> None:
    document = changed(PLAIN, {"/charges": [STANDING]})
    await line.approve(await line.call("PUT", "billing", "/v1/tariffs/t/plain/versions/1", document))
    register = {"quantity": "import", "digits": 6, "scale": 2}
    installed = {"installed_on": "2026-01-01", "unit": "kWh", "opening": {"import": "0.00"}}
    for path, items in (
        ("routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 1}]),
        ("service-points", [{"service_point_no": home, "route_no": "R1"} for home in HOMES]),
        ("meters", [{"meter_no": f"M-{home}", "org_unit": UNIT, "registers": [register]} for home in HOMES]),
        ("installations", [{"service_point_no": home, "meter_no": f"M-{home}"} | installed for home in HOMES]),
    ):
        await line.call("PUT", "reading", f"/v1/{path}", {"items": items})


async def _accounts(line: Line) -> None:
    for home, months in HOMES.items():
        contract = {"contract_no": f"C-{home}", "service_point_no": home, "from": "2026-01-01", "cycle_months": months}
        account = {
            "org_unit": UNIT,
            "opened_on": "2026-01-01",
            "facts": [{"from": "2026-01-01", "customer_class": "residential"}],
            "contracts": [contract | {"tariffs": [{"from": "2026-01-01", "tariff": "t/plain"}]}],
        }
        await line.call("PUT", "billing", f"/v1/accounts/{home}", account)
    await line.quiet()


async def _month(line: Line, day: date) -> None:
    await line.call("POST", "reading", "/v1/jobs/plan-cycles/runs", {"business_date": str(day)})
    items: list[dict[str, Any]] = [
        {
            "meter_no": f"M-{home}",
            "read_at": f"{day}T00:00:00+08:00",
            "source": "remote",
            "unit": "kWh",
            "registers": {"import": f"{100 * (day.month - 1)}.00"},
        }
        for home in HOMES
    ]
    await line.call("POST", "reading", "/v1/reads", {"items": items})
    after = str(day + timedelta(days=1))
    await line.call("POST", "reading", "/v1/jobs/close-routes/runs", {"business_date": after})
    await line.quiet()


@pytest.mark.parametrize("known_after", [0, 3, 6])
async def test_a_standing_charge_is_billed_once_for_each_month(tmp_path: Path, known_after: int) -> None:
    """Ten yuan a month for six months are sixty, in bills of twenty, also where accounts become known after some months."""
    async with calls.line(tmp_path / "line") as line:
        await _set_up(line)
        for n, day in enumerate(READ_DATES):
            if n == known_after:
                await _accounts(line)
            await _month(line, day)
        if known_after == len(READ_DATES):
            await _accounts(line)
        bills = await line.items("billing", "/v1/bills?status=issued")
        found = {
            home: sorted((b["period_to"], b["total_fen"]) for b in bills if b["account_no"] == home) for home in HOMES
        }
        assert found == {
            "monthly": [(str(day), 1000) for day in READ_DATES],
            "two-monthly": [(str(day), 2000) for day in READ_DATES[1::2]],
        }
        for home in HOMES:
            assert (await line.call("GET", "collection", f"/v1/accounts/{home}"))["balance_fen"] == 6000
        assert await line.items("billing", "/v1/waiting-usages") == []
        await line.agrees(f"2026-{month:02}" for month in range(1, 7))

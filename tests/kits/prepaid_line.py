"""A shop that pays before it uses, on four services over REST: registers each day, top-ups, and a clock that nobody waits for."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.collection.cuts import domain as cuts
from services.collection.settings import SHIPPED_POLICY
from shared.testing.smtp import SmtpServer
from tests.kits import calls, street
from tests.kits.calls import Line
from tests.kits.line import impatient_notify_policy
from tests.kits.street import Place, lets_in
from tests.unit.billing.rating.documents import PLAIN

SINCE = "2026-01-01"
PLAINLY: dict[str, Any] = PLAIN | {"id": "t/home", "charges": [{"name": "energy", "kind": "energy", "price": "0.5000"}]}
SHOP = Place("shop", "t/home", of_contract={"payment_modes": [{"from": SINCE, "mode": "prepaid"}]})
WAIT_SECONDS_MAX = 60


def _policy(work: Path, imminent_minutes: int) -> str:
    """Write the policy of a utility that cuts on any day, as soon as the customer was told."""
    document = json.loads(SHIPPED_POLICY.read_text())
    (version,) = document["versions"]
    version["cut"] |= {"on_rest_days": True, "before_rest_days": True}
    version["cut"] |= {"imminent_minutes": imminent_minutes}
    version["prepaid"] |= {"cut_after": {"minutes": 0}}
    file = work.parent / "collection_policy.json"
    file.write_text(json.dumps(document))
    return str(file)


def at_any_time(_rules: Any, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return hours that go on after midnight: no test hangs on the hour at which it is run."""
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=2), time(), zone)


@asynccontextmanager
async def shop(work: Path, server: SmtpServer, *, imminent_minutes: int = 0) -> AsyncIterator[Line]:
    """A shop that was there all January, used 620 kWh for 310 yuan in it, and has paid in 410: 100 are left."""
    environment = {
        "WATTLINE_NOTIFY_POLICY": str(impatient_notify_policy(work.parent)),
        "WATTLINE_SMTP_PORT": str(server.port),
        "WATTLINE_COLLECTION_POLICY": _policy(work, imminent_minutes),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuts, "hours", at_any_time)
        async with calls.line(work, environment) as line:
            lets_in(line, "cashier-1", "fitter-1")
            await street.settle(line, [SHOP], SINCE, PLAINLY)
            await top_up(line, 41_000, "2026-01-15")
            await street.month(line, "2026-02-01", {SHOP.meter_no: 720.0})
            await until(line, lambda found: (found["owed_fen"], found["prepaid_fen"]) == (0, 10_000))
            yield line


async def top_up(line: Line, fen: int, on: str) -> None:
    body = {"account_no": SHOP.account_no, "amount_fen": fen, "received_on": on}
    await line.call("POST", "collection", "/v1/payments", body, who="cashier-1", key=f"{on}-{fen}")


async def used(line: Line, first: str, kwh: int, days: int) -> None:
    """Push what the meter shows at the end of each of so many days, which use 20 kWh each, from a first one on."""
    for number in range(1, days + 1):
        on = date.fromisoformat(first) + timedelta(days=number)
        await street.push(line, str(on), {SHOP.meter_no: {"import": f"{kwh + 20 * number:.2f}"}})


async def account(line: Line) -> dict[str, Any]:
    found: dict[str, Any] = await line.call("GET", "collection", f"/v1/prepaid-accounts/{SHOP.account_no}")
    return found


async def until(line: Line, reached: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    """Wait until the prepaid account is as it should be, and return it."""
    found: dict[str, Any] = {}
    try:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while True:
                rows = await line.items("collection", "/v1/prepaid-accounts")
                found = await account(line) if rows else {}
                if found and reached(found):
                    return found
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"it did not come so far: {found}") from None


async def the_cut(line: Line, state: str) -> dict[str, Any]:
    """Wait until the cut of the shop is in a state, and return it."""
    found: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while True:
                found = await line.items("collection", f"/v1/cuts?account_no={SHOP.account_no}")
                if found and found[-1]["state"] == state:
                    return found[-1]
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"it is not {state}: {found}") from None


async def approve_cut(line: Line) -> None:
    """Approve the cut that the service has proposed."""
    await the_cut(line, "proposed")
    (asked,) = await line.items("collection", "/v1/approvals?state=pending&kind=supply.cut")
    assert asked["requested_by"] == "system:prepaid"
    await line.approve(asked, "collection")


async def switched(line: Line, action: str) -> None:
    """Let a fitter tell that the order of the shop was carried out just now."""
    found: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while not found:
                orders = await line.items("reading", "/v1/supply-orders")
                found = [one for one in orders if one["action"] == action and one["state"] == "waiting" and one["way"]]
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"no order to {action}") from None
    at = line.town.houses["reading"].service.database.clock.now().isoformat(timespec="seconds")
    said = {"switched": True, "switched_at": at}
    await line.call("POST", "reading", f"/v1/supply-orders/{found[0]['order_no']}/result", said, who="fitter-1")

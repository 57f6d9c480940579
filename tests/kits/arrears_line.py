"""Two who owe on four services over REST: a family and a shop, whose January bills fell due on 22 February."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.collection.cuts import domain as cuts
from services.collection.settings import SHIPPED_POLICY
from shared.testing.smtp import SmtpServer
from tests.kits import calls, street
from tests.kits.calls import Line
from tests.kits.line import impatient_notify_policy
from tests.kits.prepaid_line import PLAINLY, SINCE, WAIT_SECONDS_MAX, at_any_time
from tests.kits.street import Place, lets_in

FAMILY = Place("family", "t/home")
SHOP = Place("shop", "t/home", customer_class="commercial")
STAGES = ("2026-02-26", "2026-03-12", "2026-03-20", "2026-04-08", "2026-04-09", "2026-04-10")


def _policy(work: Path) -> str:
    """Write the policy of a utility that cuts on any day, as soon as the customer was told."""
    document = json.loads(SHIPPED_POLICY.read_text())
    (version,) = document["versions"]
    version["cut"] |= {"on_rest_days": True, "before_rest_days": True, "imminent_minutes": 0}
    version["cut"] |= {"notice_days": [{"min": 0, "max": 7}]}
    file = work.parent / "collection_policy.json"
    file.write_text(json.dumps(document))
    return str(file)


@asynccontextmanager
async def owing(work: Path, server: SmtpServer) -> AsyncIterator[Line]:
    """A family that owes 50 yuan and a shop that owes 500, both billed for January, neither reminded."""
    environment = {
        "WATTLINE_NOTIFY_POLICY": str(impatient_notify_policy(work.parent)),
        "WATTLINE_SMTP_PORT": str(server.port),
        "WATTLINE_COLLECTION_POLICY": _policy(work),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuts, "hours", at_any_time)
        async with calls.line(work, environment) as line:
            lets_in(line, "cashier-1", "fitter-1")
            await street.settle(line, [FAMILY, SHOP], SINCE, PLAINLY)
            await street.month(line, "2026-02-01", {FAMILY.meter_no: 200.0, SHOP.meter_no: 1100.0})
            await until(
                line, "both bills", lambda: line.items("collection", "/v1/receivables"), lambda found: len(found) == 2
            )
            yield line


async def until(
    line: Line,
    what: str,
    ask: Callable[[], Awaitable[list[dict[str, Any]]]],
    reached: Callable[[list[dict[str, Any]]], bool],
) -> list[dict[str, Any]]:
    """Wait until a list is as it should be, and return it."""
    found: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while not reached(found := await ask()):  # noqa: ASYNC110 - said over REST
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"{what}: {found}") from None
    return found


async def remind(line: Line, *days: str) -> None:
    for day in days:
        await street.job(line, "collection", "remind", day)


async def case_of(line: Line, place: Place) -> dict[str, Any]:
    (case,) = await line.items("collection", f"/v1/dunning-cases?account_no={place.account_no}")
    return case


async def the_cut(line: Line, state: str) -> dict[str, Any]:
    """Wait until the cut of the shop is in a state, and return it."""
    path = f"/v1/cuts?account_no={SHOP.account_no}"
    found = await until(
        line, state, lambda: line.items("collection", path), lambda rows: bool(rows) and rows[-1]["state"] == state
    )
    return found[-1]


async def propose(line: Line) -> dict[str, Any]:
    """Let the shop come to the stage at which people decide, and a clerk propose to cut it; return the approval."""
    await remind(line, *STAGES)
    case = await case_of(line, SHOP)
    wish = {"service_point_no": SHOP.name, "explanation": "Reminded, called on, nobody answers."}
    asked: dict[str, Any] = await line.call("POST", "collection", f"/v1/dunning-cases/{case['case_no']}/cuts", wish)
    return asked


async def refused(line: Line, asked: dict[str, Any], who: str) -> str:
    """Let somebody decide on what was asked for, and return the code of the refusal."""
    items = [{name: asked[name] for name in ("approval_id", "content_hash")}]
    body = {"decision": "approve", "explanation": "I am sure", "items": items}
    headers = {"Authorization": f"Bearer {line.tokens[who]}"}
    answer = await line.clients["collection"].post("/v1/approvals/decisions", json=body, headers=headers)
    return str(answer.json()["outcomes"][0]["code"])


async def plan_today(line: Line) -> dict[str, int]:
    """Let the cuts of this day be planned."""
    now: datetime = line.town.houses["collection"].service.database.clock.now()
    return await street.job(line, "collection", "plan-cuts", str((now + timedelta(hours=8)).date()))


async def pay(line: Line, place: Place, fen: int, on: str) -> None:
    body = {"account_no": place.account_no, "amount_fen": fen, "received_on": on}
    await line.call("POST", "collection", "/v1/payments", body, who="cashier-1", key=f"{place.name}-{on}-{fen}")


async def orders(line: Line, action: str, state: str = "waiting") -> list[dict[str, Any]]:
    """Wait for orders of an action in a state at reading, and return them."""

    async def ask() -> list[dict[str, Any]]:
        found = await line.items("reading", "/v1/supply-orders")
        return [one for one in found if one["action"] == action and one["state"] == state]

    return await until(line, f"order to {action}", ask, bool)


async def switched(line: Line, order_no: str) -> None:
    """Let a fitter tell that an order was carried out just now."""
    at = line.town.houses["reading"].service.database.clock.now().isoformat(timespec="seconds")
    said = {"switched": True, "switched_at": at}
    await line.call("POST", "reading", f"/v1/supply-orders/{order_no}/result", said, who="fitter-1")

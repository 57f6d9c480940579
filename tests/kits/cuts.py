"""A household in arrears, up to the cut of its supply and back: what the tests of cuts share."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from services.collection.cuts.use_cases import clock
from shared.events.notify import NoticeDelivered
from shared.events.supply import SupplySwitched, SupplySwitchFailed
from tests.kits.approvals import decided
from tests.kits.collection import Kit, bill, issued

POINT = "S-A1"
WISH = {"service_point_no": POINT, "explanation": "Reminded three times, called, nobody answers."}
STEPS = ("2026-02-26", "2026-03-10", "2026-03-20", "2026-03-26", "2026-03-27")


async def run(kit: Kit, job: str, day: str) -> dict[str, int]:
    answer = await kit.admin.post(f"/v1/jobs/{job}/runs", json={"business_date": day})
    assert answer.status_code in (200, 201), answer.text
    return {name: count for name, count in answer.json()["counts"].items() if count}


async def in_arrears(kit: Kit, fen: int = 100_000, days: Sequence[str] = STEPS) -> str:
    """Bill A1, let nobody pay, take the steps of dunning, and return the case."""
    await kit.give(issued(bill("B1", fen)))
    for day in days:
        await run(kit, "remind", day)
    (case,) = (await kit.clerk.get("/v1/dunning-cases?account_no=A1")).json()["items"]
    return str(case["case_no"])


async def proposed(kit: Kit, case_no: str, **wish: Any) -> Any:
    answer = await kit.clerk.post(f"/v1/dunning-cases/{case_no}/cuts", json=WISH | wish)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def refused(kit: Kit, case_no: str, **wish: Any) -> tuple[int, str]:
    answer = await kit.clerk.post(f"/v1/dunning-cases/{case_no}/cuts", json=WISH | wish)
    return answer.status_code, answer.json()["code"]


async def the_cut(kit: Kit) -> dict[str, Any]:
    (cut,) = (await kit.clerk.get("/v1/cuts?account_no=A1")).json()["items"]
    return dict(cut)


async def state(kit: Kit) -> tuple[str, str]:
    cut = await the_cut(kit)
    return cut["state"], cut["code"]


def at(kit: Kit, day: str, time: str) -> None:
    """Set the clock to a local time of the utility."""
    kit.clock.at = datetime.fromisoformat(f"{day}T{time}:00+08:00").astimezone(UTC)


async def announced(kit: Kit) -> None:
    """Have a cut proposed and approved on 15 April: the customer is to be told."""
    approval = await proposed(kit, await in_arrears(kit))
    assert await decided(kit.second, [approval]) == ["done"]


async def delivered(kit: Kit, day: str = "2026-04-15", *, cause_id: str = "") -> None:
    """Let notify tell that the notice of the cut was delivered."""
    cut = await the_cut(kit)
    fact = NoticeDelivered(
        account_no="A1",
        notice_id="n1",
        template="cut_notice",
        channel="sms",
        cause_kind="cut",
        cause_id=cause_id or cut["announcement_id"],
        delivered_at=datetime.fromisoformat(f"{day}T10:00:00+08:00"),
    )
    await kit.give(fact)


async def planned(kit: Kit, day: str = "2026-04-22") -> None:
    """Announce, tell, and plan the cut for a day; it is half past eight then."""
    await announced(kit)
    await delivered(kit)
    at(kit, day, "08:30")
    assert await run(kit, "plan-cuts", day) == {"planned": 1}


async def turn(kit: Kit) -> int:
    """Let the clock of the day do what is due."""
    return await clock.turn(kit.database, kit.service.app.state.context.cuts)


async def ordered(kit: Kit, day: str = "2026-04-22") -> None:
    """Go on until the order is out."""
    await planned(kit, day)
    assert await turn(kit) == 1
    at(kit, day, "09:00")
    assert await turn(kit) == 1
    assert await state(kit) == ("ordered", "")


async def orders(kit: Kit) -> list[tuple[str, int]]:
    """Return the orders that were asked for: action and sequence."""
    return [(fact["action"], fact["sequence"]) for fact in await kit.facts("collection.supply_order_requested.v1")]


async def switched(kit: Kit, action: str = "cut", *, order: int = -1, **more: Any) -> None:
    """Let reading tell that an order (the last one) was carried out."""
    await kit.give(SupplySwitched(**await _of_order(kit, order), switched_at=kit.clock.at, by="head_end", **more))


async def failed(kit: Kit, code: str, *, order: int = -1) -> None:
    """Let reading tell that an order (the last one) came to nothing."""
    await kit.give(SupplySwitchFailed(**await _of_order(kit, order), failed_at=kit.clock.at, code=code))


async def _of_order(kit: Kit, number: int) -> dict[str, Any]:
    names = ("order_no", "account_no", "service_point_no", "org_unit", "action", "sequence")
    fact = (await kit.facts("collection.supply_order_requested.v1"))[number]
    return {name: fact[name] for name in names}

"""Cases that charge, adjust for or class anew, from their calculation to what stands of them."""

from typing import Any

from tests.kits.billing import Desk
from tests.kits.cases import ask, evidence, got, listed

DAY = "2026-04-10"
RATIO = {"kwh": "3000", "used": "30", "true": "40", "price": "1"}
ERROR = {"kwh": "1050", "error": "0.05", "price": "0.5"}
WIRING = {"rate": "2", "parts": [{"name": "all", "kwh": "100", "price": "0.5"}]}
STOLEN = {"price": "0.3", "kwh": "100"}
CLASS = {"price_paid": "0.5", "price_due": "0.8", "months_kwh": ["200", "200", "250"], "start_known": True}
"""The published example of a change of class: a difference of 195 yuan, and a penalty of 390."""
INPUT = {
    "wrong_multiplier": RATIO,
    "meter_error": ERROR,
    "wrong_wiring": WIRING,
    "theft": STOLEN,
    "class_change": CLASS,
    "capacity_without_contract": {"case": "private", "tariff": "other", "kva": "10"},
}


async def calculated(desk: Desk, number: str, name: str, *days: str) -> int:
    """Prove a case and calculate it, for days where some are named; return the number of the calculation."""
    await evidence(desk, number)
    body: dict[str, Any] = {"calculation": name, "breach_on": "2010-06-01", "input": INPUT[name]}
    body |= dict(zip(("from", "to"), days, strict=False))
    seen = (await got(desk, f"cases/{number}"))["row_version"]
    status, told = await ask(desk, f"cases/{number}/calculations", body, seen=seen)
    assert status == 200, told
    return int(told["number"])


async def propose(desk: Desk, number: str, calculation: int, **more: Any) -> tuple[int, Any]:
    seen = (await got(desk, f"cases/{number}"))["row_version"]
    body = {"calculation": calculation, "explanation": "seen on site", "business_date": DAY}
    return await ask(desk, f"cases/{number}/proposal", body | more, seen=seen)


async def approve(desk: Desk, number: str) -> tuple[str, str | None]:
    """Let other people approve all that is asked for a case; return the last outcome."""
    outcome: tuple[str, str | None] = ("nothing", None)
    for subject in ("second-1", "third-1"):
        waiting = await listed(desk, "approvals", state="pending")
        mine = [each for each in waiting if number in (each["subject_id"], each["content"].get("case_no"))]
        for asked in mine[:1]:
            outcome = await desk.second(asked, subject=subject)
    return outcome


async def billed(desk: Desk, number: str, name: str, *days: str, **more: Any) -> None:
    """Let a case be charged, or adjusted for."""
    status, told = await propose(desk, number, await calculated(desk, number, name, *days), **more)
    assert status == 202, told
    assert await approve(desk, number) == ("done", None)


async def reopened(desk: Desk, number: str) -> None:
    seen = (await got(desk, f"cases/{number}"))["row_version"]
    body = {"reason": "looked at again", "business_date": DAY}
    assert (await ask(desk, f"cases/{number}/reopening", body, seen=seen))[0] == 200


async def end(desk: Desk, number: str, how: str) -> tuple[int, Any]:
    """Dismiss a case, or confirm what stands of it."""
    seen = (await got(desk, f"cases/{number}"))["row_version"]
    return await ask(desk, f"cases/{number}/{how}", {"explanation": "that is it", "business_date": DAY}, seen=seen)

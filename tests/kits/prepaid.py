"""A prepaid account of collection: what billing estimates, what is paid in, and the loops that judge and plan, driven by hand."""

from datetime import date, datetime
from typing import Any

from services.collection.prepaid.use_cases import judging
from services.collection.supply.use_cases.settling import release_prepaid
from shared.events.notify import NoticeDelivered
from shared.events.prepaid import DailyChargeEstimated
from tests.kits import cuts
from tests.kits.collection import Kit

POINT = "S-A1"


def estimate(fen: int, version: int = 1, *, account_no: str = "A1", **more: Any) -> DailyChargeEstimated:
    """What the contract of an account has used from 1 April to the 15th."""
    values: dict[str, Any] = {
        "account_no": account_no,
        "contract_no": f"C-{account_no}",
        "service_point_no": f"S-{account_no}",
        "org_unit": "zj/hangzhou",
        "version": version,
        "mode": "prepaid",
        "period_from": date(2026, 4, 1),
        "through": date(2026, 4, 15),
        "amount_fen": fen,
        "energy_wh": fen * 20,
        "days": 14,
    }
    return DailyChargeEstimated(**values | more)


async def judge(kit: Kit) -> int:
    """Let the loop judge until nothing is left, and return how many accounts that were."""
    ways, judged = kit.service.app.state.context.cuts, 0
    while count := await judging.turn(kit.database, ways.prepaid, ways.zone, release_prepaid):
        judged += count
    return judged


async def used(kit: Kit, fen: int, version: int = 1, **more: Any) -> None:
    """Let billing tell what was used, and judge."""
    await kit.give(estimate(fen, version, **more))
    await judge(kit)


async def account(kit: Kit, account_no: str = "A1") -> dict[str, Any]:
    answer = await kit.clerk.get(f"/v1/prepaid-accounts/{account_no}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def said(kit: Kit) -> list[tuple[str, int]]:
    """Return what was told of balances, in order: (low with its level, overdrawn, recovered; what is left)."""
    found = []
    for kind in ("low", "overdrawn", "recovered"):
        for fact in await kit.facts(f"collection.prepaid_balance_{kind}.v1"):
            found.append((f"{kind} {fact['level']}" if kind == "low" else kind, fact["available_fen"]))
    return found


async def told(kit: Kit, at: str = "2026-04-15T10:00") -> None:
    """Let notify tell that the customer was told that nothing is left."""
    fact = (await kit.facts("collection.prepaid_balance_overdrawn.v1"))[-1]
    await kit.give(
        NoticeDelivered(
            account_no=fact["account_no"],
            notice_id="n1",
            template="prepaid_overdrawn",
            channel="sms",
            cause_kind="nothing_prepaid",
            cause_id=fact["announcement_id"],
            delivered_at=datetime.fromisoformat(f"{at}:00+08:00"),
        )
    )


async def overdrawn(kit: Kit) -> None:
    """Pay in 100 yuan, use 120, and be told of that on 15 April at ten."""
    await kit.pay(10_000, on="2026-04-14")
    await used(kit, 12_000)
    await told(kit)


async def proposed(kit: Kit) -> dict[str, Any]:
    """Go on to the eighth day after that, on which the service proposes to cut, and return the cut."""
    await overdrawn(kit)
    cuts.at(kit, "2026-04-22", "10:01")
    assert await cuts.turn(kit) == 1
    return await cuts.the_cut(kit)


async def waiting(kit: Kit) -> list[dict[str, Any]]:
    """Return the approvals that are waited for, as who decides names them."""
    found = (await kit.second.get("/v1/approvals?state=pending")).json()["items"]
    return [one for one in found if one["kind"] == "supply.cut"]

"""The town that is told, as it stands in four services: what is told before anything happens, and what stands in the end."""

from datetime import date
from typing import Any

from tests.kits.calls import Line
from tests.kits.told_town import EXCHANGED, FIRST, MOVED, POINTS, UNIT, documents, installed, meter

DECIDED_ON = date(2026, 6, 10)


async def set_up(line: Line) -> None:
    """Tell of what is there before anything happens: tariffs, routes, points, meters."""
    for document in documents().values():
        path = f"/v1/tariffs/{document['id']}/versions/{document['version']}"
        await line.approve(await line.call("PUT", "billing", path, document))
    meters = [("M", home) for home in POINTS] + [("N", home) for home in EXCHANGED]
    for path, items in (
        ("routes", [{"route_no": f"R{n}", "org_unit": UNIT, "read_day": 1} for n in (1, 2, 3)]),
        ("service-points", [{"service_point_no": f"SP{home}", "route_no": f"R{1 + home // 7}"} for home in POINTS]),
        ("meters", [meter(letter, home) for letter, home in meters]),
        ("installations", [installed(home, "M", FIRST, 1000) for home in POINTS]),
    ):
        await line.call("PUT", "reading", f"/v1/{path}", {"items": items})


async def books_of(line: Line) -> dict[str, Any]:
    """Return what stands in the end: usages and bills in force, what waits, what is owed."""
    usages = []
    for home in POINTS:
        taken: list[dict[str, Any]] = []
        for one in sorted(
            await line.items("reading", f"/v1/usages?service_point_no=SP{home}"), key=lambda u: -u["version"]
        ):
            if all(one["period_to"] <= u["period_from"] or u["period_to"] <= one["period_from"] for u in taken):
                taken.append(one)
        fields = (
            "service_point_no",
            "period_from",
            "period_to",
            "energy_wh",
            "quality",
            "estimates_in_a_row",
            "months",
        )
        rest = ("cycle", "settles_estimate", "registers")
        usages += [{name: u[name] for name in (*fields, *rest)} for u in taken if not u["withdrawn"]]
    bills = []
    for status in ("ready", "held", "issued"):
        for one in await line.items("billing", f"/v1/bills?status={status}"):
            bill = await line.call("GET", "billing", f"/v1/bills/{one['bill_id']}")
            names = ("contract_no", "period_from", "period_to", "total_fen", "lines", "status")
            bills.append({name: bill[name] for name in names})
    waiting = [
        (one["service_point_no"], one["period_from"], one["period_to"])
        for one in await line.items("billing", "/v1/waiting-usages")
    ]
    runs = []
    for run in await line.items("billing", "/v1/runs"):
        route, cycle = run["route_no"], run["cycle"]
        of_route = await line.call("GET", "reading", f"/v1/routes/{route}/cycles/{cycle}")
        runs.append((route, cycle, run["status"], run["unexplained"], of_route["unexplained"]))
    accounts = [f"A{home}" for home in POINTS] + [f"B{home}" for home in MOVED]
    owed = {no: (await line.call("GET", "collection", f"/v1/accounts/{no}"))["balance_fen"] for no in accounts}
    return {
        "usages": sorted(usages, key=lambda u: (u["service_point_no"], u["period_from"])),
        "bills": sorted(bills, key=lambda b: (b["contract_no"], b["period_from"])),
        "waiting": sorted(waiting),
        "runs": sorted(runs),
        "owed": owed,
    }


async def close_waiting(line: Line) -> None:
    """Say of what no contract covers that nobody is supplied there."""
    for one in await line.items("billing", "/v1/waiting-usages"):
        if one["waiting_for"] == "contract":
            reason = {"reason": "nobody is supplied"}
            await line.call("POST", "billing", f"/v1/waiting-usages/{one['usage_id']}/closing", reason)


async def approve_proposed(line: Line) -> set[str]:
    """Release runs and approve what is proposed, one decision for each group; return of which contracts."""
    decided: set[str] = set()
    while True:
        await line.quiet()
        if any(one["followed_at"] is None for one in await line.items("billing", "/v1/rating-changes")):
            continue
        for run in await line.items(
            "billing", "/v1/runs?status=in_review"
        ):  # one that was compared with a run of nothing
            body = {"explanation": "as is known now", "business_date": str(DECIDED_ON)}
            path = f"/v1/runs/{run['route_no']}/{run['cycle']}/release"
            await line.approve(await line.call("POST", "billing", path, body, who="reviewer", seen=run["version"]))
            await line.quiet()
        proposed = await line.items("billing", "/v1/bills?status=proposed")
        if not proposed:
            return decided
        for contract_no in sorted({bill["contract_no"] for bill in proposed}):
            bill = next(each for each in proposed if each["contract_no"] == contract_no)
            body = {"decision": "approve", "explanation": "as is known now", "business_date": str(DECIDED_ON)}
            await line.decide(bill, body)
            decided.add(contract_no)

"""What the tests of scorecards share: what is read, put right and doubted, and what is counted of it by other means."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from services.reading.reads.domain.identity import read_id
from services.reading.reads.tables import READ
from shared.events.billing import Bill, BillCorrected, Component
from tests.kits.reading import UNIT, Kit, read

FIGURES: Final = (
    *("expected", "early", "on_time", "late", "unread", "open", "read_by_others", "estimated", "missed", "wrong"),
    *("serious", "fixed_same_day", "fix_days", "disputes_confirmed"),
)
ENDS: Final = ("early", "on_time", "late", "unread", "open")


def seen(meter: int, day: str, value: str, reader: str = "anna", hour: int = 9) -> dict[str, Any]:
    """A site read of a meter."""
    at = f"{day}T{hour:02d}:{meter % 60:02d}:00+08:00"
    return read(f"M{meter:04d}", day, value, source="site", reader=reader, read_at=at)


def number(meter: int, day: str, hour: int = 9) -> str:
    """The id of such a read."""
    return f"M{meter:04d}~{day.replace('-', '')}T{hour - 8:02d}{meter % 60:02d}00Z~site"


def at(kit: Kit, day: str, hour: int = 12) -> None:
    """Let it be an hour of a day in Shanghai."""
    kit.clock.at = datetime.fromisoformat(f"{day}T{hour:02d}:00:00+08:00")


async def plan(kit: Kit, read_date: str) -> None:
    """Plan a cycle on its read date."""
    at(kit, read_date, 4)
    await kit.plan(read_date)


async def close(kit: Kit, on: str) -> None:
    """Close the routes whose window is over on a day."""
    at(kit, on, 4)
    await kit.close(on)


async def correct(kit: Kit, read_id: str, value: str, *, on: str, reader: str = "ivan", **more: Any) -> Any:
    """Put a read right on a day: `reader` has seen what the register shows."""
    at(kit, on)
    body = {
        "unit": "kWh",
        "registers": {"import": value},
        "reason": "misread",
        "reader": reader,
        "confirm": True,
    } | more
    return await kit.clerk.post(f"/v1/reads/{read_id}/correction", json=body)


async def make(kit: Kit, on: str) -> Any:
    """Run the daily job for a business date."""
    at(kit, on, 4)
    return (await kit.job("make-scorecards", on))["counts"]


async def cards(kit: Kit, month: str, path: str = "scorecards", client: Any = None, **query: str) -> list[Any]:
    """All scorecards of a month."""
    found: list[Any] = []
    asked = {"month": month, "limit": "3"} | query
    while True:
        answer = await (client or kit.clerk).get(f"/v1/{path}", params=asked)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next_cursor"] is None:
            return found
        asked["cursor"] = answer.json()["next_cursor"]


async def figures(kit: Kit, month: str) -> dict[tuple[str, str | None], dict[str, int]]:
    """The figures of a month by route and reader, those that are zero left out."""
    return {
        (card["route_no"], card["reader"]): {name: card[name] for name in FIGURES if card[name]}
        for card in await cards(kit, month)
    }


async def by_hand(kit: Kit, month: str, fixed: dict[str, tuple[int, bool]] | None = None) -> dict[Any, dict[str, int]]:
    """Count a month over the lists of tasks, reads with their corrections, and disputes, row by row.

    `fixed`: by correction in how many business days it was fixed and whether it is serious, as the test knows it.
    """
    found: dict[Any, Counter[str]] = {}
    routes = await kit.items("routes")
    for route in routes:
        status = {t["service_point_no"]: t for t in await kit.items("tasks", route_no=route["route_no"], cycle=month)}
        for point, task in status.items():
            its = found.setdefault((route["route_no"], task["planned_reader"]), Counter())
            said, day = task["status"], date.fromisoformat(task["read_date"])
            ended, reader = await end_of(kit, point.replace("S", "M"), day, said)
            its["expected"] += 1
            its[ended] += 1
            its["estimated"] += said == "estimated"
            its["missed"] += said == "missed"
            its["read_by_others"] += bool(reader and task["planned_reader"] and reader != task["planned_reader"])
    route_of = {point["service_point_no"]: point["route_no"] for point in await kit.items("service-points")}
    for usage_point in route_of:
        meter = usage_point.replace("S", "M")
        for own in await read_ids(kit, meter):
            one = (await kit.clerk.get(f"/v1/reads/{own}")).json()
            registers, reader = one["registers"], one["reader"]
            for edit in one["corrections"]:
                on = datetime.fromisoformat(edit["created_at"]) + timedelta(hours=8)
                wrong = edit["kind"] == "annulled" or edit["registers"] != registers
                if wrong and reader and edit["reason"] != "meter_fault" and f"{on:%Y-%m}" == month:
                    its = found.setdefault((route_of[usage_point], reader), Counter())
                    days, serious = (fixed or {}).get(f"{own}~{edit['number']}", (0, False))
                    its.update(wrong=1, fix_days=days, fixed_same_day=int(days == 0), serious=int(serious))
                registers, reader = edit["registers"], edit["reader"]
    for dispute in await kit.items("disputes"):
        if dispute["outcome"] == "read_corrected" and dispute["ended_on"][:7] == month:
            point, cycle = dispute["service_point_no"], max(dispute["cycles"])
            (task,) = await kit.items("tasks", service_point_no=point, cycle=cycle)
            _, reader = await end_of(kit, point.replace("S", "M"), date.fromisoformat(task["read_date"]), "")
            found.setdefault((route_of[point], reader), Counter()).update(disputes_confirmed=1)
    return {key: {name: count for name, count in its.items() if count} for key, its in found.items()}


async def end_of(kit: Kit, meter: str, read_date: date, status: str) -> tuple[str, str | None]:
    """How a task ended, and who read: by the read that is nearest to its day, ten days away at most; counted from the reads."""
    near = []
    for own in await read_ids(kit, meter):
        one = (await kit.clerk.get(f"/v1/reads/{own}")).json()
        local = datetime.fromisoformat(one["read_at"]) + timedelta(hours=8)
        off = ((local + timedelta(minutes=1)).date() - read_date).days
        if abs(off) <= 10 and not one["annulled"] and one["source"] != "estimated":
            far = abs(off) * 86_400 + (local.hour * 3600 + local.minute * 60 if off > 0 else 0)
            near.append((abs(off) and far, one["reader"] is None, one["read_at"], off, one["reader"]))
    if not near:
        return {"read": "on_time", "estimated": "unread", "missed": "unread"}.get(status, "open"), None
    *_, off, reader = min(near)
    return "on_time" if abs(off) <= 1 else "early" if off < 0 else "late", reader


async def read_ids(kit: Kit, meter_no: str) -> list[str]:
    """The ids of all reads of a meter, annulled ones too, as the table has them."""
    async with kit.database.view() as view:
        rows = await view.all(
            select(READ.c.meter_no, READ.c.read_at, READ.c.source).where(READ.c.meter_no == meter_no).distinct()
        )
    return sorted(read_id(row.meter_no, row.read_at, row.source) for row in rows)


def bill(point: str, start: str, end: str, total_fen: int, version: int = 1) -> Bill:
    """A bill of a point, as billing tells it."""
    return Bill(
        bill_id=f"{point}-{end}-{version}",
        account_no=f"A-{point}",
        contract_no=f"C-{point}",
        service_point_no=point,
        org_unit=UNIT,
        route_no="R1",
        cycle=end[:7],
        period_from=date.fromisoformat(start),
        period_to=date.fromisoformat(end),
        version=version,
        issued_on=date.fromisoformat(end),
        due_on=date.fromisoformat(end) + timedelta(days=20),
        total_fen=total_fen,
        components=(Component(component="energy", amount_fen=total_fen),),
        energy_wh=1000,
        estimated=False,
        usage_id=f"U-{point}-{end}-{version}",
        tariff="CN/home@1",
    )


def corrected(
    number: str, on: str, before: tuple[Bill, ...], after: tuple[Bill, ...], reason: str = "misread"
) -> BillCorrected:
    """That bills were corrected, as billing tells it."""
    return BillCorrected(
        account_no=before[0].account_no,
        correction_id=number,
        corrected_on=date.fromisoformat(on),
        reason=reason,
        reversals=before,
        replacements=after,
    )

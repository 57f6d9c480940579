"""Signals of cases as billing hears of them, and cases as they are worked on over REST."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.events.reading import MeterAlarmRaised, ObservationRecorded, ServicePointChanged
from tests.kits.billing import Desk

SHANGHAI = ZoneInfo("Asia/Shanghai")
UNIT = "zj/hangzhou"


def point(n: int | str = 1, org_unit: str = UNIT) -> ServicePointChanged:
    return ServicePointChanged(service_point_no=f"SP{n}", version=1, route_no="R1", org_unit=org_unit)


def alarm(number: int = 1, n: int | str = 1, day: date = date(2026, 2, 10), **more: Any) -> MeterAlarmRaised:
    said: dict[str, Any] = {
        "alarm_id": f"ALARM-{number}",
        "service_point_no": f"SP{n}",
        "org_unit": UNIT,
        "meter_no": f"M{n}",
        "kind": "cover_opened",
        "state": "occurred",
        "happened_at": datetime(day.year, day.month, day.day, 0, 30, tzinfo=SHANGHAI),
        "source": "meter",
    }
    return MeterAlarmRaised(**said | more)


def observation(number: int = 1, n: int | str = 1, day: date = date(2026, 2, 12), **more: Any) -> ObservationRecorded:
    said: dict[str, Any] = {
        "observation_id": f"OBSERVATION-{number}",
        "service_point_no": f"SP{n}",
        "org_unit": UNIT,
        "kind": "tamper",
        "severity": "high",
        "seen_at": datetime(day.year, day.month, day.day, 23, 30, tzinfo=SHANGHAI),
        "observed_by": "reader-1",
    }
    return ObservationRecorded(**said | more)


def tip(number: int = 1, n: int | str = 1, day: date = date(2026, 2, 8), kind: str = "theft") -> dict[str, Any]:
    return {"tip_no": f"T{number}", "kind": kind, "service_point_no": f"SP{n}", "seen_on": day.isoformat()}


def later(days: int, day: date = date(2026, 2, 10)) -> date:
    return day + timedelta(days=days)


async def bring(desk: Desk, *tips: dict[str, Any], **who: Any) -> list[dict[str, Any]]:
    """Bring tips; return the outcome of each."""
    async with desk.client(**who) as client:
        answer = await client.post("/v1/case-signals", json={"items": list(tips)})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["outcomes"]
    return found


async def listed(desk: Desk, path: str = "cases", who: dict[str, Any] | None = None, **query: Any) -> list[Any]:
    async with desk.client(**who or {}) as client:
        answer = await client.get(f"/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["items"]
    return found


async def got(desk: Desk, path: str, **who: Any) -> dict[str, Any]:
    async with desk.client(**who) as client:
        answer = await client.get(f"/v1/{path}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ask(
    desk: Desk, path: str, body: dict[str, Any], *, seen: int | None = None, subject: str = "inspector-1", **who: Any
) -> tuple[int, Any]:
    """Post to a case; return the status with the body, or with the code of the problem."""
    headers = {} if seen is None else {"If-Match": f'"{seen}"'}
    async with desk.client(subject=subject, **who) as client:
        answer = await client.post(f"/v1/{path}", json=body, headers=headers)
    told = answer.json() if answer.content else None
    return answer.status_code, told["code"] if answer.status_code >= 400 else told


async def evidence(desk: Desk, case_no: str, evidence_no: str = "PHOTO-1") -> None:
    """Add to a case what proves it: nothing is charged without."""
    proof = {"evidence_no": evidence_no, "kind": "photo", "reference": "IMG-1", "seen_on": "2026-02-11"}
    status, told = await ask(desk, f"cases/{case_no}/evidence", {"items": [proof]})
    assert (status, told["outcomes"][0]["status"] in ("done", "already_done")) == (200, True), told


async def opened(desk: Desk, kind: str = "theft", n: int | str = 1, day: date = date(2026, 2, 8)) -> str:
    """Open a case by a tip about a known point; return its number."""
    await desk.tell(point(n))
    (outcome,) = await bring(desk, tip(1, n, day, kind) | {"tip_no": f"opens-{kind}-{n}"})
    assert outcome["status"] == "done", outcome
    number: str = outcome["id"]
    return number

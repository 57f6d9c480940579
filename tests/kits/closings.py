"""What the tests of closings share: months without use, what reading, notify and collection tell, and the walk of a closing."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.events.collection import AccountSettled
from shared.events.fact import Fact
from shared.events.meters import MeterTakenBack
from shared.events.notify import CustomerAnswered, NoticeDelivered, NoticeFailed
from shared.events.reading import SiteOrderDone, SiteOrderNotDone, UsageMeasured
from shared.events.registers import MeterSpan
from tests.kits.billing import Desk, account, usage

READER, INSPECTOR, APPROVER, CLERK = "reader-9", "inspector-9", "second-1", "reviewer-1"
FOUND, PROPOSED, CHECKED, ANNOUNCED = (date(2026, 7, day) for day in (2, 3, 8, 9))
UNTIL = date(2026, 8, 9)
SHOWN = "100.00"
AFTER = UNTIL + timedelta(days=1)
READ_ON = date(2026, 8, 14)


def months(n: int | str = 1, count: int = 6, kwh: int = 0, **more: Any) -> list[UsageMeasured]:
    """The usages of a service point of the first months of 2026; where nothing is used the face shows the same."""
    return [
        usage(
            n,
            month,
            kwh,
            route=f"R{n}",
            **{"registers": (span(n, date(2026, month, 1), date(2026, month + 1, 1)),)} | more,
        )
        for month in range(1, count + 1)
    ]


def span(n: int | str, start: date, end: date, *, meter: str = "", shown: str = SHOWN) -> MeterSpan:
    """What the meter of a point showed at both ends of days without use."""
    opened = {"installed_on": date(2025, 1, 1), "from_on": start, "to_on": end}
    return MeterSpan(meter_no=meter or f"M{n}", **opened, shown={"import": (shown, shown)})


async def hear(desk: Desk, *facts: Fact) -> None:
    """Hand facts over, each in a batch of its own."""
    assert desk.service.consumer is not None
    for fact in facts:
        async with desk.db.begin() as tx:
            await desk.service.consumer.handlers[fact.type](tx, [fact])


async def job(desk: Desk, name: str, day: date) -> dict[str, int]:
    async with desk.client() as client:
        answer = await client.post(f"/v1/jobs/{name}/runs", json={"business_date": day.isoformat()})
    assert answer.status_code == 200, answer.text
    counts: dict[str, int] = answer.json()["counts"]
    return counts


async def find(desk: Desk, day: date = FOUND) -> dict[str, int]:
    return await job(desk, "find-unused-supplies", day)


async def advance(desk: Desk, day: date) -> dict[str, int]:
    return {state: count for state, count in (await job(desk, "advance-closings", day)).items() if count}


async def get(desk: Desk, path: str, **query: str) -> Any:
    async with desk.client() as client:
        answer = await client.get(f"/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def unused(desk: Desk, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await get(desk, "unused-supplies", **query))["items"]
    return found


async def closings(desk: Desk, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await get(desk, "closings", **query))["items"]
    return found


async def post(desk: Desk, path: str, body: dict[str, Any], *, who: str = CLERK, seen: int | None = None) -> Any:
    headers = {} if seen is None else {"If-Match": f'"{seen}"'}
    async with desk.client(subject=who) as client:
        return await client.post(f"/v1/{path}", json=body, headers=headers)


async def propose(desk: Desk, n: int | str = 1, *, who: str = READER, day: date = PROPOSED) -> dict[str, Any]:
    body = {"contract_no": f"C{n}", "business_date": day.isoformat(), "explanation": "stands empty"}
    answer = await post(desk, "closings", body, who=who)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def done(
    closing: dict[str, Any],
    result: str,
    *,
    by: str = INSPECTOR,
    on: date = CHECKED,
    shown: str = SHOWN,
    meter: str = "",
) -> SiteOrderDone:
    """What reading tells of the check of a closing, or of its final read with what the meter showed."""
    kind, number = ("final_read", "read_order_no") if result == "read" else ("closing_check", "check_order_no")
    seen: dict[str, Any] = {}
    if result == "read":
        seen = {"meter_no": meter or _meter(closing), "registers": {"import": shown}}
    return SiteOrderDone(**_order(closing, kind, number), done_on=on, result=result, visited_by=by, **seen)


def _meter(closing: dict[str, Any]) -> str:
    return "M" + str(closing["service_point_no"]).removeprefix("SP")


def not_done(closing: dict[str, Any], *, on: date = CHECKED, number: str = "check_order_no") -> SiteOrderNotDone:
    kind = "closing_check" if number == "check_order_no" else "final_read"
    return SiteOrderNotDone(**_order(closing, kind, number), not_done_on=on, reason="no_access", visited_by=INSPECTOR)


def _order(closing: dict[str, Any], kind: str, number: str) -> dict[str, Any]:
    return {
        "order_no": closing[number],
        "service_point_no": closing["service_point_no"],
        "org_unit": closing["org_unit"],
        "kind": kind,
        "requested_by": READER,
        "reference": closing["closing_no"],
    }


def delivered(closing: dict[str, Any], on: date = ANNOUNCED, notice: str = "N1") -> NoticeDelivered:
    at = datetime(on.year, on.month, on.day, 4, tzinfo=UTC)
    return NoticeDelivered(**_notice(closing, notice), delivered_at=at)


def failed(closing: dict[str, Any], notice: str = "N1") -> NoticeFailed:
    return NoticeFailed(**_notice(closing, notice), reason="no_such_mailbox")


def _notice(closing: dict[str, Any], notice: str) -> dict[str, Any]:
    return {
        "account_no": closing["account_no"],
        "notice_id": notice,
        "template": "closing_announced",
        "channel": "email",
        "cause_kind": "question",
        "cause_id": closing["closing_no"],
    }


def answered(closing: dict[str, Any], answer: str = "object", on: date = UNTIL) -> CustomerAnswered:
    return CustomerAnswered(
        question_id=closing["closing_no"],
        subject_kind="closing",
        subject_id=closing["closing_no"],
        account_no=closing["account_no"],
        service_point_no=closing["service_point_no"],
        answer=answer,
        answered_on=on,
        way="link",
    )


def settled(closing: dict[str, Any], on: date, paid_out_fen: int = 0) -> AccountSettled:
    return AccountSettled(
        account_no=closing["account_no"],
        org_unit=closing["org_unit"],
        closing_no=closing["closing_no"],
        bill_id=closing["bill_id"],
        settled_on=on,
        paid_out_fen=paid_out_fen,
        kept_fen=0,
    )


def taken_back(closing: dict[str, Any], on: date, version: int = 1, **more: Any) -> MeterTakenBack:
    point = closing["service_point_no"]
    said = {"movement_no": f"MV-{point}", "meter_no": _meter(closing), "service_point_no": point, "taken_back_on": on}
    return MeterTakenBack(version=version, **said | more)


async def begun(desk: Desk, *numbers: int) -> list[dict[str, Any]]:
    """Open accounts whose flats are empty for six months, find them, and propose their closings."""
    wanted: Sequence[int] = numbers or (1,)
    await desk.open(*(account(n) for n in wanted))
    for n in wanted:
        for each in months(n):
            await desk.released(each)
    await find(desk)
    return [await propose(desk, n) for n in wanted]


async def announced(desk: Desk, *, told: bool = True) -> dict[str, Any]:
    """Walk a closing to its announcement, which was delivered on the same day."""
    (closing,) = await begun(desk)
    await hear(desk, done(closing, "unused"))
    assert await advance(desk, ANNOUNCED) == {"announced": 1}
    if told:
        await hear(desk, delivered(closing))
    return await shown(desk, closing)


async def shown(desk: Desk, closing: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await get(desk, f"closings/{closing['closing_no']}")
    return found


async def ask_approval(desk: Desk, closing: dict[str, Any], *, who: str = CLERK) -> Any:
    version = (await shown(desk, closing))["version"]
    path = f"closings/{closing['closing_no']}/approval"
    return await post(desk, path, {"explanation": "nobody objected"}, who=who, seen=version)


async def approved(desk: Desk, day: date = AFTER) -> dict[str, Any]:
    """Walk a closing to the request of its final read."""
    closing = await announced(desk)
    await advance(desk, day)
    asked = await ask_approval(desk, closing)
    assert asked.status_code == 202, asked.text
    assert await desk.second(asked.json(), subject=APPROVER) == ("done", None)
    return await shown(desk, closing)


def final_usage(n: int | str = 1, kwh: int = 0, on: date = READ_ON, **more: Any) -> UsageMeasured:
    """The usage from the last read on to the day of the final read, told once the contract has ended."""
    values = {"period_from": date(2026, 7, 1), "period_to": on, "months": 2, "usage_id": f"F-{n}"}
    return usage(n, 8, kwh, route=f"R{n}", **values | more)

"""Each list of billing takes as many statements for a page of many as for one of two; no row of it asks the database again."""

from datetime import date
from typing import Any

import pytest

from services.billing.closings.tables import CLOSING
from services.billing.uses.tables import USE_FINDING
from shared.events.disputes import MeterTested
from shared.events.reading import MeterAlarmRaised
from tests.integration.billing.adjustments.test_adjustments import adjust, shown
from tests.integration.billing.cases.test_calculations import theft
from tests.kits import closings
from tests.kits.billing import Desk, account, usage
from tests.kits.cases import alarm, ask, evidence, listed, point

NUMBERS = range(1, 7)
EMPTY = range(11, 17)
LISTS = (
    "accounts",
    "adjustments",
    "approvals",
    "bills",
    "case-counts",
    "case-signals",
    "cases",
    "charges",
    "closings",
    "closings/announced",
    "corrections",
    "freezes",
    "meter-tests",
    "run-clocks?cycle=2026-01",
    "runs",
    "site-orders",
    "trial-runs",
    "unused-supplies",
    "usages?service_point_no=SP11",
    "use-findings",
    "waiting-usages",
)


async def filled(desk: Desk) -> None:
    """Give each list several rows: supplies, errors of meters, thefts, empty flats, and what people have asked for."""
    await desk.open(*(account(n) for n in NUMBERS))
    await desk.tell(*(point(n) for n in (*NUMBERS, *EMPTY)))
    await desk.released(*(usage(n, 1, 103) for n in NUMBERS))
    span: dict[str, Any] = {"to": date(2026, 2, 1), "tested_on": date(2026, 2, 1)}
    assert desk.service.consumer is not None
    async with desk.db.begin() as tx:
        tests = [shown("9.0", dispute_no=f"D{n}", point=f"SP{n}", **span) for n in NUMBERS]
        await desk.service.consumer.handlers[MeterTested.type](tx, tests)
    assert (await adjust(desk))["issued"] == len(NUMBERS)
    await desk.measure(*(usage(n, 1, 110, version=2) for n in NUMBERS), *(usage(n, 1, 10) for n in range(21, 26)))
    await _stolen(desk)
    under_way = await closings.begun(desk, *EMPTY)
    await closings.job(desk, "find-changed-uses", date(2026, 7, 25))
    await closings.hear(desk, *(closings.done(each, "unused") for each in under_way))
    assert await closings.advance(desk, closings.ANNOUNCED) == {"announced": len(EMPTY)}
    async with desk.client() as client:
        for n in NUMBERS[:4]:
            frozen = await client.post("/v1/freezes", json={"reason": "in doubt", "contract_no": f"C{n}"})
            wish = {"cycle_from": "2026-01", "cycle_to": "2026-01", "reason": "as it is"}
            tried = await client.post("/v1/trial-runs", json=wish)
            assert (frozen.status_code, tried.status_code) == (200, 202), (frozen.text, tried.text)


async def _stolen(desk: Desk) -> None:
    """Charge half of the thefts; the others wait for the first of two people."""
    await desk.hear(MeterAlarmRaised, *(alarm(n, n) for n in NUMBERS))
    for n, case in enumerate(await listed(desk, kind="theft", limit=100)):
        path = f"cases/{case['case_no']}"
        await evidence(desk, case["case_no"])
        wanted = theft() | {"from": "2026-02-01", "to": "2026-02-10"}  # after the days that are adjusted for
        assert (await ask(desk, f"{path}/calculations", wanted, seen=1))[0] == 200
        said = {"calculation": 1, "explanation": "the seal is broken", "business_date": "2026-03-20"}
        assert (await ask(desk, f"{path}/proposal", said, seen=2))[0] == 202
        if n < len(NUMBERS) // 2:
            (asked,) = await _asked(desk, "case.charge", case["case_no"])
            assert await desk.second(asked, subject="second-1") == ("done", None)
            (again,) = await _asked(desk, "case.charge.second", case["case_no"])
            assert await desk.second(again, subject="third-1") == ("done", None)


async def _asked(desk: Desk, kind: str, case_no: str) -> list[dict[str, Any]]:
    waiting = await listed(desk, "approvals", state="pending", kind=kind, limit=500)
    return [each for each in waiting if each["subject_id"] == case_no]


async def test_no_list_asks_the_database_once_more_for_a_row(desk: Desk) -> None:
    await filled(desk)
    assert await desk.count(CLOSING) == await desk.count(USE_FINDING) == len(EMPTY)
    taken: dict[str, list[int]] = {}
    rows: dict[str, int] = {}
    async with desk.client() as client:
        for path in LISTS:
            for limit in (500, 2, 500):  # the first time of a process may take one more
                seen = desk.watch()
                answer = await client.get(f"/v1/{path}{'&' if '?' in path else '?'}limit={limit}")
                assert answer.status_code == 200, (path, answer.text)
                taken.setdefault(path, []).append(len(seen))
                found = answer.json()
                rows[path] = len(found["items"] if isinstance(found, dict) else found)
    assert {path: count for path, count in rows.items() if count < 3 and path != "case-counts"} == {}
    assert {path: counts for path, counts in taken.items() if counts[1] != counts[2]} == {}


@pytest.mark.parametrize("path", ["run-clocks?cycle=2026-01", "review-queue"])
async def test_a_file_takes_as_many_statements_as_a_page(desk: Desk, path: str) -> None:
    counts = []
    for first, many in ((100, 3), (200, 20)):
        numbers = range(first, first + many)
        await desk.open(*(account(n) for n in numbers))
        for n in numbers:
            await desk.released(usage(n, 1, 2000, route=f"R{n}"))
        async with desk.client() as client:
            for _ in range(2):  # the first time of a process may take one more
                seen = desk.watch()
                answer = await client.get(f"/v1/{path}{'&' if '?' in path else '?'}format=csv")
        assert len(answer.text.splitlines()) > many, answer.text
        counts.append(len(seen))
    assert counts[0] == counts[1]

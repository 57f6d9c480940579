"""New prices on four services, tried before they are law; then a cycle is billed as the trial said, to the fen."""

import asyncio
import hashlib
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from shared.settings import SERVICES
from tests.kits import billing, calls, street, trial_town
from tests.kits.calls import Line
from tests.kits.street import Place, job, month, read
from tests.kits.trial_town import BY_TIME, HOME, SHOP

OPENED = {"opening_usage": [{"ladder": "year", "year": 2026, "used_wh": [0, 0, 0]}]}
EQUIPMENT = [{"name": "T1", "capacity_va": 200_000}]
SINCE, LAW = "2026-01-01", "2026-04-01"
READ_ON = ("2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01")
CYCLE = "2026-04"
NEW = (
    trial_town.home(2, since=LAW, price="0.568"),
    trial_town.by_time(2, since=LAW, peak="0.668", tier="1500"),
    trial_town.shop(2, since=LAW, capacity="22.8"),
)
ITS_OWN = ("trial_run", "audit_", "idempotency_key")
"""What a trial writes: itself, who asked for it, and that the call was answered."""
OF_NOBODY = "relay_lease"
"""Which replica sends the journal, renewed as time goes by."""


def place(n: int) -> Place:
    route = {"route_no": f"R{1 + n % 2}", "org_unit": ("zj/hangzhou", "zj/ningbo")[n % 2]}
    match n % 3:
        case 0:
            return Place(f"home-{n}", HOME, of_contract=OPENED, **route)
        case 1:
            shown = {"import": "100.00", "import.peak": "60.00", "import.valley": "40.00"}
            return Place(f"time-{n}", BY_TIME, opening=shown, of_contract=OPENED, **route)
    of = {"option": "capacity", "equipment": EQUIPMENT}
    shown = {"import": "100.00", "reactive.import": "10.00"}
    return Place(f"shop-{n}", SHOP, "commercial", opening=shown, of_facts=of, **route)


PLACES = [place(n) for n in range(12)]


def shown(months: int) -> dict[str, dict[str, str]]:
    """Return what meters show after so many months: of four parts energy three are peak, and one is reactive besides."""
    part = {"import": 4, "import.peak": 3, "import.valley": 1, "reactive.import": 1}
    return {
        each.meter_no: {
            quantity: f"{float(opening) + months * part[quantity] * (100 + 7 * n):.2f}"
            for quantity, opening in each.opening.items()
        }
        for n, each in enumerate(PLACES)
    }


def contents(work: Path) -> dict[str, tuple[int, str]]:
    """Return the number of rows and their hash of every table of four services."""
    found = {}
    for service in SERVICES:
        with closing(sqlite3.connect(work / f"{service}.db")) as database:
            tables = database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
            for (name,) in tables.fetchall():
                rows = sorted(repr(row) for row in database.execute(f'SELECT * FROM "{name}"'))
                found[f"{service}.{name}"] = len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


async def tried(line: Line, hashes: list[str]) -> dict[str, Any]:
    wish = {"cycle_from": CYCLE, "cycle_to": CYCLE, "proposals": hashes, "reason": "before it is law"}
    asked = await line.call("POST", "billing", "/v1/trial-runs", wish)
    while True:
        found: dict[str, Any] = await line.call("GET", "billing", f"/v1/trial-runs/{asked['trial_id']}")
        if found["status"] not in ("waiting", "running"):
            return found
        await asyncio.sleep(0.05)


async def by_class(line: Line, **where: str) -> Counter[str]:
    """Return what the bills of the cycle come to, by the class that their place has."""
    query = "&".join(f"{name}={value}" for name, value in ({"cycle": CYCLE} | where).items())
    class_of = {each.account_no: each.customer_class for each in PLACES}
    found = Counter[str]()
    for bill in await line.items("billing", f"/v1/bills?{query}"):
        found[class_of[bill["account_no"]]] += bill["total_fen"]
    return found


async def followed(line: Line) -> None:
    """Wait until the bills have followed the documents that were activated."""
    while True:
        await line.quiet()
        if all(each["followed_at"] for each in await line.items("billing", "/v1/rating-changes")):
            return


async def test_a_tariff_is_tried_before_it_is_law_and_the_cycle_becomes_what_the_trial_said(tmp_path: Path) -> None:
    work = tmp_path / "line"
    async with calls.line(work) as line:
        await street.settle(line, PLACES, SINCE, trial_town.home(), trial_town.by_time(), trial_town.shop())
        for n, day in enumerate(READ_ON[:3], 1):
            await month(line, day, shown(n))
        await read(line, READ_ON[3], shown(4))
        ready = await by_class(line, status="ready")
        assert (len(ready), await line.items("billing", "/v1/bills?status=held")) == (2, [])

        asked = [await line.call("PUT", "billing", billing.path_of(each), each) for each in NEW]
        await line.quiet()
        pending = await line.items("billing", "/v1/approvals?state=pending")
        hashes = [each["content"]["content_hash"] for each in pending]
        before = contents(work)
        trial = await tried(line, hashes)
        await line.quiet()
        after = contents(work)
        changed = {name for name in after if after[name] != before.get(name)}
        assert "billing.trial_run" in changed
        assert {name for name in changed if not name.partition(".")[2].startswith((*ITS_OWN, OF_NOBODY))} == set()
        report = trial["report"]
        assert (trial["status"], report["totals"]["bills"], report["totals"]["changed"]) == ("done", 12, 12)
        assert {name: each["before_fen"] for name, each in report["by_class"].items()} == dict(ready)

        # they become law: the cycle is what the trial said, in the books of billing and in those of collection
        for one in asked:
            await line.approve(one)
        await followed(line)
        await job(line, "billing", "release-runs", "2026-05-06")  # after the holidays of May
        issued = await by_class(line, status="issued")
        assert {name: each["after_fen"] for name, each in report["by_class"].items()} == dict(issued)
        assert all(issued[name] != ready[name] for name in issued)
        receivables = await line.items("collection", f"/v1/receivables?cycle={CYCLE}")
        assert sum(each["amount_fen"] for each in receivables) == report["totals"]["after_fen"]
        told = await line.items("notify", f"/v1/notices?cycle={CYCLE}&state=delivered")
        assert len([each for each in told if each["template"] == "bill_issued"]) == len(PLACES)
        await line.agrees(f"2026-{of:02}" for of in range(1, 5))

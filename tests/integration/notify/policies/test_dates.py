"""The policy has dates: a cause follows the rules of its own day, a party those of the day on which it is put."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

from services.notify.settings import NotifySettings
from tests.kits.notify import Api, body, contact, started
from tests.kits.told_facts import issued

BEFORE, SWITCH = date(2026, 2, 9), date(2026, 2, 10)
SHIPPED = NotifySettings.model_fields["notify_policy"].default


@asynccontextmanager
async def switched(database_url: str, tmp_path: Path, **changes: Any) -> AsyncIterator[Api]:
    """Start the service with the shipped policy until the switch, and from then on with these changes."""
    document = json.loads(SHIPPED.read_text())
    (shipped,) = document["versions"]
    document["versions"] = [
        shipped | {"effective": {"from": "2000-01-01", "to": SWITCH.isoformat()}},
        shipped | {"version": "2", "effective": {"from": SWITCH.isoformat(), "to": None}} | changes,
    ]
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(document))
    async with started(database_url, tmp_path, WATTLINE_NOTIFY_POLICY=str(file)) as api:
        yield api


async def told(api: Api) -> list[tuple[str, str]]:
    items = (await api.call("GET", "/v1/notices")).json()["items"]
    return sorted((item["cause_id"], item["party_no"]) for item in items)


async def test_a_bill_is_told_to_the_roles_of_the_day_on_which_it_was_issued(database_url: str, tmp_path: Path) -> None:
    roles = json.loads(SHIPPED.read_text())["versions"][0]["roles"] | {"bill_issued": ["holder"]}
    async with switched(database_url, tmp_path, roles=roles) as api:
        await api.notify.put(contact(1), contact(2, account_no="a0001", role="tenant"))
        early, late = issued(1, issued_on=BEFORE), issued(1, bill_id="bill-0002", issued_on=SWITCH)
        await api.notify.handle(late, early)
        assert await told(api) == [("bill-0001", "c0001"), ("bill-0001", "c0002"), ("bill-0002", "c0001")]


async def test_a_bill_waits_for_a_contact_as_long_as_the_rules_of_its_day_say(
    database_url: str, tmp_path: Path
) -> None:
    async with switched(database_url, tmp_path, wait_for_contact_days=3) as api:
        await api.notify.handle(issued(1, issued_on=BEFORE), issued(2, issued_on=SWITCH))
        for number in (1, 2):  # 8 days after the bills: too late for the second
            account = {"account_no": f"a000{number}"}
            late = body(role=account, verified=account, point={"valid_from": "2026-02-18"})
            assert (await api.call("PUT", f"/v1/parties/c000{number}", late)).status_code == 200
        assert await told(api) == [("bill-0001", "c0001")]


async def test_the_job_gives_up_after_the_days_of_each_version(database_url: str, tmp_path: Path) -> None:
    async with switched(database_url, tmp_path, wait_for_contact_days=3) as api:
        await api.notify.handle(issued(1, issued_on=BEFORE), issued(2, issued_on=SWITCH))
        api.notify.clock.move(days=60)
        states = []
        for day in ("2026-02-13", "2026-02-14", "2026-03-11", "2026-03-12"):
            await api.call("POST", "/v1/jobs/give-up-waiting/runs", {"business_date": day})
            waiting = (await api.call("GET", "/v1/unaddressed?state=waits_for_contact")).json()["items"]
            states.append([item["cause_id"] for item in waiting])
        assert states == [["bill-0001", "bill-0002"], ["bill-0001"], ["bill-0001"], []]
        done = await api.call("POST", "/v1/jobs/give-up-waiting/runs", {"business_date": "2026-03-13"})
        assert done.json()["reason"] == "nothing waits for a contact"


async def test_the_job_of_a_day_on_which_nothing_has_waited_long_enough_gives_nothing_up(api: Api) -> None:
    await api.notify.handle(issued(1))
    run = await api.call("POST", "/v1/jobs/give-up-waiting/runs", {"business_date": "2000-01-01"})
    assert run.json()["counts"] == {"no_contact": 0}
    assert await api.notify.unaddressed() == [("bill-0001", "waits_for_contact")]


async def test_a_party_is_put_by_the_rules_of_that_day(database_url: str, tmp_path: Path) -> None:
    points = json.loads(SHIPPED.read_text())["versions"][0]["points"]
    flown = body(point={"kind": "pigeon", "address": "loft 7"})
    async with switched(database_url, tmp_path, points=points | {"pigeon": "loft [0-9]+"}) as api:
        assert await api.refused("PUT", "/v1/parties/c1", flown) == (422, "party.unknown_point_kind")
        api.notify.clock.move(days=8)
        assert (await api.call("PUT", "/v1/parties/c1", flown)).json()["status"] == "done"

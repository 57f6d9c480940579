"""Tariffs over REST: versions in order, what is refused, what is in use, and what rating says of a case."""

from typing import Any

import orjson

from services.billing.bills.tables import BILL
from services.billing.tariffs.documents import packaged
from shared.events.billing import BillIssued
from tests.kits.billing import PLAIN, Desk, account, closed, usage


def tariff(version: int, start: str, end: str | None, price: str = "0.538") -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(
        orjson.dumps(next(d for d in packaged.documents("sample") if d.get("id") == PLAIN))
    )
    document |= {"id": "CN-XX/home", "version": version, "effective": {"from": start, "to": end}}
    text = orjson.dumps(document).decode()
    changed: dict[str, Any] = orjson.loads(text.replace('"0.538"', f'"{price}"'))
    return changed


async def test_tariff_versions_follow_each_other_without_gap_or_overlap(desk: Desk) -> None:
    url = "/v1/tariffs/CN-XX/home/versions/"
    await desk.activate(tariff(1, "2020-01-01", "2026-07-01"))
    async with desk.client() as client:
        answers = [
            await client.put(url + "2", json=tariff(2, "2026-07-02", None)),
            await client.put(url + "2", json=tariff(2, "2026-06-30", None)),
            await client.put(url + "3", json=tariff(2, "2026-07-01", None)),
        ]
        await desk.activate(tariff(2, "2026-07-01", None))
        answers.append(await client.put(url + "2", json=tariff(2, "2026-07-01", None)))
        listed = (await client.get("/v1/tariffs", params={"limit": 500})).json()["items"]
        shown = (await client.get(url + "2")).json()
    assert [(a.status_code, a.json().get("code", a.json().get("status"))) for a in answers] == [
        (422, "tariff.version_gap"),
        (422, "tariff.version_overlap"),
        (422, "tariff.name_mismatch"),
        (200, "already_done"),
    ]
    assert [t["version"] for t in listed if t["tariff_id"] == "CN-XX/home"] == ["1", "2"]
    assert shown["document"] == tariff(2, "2026-07-01", None)


async def test_a_wrong_tariff_is_refused_with_the_pointer_to_its_fault(desk: Desk) -> None:
    wrong = tariff(1, "2020-01-01", None) | {"currency": 7}
    async with desk.client() as client:
        stored = await client.put("/v1/tariffs/CN-XX/home/versions/1", json=wrong)
        checked = await client.post("/v1/tariffs/validate", json=wrong)
        good = await client.post("/v1/tariffs/validate", json=tariff(1, "2020-01-01", None))
    assert (stored.status_code, stored.json()["code"]) == (422, "tariff.value_wrong")
    assert stored.json()["detail"].startswith("/currency")
    assert [(e["code"], e["pointer"]) for e in checked.json()["errors"]] == [("value_wrong", "/currency")]
    assert (good.json()["valid"], len(good.json()["sha256"])) == (True, 64)


async def test_a_version_that_an_issued_bill_used_cannot_change(desk: Desk) -> None:
    url = "/v1/tariffs/CN-XX/home/versions/1"
    async with desk.client() as client:
        await desk.activate(tariff(1, "2020-01-01", None))
        await desk.open(account(1, tariff="CN-XX/home"), account(2, tariff="CN-XX/home"))
        await desk.measure(usage(1))
        await desk.activate(tariff(1, "2020-01-01", None, price="0.6"))  # no bill is out yet
        await desk.measure(usage(2))
        await desk.close(closed([usage(1), usage(2)]))
        await desk.work()
        assert await desk.bills("status") == [("replaced",), ("issued",), ("issued",)], (
            "the first has followed the price"
        )
        used = await client.put(url, json=tariff(1, "2020-01-01", None, price="0.7"))
    assert [f.bill.total_fen for f in await desk.published(BillIssued)] == [12000, 12000]
    assert (used.status_code, used.json()["code"]) == (409, "tariff.version_in_use")


async def test_a_case_is_previewed_with_the_stored_tariffs_and_nothing_is_stored(desk: Desk) -> None:
    case = {
        "id": "p1",
        "tariff": PLAIN,
        "cycle": {"from": "2026-01-02", "to": "2026-02-02", "read_day": "2026-02-02", "bill_months": ["2026-01"]},
        "account": [{"from": "2020-05-01", "people": 4, "class": "residential"}],
        "usage": {"import": {"start": "10012", "end": "12812", "multiplier": "1", "digits": 6, "quality": "actual"}},
        "state": {"ladders": {"year": {"year": 2026, "used_kwh": ["0", "0"]}}},
    }
    async with desk.client() as client:
        answer = await client.post("/v1/bills/preview", json=case)
        broken = await client.post("/v1/bills/preview", json={"cycle": 7})
        compared = await client.post(
            "/v1/bills/compare",
            json={k: case[k] for k in ("id", "tariff", "account", "state")}
            | {
                "cycles": [{"cycle": case["cycle"], "usage": case["usage"]}],
                "alternatives": [{"name": "as is"}, {"name": "five people", "people": 5}],
            },
        )
    assert answer.json()["answer"]["total"] == "1508.40", answer.text
    assert "refusal" in broken.json()["answer"]
    # 100 kWh more in tier 1: the 40 kWh above it come back
    assert [a["difference"] for a in compared.json()["alternatives"]] == ["0.00", "-2.00"], compared.text
    assert await desk.count(BILL) == 0

"""Two-part and power-factor cases from meter reads and accounts over REST through the four services to the ledger, to the fen.

Five of them have published totals; the energy price of those on the power factor is their given amount by their kWh.
"""

from collections.abc import AsyncIterator
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.billing.tariffs.documents import packaged
from shared.events.billing import AccountChanged, BillIssued
from shared.events.reading import RouteClosed, UsageMeasured
from tests.kits import collection, notify
from tests.kits.billing import Desk
from tests.kits.reading import UNIT, Kit

CASES = Path(__file__).parents[1] / "cases"
NAMES = ("basic-630", "basic-hot-standby", "basic-suspend-50pct", "pf-missing-kvarh", "pf-missing-kvarh-as-billed")
OWN = ("demand-40pct", "example-two-part")
POWER_FACTORS = "CN-1983"
FACE = {"digits": 9, "scale": 2}


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[collection.Kit]:
    (tmp_path / "collection").mkdir()
    url = f"sqlite+aiosqlite:///{tmp_path}/collection.db"
    async with collection.started(url, tmp_path / "collection") as made:
        yield made


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[notify.Api]:
    (tmp_path / "notify").mkdir()
    async with notify.started(f"sqlite+aiosqlite:///{tmp_path}/notify.db", tmp_path / "notify") as made:
        yield made


def _priced(case: dict[str, Any]) -> dict[str, Any]:
    """Return the tariff of a case with a price in place of each given amount."""
    tariff: dict[str, Any] = case["tariff"]["inline"]
    for charge in tariff["charges"]:
        if charge["kind"] == "given":
            price = Fraction(case["amounts"][charge["name"]]) / Fraction(case["usage"]["import"])
            charge |= {"kind": "energy", "quantity": "import", "price": f"{float(price)}"}
    return tariff


def _milli(kilo: str) -> int:
    return round(float(kilo) * 1000)


def _facts(case: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for span in case["account"]:
        fact = {"from": span["from"], "customer_class": span["class"]}
        if "capacity_kva" in span:
            fact["capacity_va"] = _milli(span["capacity_kva"])
        fact["equipment"] = [
            {"name": e["name"], "capacity_va": _milli(e["kva"]), "state": e.get("state", "running")}
            for e in span.get("equipment", ())
        ]
        found.append(fact)
    return found


def _used(value: Any) -> float:
    if isinstance(value, str):
        return float(value)
    if "kvarh" in value:
        return float(value["kvarh"])
    if "reading" in value:
        return float(value["reading"]) * float(value["multiplier"])
    return (float(value["end"]) - float(value["start"])) * float(value["multiplier"])


@pytest.mark.parametrize("name", [*NAMES, *OWN])
async def test_a_published_case_is_billed_from_reads_to_the_fen(
    kit: Kit, desk: Desk, books: collection.Kit, told: notify.Api, name: str
) -> None:
    case = orjson.loads((CASES / f"{name}.json").read_bytes())
    tariff, since, until = _priced(case), case["cycle"]["from"], case["cycle"]["to"]
    closing = f"{until[:-2]}02"
    registers = [
        {"quantity": quantity, **FACE} | ({"kind": "demand"} if quantity == "demand" else {})
        for quantity in case["usage"]
    ]
    await kit.district(registers=registers, opening="0.00", installed_on=since)
    account = {
        "org_unit": UNIT,
        "opened_on": case["account"][0]["from"],
        "facts": _facts(case),
        "contracts": [
            {
                "contract_no": "C1",
                "service_point_no": "S0001",
                "from": since,
                "tariffs": [{"from": since, "tariff": tariff["id"]}],
            }
        ],
    }
    async with desk.client() as client:
        if any(charge["kind"] == "power_factor" for charge in tariff["charges"]):
            (table,) = [d for d in packaged.documents() if d.get("table") == POWER_FACTORS]
            await desk.activate(table)
        await desk.activate(tariff)
        put = await client.put("/v1/accounts/A1", json=account)
        assert put.status_code == 200, put.text
    await kit.give(*await desk.published(AccountChanged))
    await kit.plan(until)
    pushed = await kit.push_one("M0001", until, {q: f"{_used(v):.2f}" for q, v in case["usage"].items()})
    assert pushed["status"] == "accepted", pushed
    await desk.measure(*(UsageMeasured.model_validate(f) for f in await kit.published("reading.usage_measured.v1")))
    ((bill_id, total_fen),) = await desk.bills("bill_id", "total_fen")
    async with desk.client() as client:
        bill = (await client.get(f"/v1/bills/{bill_id}")).json()
    assert total_fen == round(float(case["expect"]["total"]) * 100), bill["findings"]
    await kit.close(closing)
    await desk.close(*(RouteClosed.model_validate(f) for f in await kit.published("reading.route_closed.v1")))
    if bill["status"] == "held":
        await desk.decide(bill_id, "approve", closing)
    async with desk.client() as client:
        (run,) = (await client.get("/v1/runs")).json()["items"]
        if run["status"] == "in_review":  # of a year without a calendar of business days
            path = f"/v1/runs/R1/{run['cycle']}"
            seen = (await client.get(path)).headers["ETag"]
            body = {"explanation": "a case of the past", "business_date": closing}
            answer = await client.post(f"{path}/release", json=body, headers={"If-Match": seen})
            assert answer.status_code == 200, answer.text
    await desk.work()
    await books.give(*await desk.published(AccountChanged))
    await books.give(*await desk.published(BillIssued))
    await books.check_books()
    assert await books.money("A1") == (total_fen, 0)
    await told.notify.put(notify.contact(account_no="A1", org_unit=UNIT, valid_from=date(2000, 1, 1)))
    await told.notify.handle(*await desk.published(AccountChanged))
    await told.notify.handle(*await desk.published(BillIssued))
    (notice,) = await told.notify.notices()
    assert orjson.loads(notice.figures)["total_fen"] == total_fen

"""A published month in which meter and transformer are replaced: another tariff and other registers from that day on."""

from datetime import date
from pathlib import Path

import orjson

from tests.kits.billing import Desk, state, usage

CASE = Path(__file__).parents[3] / "cases" / "midmonth-transformer.json"
FIRST, REPLACED, LAST = date(2005, 6, 1), date(2005, 6, 21), date(2005, 7, 1)


async def test_the_month_of_a_replaced_transformer_is_billed_to_the_fen(desk: Desk) -> None:
    case = orjson.loads(CASE.read_bytes())
    low, high = (segment["tariff"]["inline"] for segment in case["segments"])
    body = state(
        opened_on="2000-01-01",
        facts=[{"from": "2000-01-01", "customer_class": "industrial", "values": {"loss_kwh_month": "304"}}],
    )
    body["contracts"][0] |= {
        "from": "2000-01-01",
        "tariffs": [{"from": "2000-01-01", "tariff": low["id"]}, {"from": str(REPLACED), "tariff": high["id"]}],
        "opening_usage": [],
    }
    first = usage(1, usage_id="U-1", period_from=FIRST, period_to=REPLACED, energy_wh={"import": 6_000_000})
    energy = {"import": 36_000_000, "import.peak": 8_000_000, "import.valley": 6_000_000, "reactive.import": 16_200_000}
    second = usage(1, usage_id="U-2", period_from=REPLACED, period_to=LAST, energy_wh=energy)
    month = {"cycle": "2005-06", "read_date": LAST, "cycle_from": FIRST}
    async with desk.client() as client:
        await desk.activate(low, high)
        answer = await client.put("/v1/accounts/A1", json=body)
        assert answer.status_code == 200, answer.text
        await desk.measure(first.model_copy(update=month), second.model_copy(update=month))
        bills = await desk.bills("bill_id", "total_fen")
        shown = [(await client.get(f"/v1/bills/{bill_id}")).json() for bill_id, _ in bills]
    found = [
        [(line["charge"], line["amount_fen"]) for line in bill["lines"] if line["amount_fen"] < 0] for bill in shown
    ]
    assert [total for _, total in bills] == [310_150, 1_857_210], [bill["findings"] for bill in shown]
    assert found == [[], [("power factor", -2_790)]]
    assert sum(total for _, total in bills) == round(float(case["expect"]["total"]) * 100)

"""Where disputes end, by month and org unit, and what billing has adjusted for them."""

import csv
import io
from datetime import date
from typing import Any

from shared.events.billing import AdjustmentIssued, Component
from tests.kits import orders
from tests.kits.disputes import doubt, january, opened, step
from tests.kits.reading import UNIT, Kit


def adjustment(number: str, fen: int, on: date = date(2026, 3, 10)) -> AdjustmentIssued:
    said: dict[str, Any] = {"account_no": "A1", "dispute_no": "D3", "service_point_no": "S0003", "org_unit": UNIT}
    said |= {"cycle": "2026-03", "issued_on": on, "due_on": date(2026, 3, 30), "energy_wh": fen * 20}
    parts = (Component(component="energy", amount_fen=fen),)
    return AdjustmentIssued(adjustment_id=number, total_fen=fen, components=parts, **said)


async def test_a_month_says_where_disputes_ended_and_what_that_saved(kit: Kit) -> None:
    await january(kit, 4)
    await opened(kit.clerk, *(doubt(f"D{n}", f"S{n:04}") for n in (1, 2, 3, 4)))
    await step(kit.clerk, "history", "2026-02-11")
    await step(kit.clerk, "end", "2026-03-02", outcome="explained", explanation="The heating ran.")
    await step(kit.clerk, "end", "2026-03-03", number="D2", outcome="withdrawn", explanation="Taken back.")
    await step(kit.clerk, "joint-reread", "2026-02-11", number="D3", order_no="O3", visit_on="2026-02-25")
    await orders.tell(orders.visitor(kit), orders.report("O3", None, not_done="nobody_home"))
    await step(kit.clerk, "verification", "2026-02-26", number="D3", order_no="V3")
    await orders.tell(orders.visitor(kit), orders.report("V3", None, not_done="meter_not_found"))
    await step(kit.clerk, "end", "2026-03-31", number="D3", outcome="withdrawn", explanation="Taken back.")
    await kit.give(adjustment("J1", -161), adjustment("J2", -39), adjustment("J3", 7, date(2026, 4, 1)))
    await kit.give(adjustment("J1", -161))

    answer = await kit.clerk.get("/v1/dispute-report", params={"month": "2026-03"})
    assert answer.json() == {
        "month": "2026-03",
        "items": [
            {
                "org_unit": UNIT,
                "opened": 0,
                "ended": 3,
                "ended_at": {"history": 1, "opened": 1, "verification": 1},
                "outcomes": {"explained": 1, "withdrawn": 2},
                "verifications_saved": 2,
                "adjusted_documents": 2,
                "adjusted_wh": -4_000,
                "adjusted_fen": -200,
            }
        ],
    }
    (february,) = (await kit.clerk.get("/v1/dispute-report", params={"month": "2026-02", "org_unit": "zj"})).json()[
        "items"
    ]
    assert (february["opened"], february["ended"], february["adjusted_fen"]) == (4, 0, 0)
    text = (await kit.clerk.get("/v1/dispute-report", params={"month": "2026-03", "format": "csv"})).text
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["ended_at_history"], row["verifications_saved"], row["adjusted_fen"]) == ("1", "2", "-200")
    assert row["outcomes"] == "explained=1 withdrawn=2"
    elsewhere = kit.client("clerk", "reading:read", org_units=["zj/ningbo"])
    assert (await elsewhere.get("/v1/dispute-report", params={"month": "2026-03"})).json()["items"] == []

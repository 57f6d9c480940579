"""The demo goes on after a review once what was approved is issued: what is only ready is nobody's debt yet."""

import asyncio
from typing import Any, cast

from services.demo import reviewing
from services.demo.stage import Stage
from services.demo.stories import MONTHS

BILL = {"bill_id": "b-1", "row_version": 1, "energy_wh": 1_460_000, "findings": []}


class SlowBilling:
    """Billing that issues an approved bill at the third look only; collection and notify know what is issued."""

    def __init__(self) -> None:
        self.status = "held"
        self.looks = 0

    async def all(self, service: str, path: str, **filters: str) -> list[dict[str, Any]]:
        if path == "/v1/review-queue":
            return [BILL] if self.status == "held" else []
        return [BILL] if filters["status"] == self.status else []

    async def call(self, who: str, method: str, service: str, path: str, body: Any, **_: Any) -> dict[str, Any]:
        self.status = "ready"
        return {}

    async def totals(self, cycle: str) -> dict[str, dict[str, int]]:
        self.looks += 1
        if self.looks == 3:
            self.status = "issued"
        issued = int(self.status == "issued")
        billing = {"bills_held": int(self.status == "held"), "bills_issued": issued, "issued_fen": issued}
        return {
            "billing": billing
            | {"documents_issued": issued, "documents_fen": issued, "charges_issued": 0, "charges_fen": 0},
            "collection": {"documents_posted": issued, "posted_fen": issued},
            "notify": {"causes_bill_issued": issued},
        }

    async def until(self, what: str, reached: Any) -> None:
        while not await reached():  # noqa: ASYNC110  # its looks are the time that passes here
            await asyncio.sleep(0)

    def say(self, text: str) -> None:
        """Nobody listens."""


async def test_a_review_ends_when_the_approved_bills_are_issued() -> None:
    billing = SlowBilling()
    await reviewing.review(cast(Stage, billing), MONTHS[1], reviewing.HEATS)
    assert billing.status == "issued"

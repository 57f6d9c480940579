"""The reviewer of the demo: looks at what is held, and releases it with an explanation."""

from datetime import timedelta

from services.demo.stage import Stage
from services.demo.stories import Month

NEW_SUPPLY = "The first bill of who has moved in: contract, meter and tariff are those of the application."
HEATS = "Read again on site: the customer heats with electricity since February."


async def review(stage: Stage, month: Month, explanation: str) -> None:
    """Look at the held bills and release them with an explanation."""
    queue = await stage.all("billing", "/v1/review-queue")
    for bill in queue:
        body = {
            "decision": "approve",
            "explanation": explanation,
            "verdicts": {each["code"]: "wrong" for each in bill["findings"] if each["severity"] == "hold"},
            "business_date": str(month.read_on + timedelta(days=1)),
        }
        path, seen = f"/v1/bills/{bill['bill_id']}/decisions", {"If-Match": f'"{bill["row_version"]}"'}
        await stage.call("reviewer-1", "POST", "billing", path, body, headers=seen)
        codes = ", ".join(finding["code"] for finding in bill["findings"])
        stage.say(f"{month.cycle}: a held bill of {bill['energy_wh'] // 1000} kWh is released after review ({codes})")

    async def issued() -> bool:  # what is approved is ready first
        held = (await stage.totals(month.cycle))["billing"]["bills_held"]
        return not held and not await stage.all("billing", "/v1/bills", cycle=month.cycle, status="ready")

    await stage.until("the reviewed bills are issued", issued)

"""The tariffs of the district: packaged ones, with sample values."""

import json
from decimal import Decimal
from typing import Any, Final

from services.billing.tariffs.documents import packaged
from services.demo import setup
from services.demo.district import TWO_PART
from services.demo.stage import DemoFailed, Stage
from services.demo.stories import Month

A_FEN: Final = Decimal("0.01")


async def load_tariffs(stage: Stage) -> None:
    """Propose the tariffs, which another person activates; what is open in them is filled with sample values, marked as such."""
    wanted = {route.tariff for route in stage.district.routes} | {setup.COMBINED, TWO_PART}
    paths = {}
    for document in packaged.documents("sample"):
        if "series" in document:
            paths[f"/v1/rating-documents/series/{document['series']}"] = document
        elif document.get("id") in wanted:
            paths[f"/v1/tariffs/{document['id']}/versions/{document['version']}"] = document
    asked = [await stage.call("clerk-1", "PUT", "billing", path, document) for path, document in paths.items()]
    await stage.approve("billing", *(each for each in asked if "approval_id" in each))
    stage.say(f"tariffs, proposed and activated by two people: {', '.join(sorted(wanted))}")


async def try_dearer(stage: Stage, month: Month) -> None:
    """Propose a version of the first route's tariff that costs a fen more a kWh, try it on a month, and take it back."""
    tariff_id = next(route.tariff for route in stage.district.routes if not route.manual)
    document = next(d for d in packaged.documents("sample") if d.get("id") == tariff_id)
    effective = {"from": str(month.first), "to": None}
    dearer = _a_fen_more(document) | {"version": document["version"] + 1, "effective": effective}
    path = f"/v1/tariffs/{tariff_id}/versions/{dearer['version']}"
    asked = await stage.call("clerk-1", "PUT", "billing", path, dearer)
    waiting = await stage.all("billing", "/v1/approvals", kind="rating_document.activate")
    content = next(each["content"] for each in waiting if each["approval_id"] == asked["approval_id"])
    wish = {
        "cycle_from": month.cycle,
        "cycle_to": month.cycle,
        "proposals": [content["content_hash"]],
        "reason": "A fen more a kWh, before anybody decides on it.",
    }
    trial = await stage.call("reviewer-1", "POST", "billing", "/v1/trial-runs", wish)
    found = trial

    async def ended() -> bool:
        nonlocal found
        found = await stage.get("billing", f"/v1/trial-runs/{trial['trial_id']}")
        return found["status"] not in ("waiting", "running")

    await stage.until("the trial run", ended)
    totals = found["report"]["totals"]
    if found["status"] != "done" or not totals["changed"]:
        raise DemoFailed(f"the trial run came to nothing: {found['status']} {found['why']}")
    await stage.call("clerk-1", "POST", "billing", f"/v1/approvals/{asked['approval_id']}/withdrawal")
    stage.say(
        f"{month.cycle}: a fen more a kWh is tried on {totals['bills']:,} bills and taken back: {totals['changed']:,} would be"
        f" {totals['difference_fen'] / 100:,.2f} yuan dearer, and no bill has changed"
    )


def _a_fen_more(document: dict[str, Any]) -> dict[str, Any]:
    """Return a tariff whose prices of energy are 0.01 yuan higher."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    for charge in copy["charges"]:
        if charge["kind"] == "energy":
            charge["price"] = {name: str(Decimal(price) + A_FEN) for name, price in charge["price"].items()}
    return copy

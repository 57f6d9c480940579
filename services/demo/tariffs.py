"""The tariffs of the district: packaged ones, with sample values."""

from services.billing.tariffs.documents import packaged
from services.demo import setup
from services.demo.district import TWO_PART
from services.demo.stage import Stage


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

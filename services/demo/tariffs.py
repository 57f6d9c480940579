"""The tariffs of the district: packaged ones, with sample values."""

from services.billing.tariffs.documents import packaged
from services.demo import setup
from services.demo.district import TWO_PART
from services.demo.stage import Stage


async def load_tariffs(stage: Stage) -> None:
    """Publish the tariffs; what their sources leave open is filled with sample values, marked as such."""
    wanted = {route.tariff for route in stage.district.routes} | {setup.COMBINED, TWO_PART}
    documents = packaged.documents("sample")
    for series in (document for document in documents if "series" in document):
        await stage.call("clerk-1", "PUT", "billing", f"/v1/rating-documents/series/{series['series']}", series)
    for document in documents:
        if document.get("id") in wanted:
            path = f"/v1/tariffs/{document['id']}/versions/{document['version']}"
            await stage.call("clerk-1", "PUT", "billing", path, document)
    stage.say(f"tariffs: {', '.join(sorted(wanted))}")

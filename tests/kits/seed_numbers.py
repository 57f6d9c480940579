"""The numbers of the small town: those of each home, and those of the documents that were made of it."""

from typing import Any

from services.billing.tariffs import examples
from tests.kits import seed_documents
from tests.kits.installation import BY_ITSELF, TOWN, Home, Installation

Values = dict[str, Any]


def values_of(home: Home) -> Values:
    return {
        "route_no": home.route_no,
        "service_point_no": home.service_point_no,
        "meter_no": home.meter_no,
        "account_no": home.account_no,
        "contract_no": f"K-{home.number:04}",
        "party_no": f"P-{home.account_no}",
        "question_id": home.question_id,
        "device_id": f"other-{home.number}",
        "own_device_id": f"own-{home.number}",
        "entity_kind": "meter",
        "entity_id": home.meter_no,
        "org_unit": home.org_unit,
        "cycle": "2026-01",
        "month": "2025-12",
        "day": "2026-01-20",
        "installed_on": "2026-01-01",
        "business_date": "2026-02-03",
        "template": "reminder",
    }


def ids_of(installation: Installation) -> dict[str, list[Any]]:
    """Return the documents that were made, by what a parameter calls them."""

    def all_of(service: str, path: str, name: str) -> list[Any]:
        found = [item[name] for item in installation.items(service, path)]
        assert found, path
        return found

    orders = []
    for home in TOWN:
        body = {"account_no": home.account_no, "amount_fen": 1234, "channel": "app"}
        key = {"Idempotency-Key": f"seed-{home.number}"}
        orders.append(installation.call("POST", "collection", "/v1/payment-orders", body, **key)["order_id"])
    # what is done to reads takes bills back: those of the homes whose bills are decided on stay as they are
    read_again = [home.service_point_no for home in TOWN if home.org_unit == BY_ITSELF]
    ends = [{"service_point_no": point, "day": "2026-01-20", "kind": "control"} for point in read_again]
    installation.call("PUT", "reading", "/v1/asked-ends", {"items": ends})
    adjustments = seed_documents.adjusted(installation)
    waiting = seed_documents.waiting_usage(installation)
    usages = [u for u in installation.items("reading", "/v1/usages") if u["service_point_no"] in read_again]
    for path, document in (
        ("/v1/tariffs/example/home/versions/1", examples.TARIFF),
        ("/v1/rating-documents/calendar/example/holidays", examples.CALENDAR),
    ):
        if "approval_id" in (answer := installation.call("PUT", "billing", path, document)):
            installation.approve("billing", answer)
    activated = installation.items("billing", "/v1/approvals?kind=rating_document.activate")
    bills = installation.items("billing", "/v1/bills")
    trials = _tried(installation)
    corrections = installation.items("billing", "/v1/corrections")
    return {
        "order_id": orders,
        "proposal": [one["content"]["content_hash"] for one in activated],
        "usage_id": [usage["usage_id"] for usage in usages],
        "waiting usages": waiting,
        "read_id": [read_id for usage in usages for read_id in usage["read_ids"] if "~remote" in read_id],
        f"bills of {BY_ITSELF}": [bill["bill_id"] for bill in bills if bill["org_unit"] == BY_ITSELF],
        "payments": all_of("collection", "/v1/payments?status=posted", "payment_id"),
        "suspense": all_of("collection", "/v1/payments?status=suspense", "payment_id"),
        "difference_id": [d["difference_id"] for correction in corrections for d in correction["differences"]],
        "adjustment_id": adjustments,
        "trial_id": trials,
        "notice_id": all_of("notify", "/v1/notices?state=delivered", "notice_id"),
    }


def _tried(installation: Installation) -> list[str]:
    """Have the bills tried by the software as it is, and return the trial."""
    if not (made := installation.items("billing", "/v1/trial-runs")):
        wish = {"org_unit": BY_ITSELF, "cycle_from": "2026-01", "cycle_to": "2026-01", "reason": "seeds"}
        made = [installation.call("POST", "billing", "/v1/trial-runs", wish)]
    return [made[0]["trial_id"]]

"""A roll-out of meters at a home of the small town, and a seal on its meter, for calls that are generated."""

from services.reading.rollouts import examples
from services.reading.stock import examples as stock
from tests.kits.installation import Home, Installation


def values(installation: Installation, home: Home, path: str, *, meter_no: str) -> dict[str, str]:
    """Make what a route is about that plans, notes or annuls, and return its values."""
    if "/rollout-" in path:
        return {"programme_no": rolled_out(installation, home)}
    told = stock.SEALS["items"][0] | {"meter_no": meter_no, "seal_no": f"F-{meter_no}"}
    installation.call("POST", "reading", "/v1/meter-seals", {"items": [told]})
    return {"seal_no": told["seal_no"]}


def rolled_out(installation: Installation, home: Home) -> str:
    """Put a roll-out of the org unit of a home, which plans its point, and return its number."""
    number = f"seed-{home.number}"
    programme = examples.ROLLOUTS["items"][0] | {"programme_no": number, "org_unit": home.org_unit}
    installation.call("PUT", "reading", "/v1/rollouts", {"items": [programme]})
    point = {"programme_no": number, "service_point_no": home.service_point_no, "planned_on": "2026-02-09"}
    installation.call("PUT", "reading", "/v1/rollout-points", {"items": [point]})
    return number

"""A case at a home of the small town, in a state in which a call of a path about it can succeed."""

from typing import Any

from tests.kits.installation import Home, Installation

ENDED = ("charged", "reclassed", "adjusted", "dismissed")
DAY = "2026-02-03"
ON_VERSIONS = ("/dismissal", "/reopening")
"""Endings of paths of commands on a version of a case."""


def case_at(installation: Installation, home: Home, path: str, number: int) -> dict[str, Any]:
    """Return a case at a home, open unless the path reopens one, with evidence; and numbers for what is brought."""
    values = {"tip_no": f"seed-{number}", "evidence_no": f"seed-{number}", "assignee": f"inspector-{number}"}
    if "{case_no}" not in path:
        return values
    point = home.service_point_no
    mine = f"/v1/cases?service_point_no={point}&kind=theft"
    if not (found := installation.items("billing", mine)):
        tip = {"tip_no": f"seed-of-{point}", "kind": "theft", "service_point_no": point, "seen_on": "2026-02-02"}
        installation.call("POST", "billing", "/v1/case-signals", {"items": [tip]})
        found = installation.items("billing", mine)
    case = found[-1]
    no, seen = case["case_no"], {"If-Match": f'"{case["row_version"]}"'}
    if path.endswith("/reopening") and case["state"] not in ENDED:
        body = {"explanation": "of a test", "business_date": DAY}
        installation.call("POST", "billing", f"/v1/cases/{no}/dismissal", body, **seen)
    elif not path.endswith("/reopening") and case["state"] in ENDED:
        body = {"reason": "of a test", "business_date": DAY}
        installation.call("POST", "billing", f"/v1/cases/{no}/reopening", body, **seen)
    if "{evidence_no}" in path:
        proof = {"evidence_no": values["evidence_no"], "kind": "seal", "reference": "S-1", "seen_on": DAY}
        installation.call("POST", "billing", f"/v1/cases/{no}/evidence", {"items": [proof]})
    return values | {"case_no": no, "business_date": DAY}

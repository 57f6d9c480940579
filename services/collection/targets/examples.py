"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

TEAMS: dict[str, Any] = {
    "items": [
        {"org_unit": "zj/hangzhou/xihu", "from": "2026-04-01", "team": "T-01"},
        {"org_unit": "zj/hangzhou/xihu", "route_no": "R-0007", "from": "2026-04-01", "team": "T-02"},
    ]
}
TARGETS: dict[str, Any] = {
    "items": [
        {"month": "2026-12", "org_unit": "zj/hangzhou/xihu", "rate_bp": 9950},
        {"month": "2026-12", "org_unit": "zj/hangzhou/xihu", "team": "T-01", "rate_bp": 10000},
    ]
}

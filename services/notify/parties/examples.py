"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

PARTY: dict[str, Any] = {
    "org_unit": "zj/hangzhou",
    "kind": "person",
    "name": "李明",
    "language": "zh",
    "points": [
        {
            "point_no": "1",
            "kind": "email",
            "address": "li@example.org",
            "valid_from": "2026-01-01",
            "verified": [{"account_no": "3301000001", "how": "declared", "day": "2026-01-01"}],
        }
    ],
    "roles": [{"role": "holder", "account_no": "3301000001", "valid_from": "2026-01-01"}],
}
PARTIES = {"items": [{"party_no": "P-3301000001", **PARTY}]}
VERIFICATIONS = {
    "items": [
        {
            "party_no": "P-3301000001",
            "point_no": "1",
            "account_no": "3301000001",
            "how": "declared",
            "day": "2026-01-01",
        }
    ]
}
MOVE = {
    "on": "2026-03-01",
    "leaves": {"account_no": "3301000001"},
    "enters": {"account_no": "3301000002"},
}
LOOK_UP = {"kind": "mobile", "value": "13800000000", "reason": "A call about a bill."}
ERASURE = {"reason": "Asked for by the person after moving away."}

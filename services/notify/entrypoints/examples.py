"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

CONTACT: dict[str, Any] = {
    "account_no": "3301000001",
    "org_unit": "zj/hangzhou",
    "role": "holder",
    "channel": "email",
    "address": "li@example.org",
    "language": "zh",
    "valid_from": "2026-01-01",
}
CONTACTS = {"items": [{"contact_no": "C-3301000001", **CONTACT}]}
RESEND = {"reason": "The customer asked for another copy."}
PREVIEW: dict[str, Any] = {
    "language": "zh",
    "on": "2026-02-02",
    "figures": {
        "account_no": "3301000001",
        "outstanding_fen": 12345,
        "due_on": "2026-02-20",
        "business_date": "2026-03-01",
    },
}

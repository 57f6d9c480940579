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

"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

TRIAL: dict[str, Any] = {
    "org_unit": "*",
    "cycle_from": "2026-01",
    "cycle_to": "2026-01",
    "reason": "Nothing is proposed: what this software version would bill otherwise.",
}
STOP: dict[str, Any] = {"reason": "The tariff was withdrawn."}

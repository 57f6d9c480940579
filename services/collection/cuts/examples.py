"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

CUT: dict[str, Any] = {"service_point_no": "S0001", "explanation": "Reminded three times, called, nobody answers."}
MARK: dict[str, Any] = {"kind": "life_support", "org_unit": "zj/hangzhou/station-1", "from": "2026-01-01", "to": None}
BAN: dict[str, Any] = {
    "org_unit": "zj/hangzhou",
    "from": "2026-07-20T00:00:00+08:00",
    "until": "2026-07-23T00:00:00+08:00",
    "reason": "dangerous_weather",
    "explanation": "Heat warning of the weather office.",
}

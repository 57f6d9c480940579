"""A body that an integrator can start from: shown in the OpenAPI document, and called by a test."""

VERDICT: dict[str, object] = {
    "verdict": "right",
    "explanation": "A hairdresser's on the ground floor, open from nine to nine.",
    "business_date": "2026-02-02",
}

"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

TIPS: dict[str, Any] = {
    "items": [
        {"tip_no": "hotline-2026-0042", "kind": "theft", "service_point_no": "SP-0001", "seen_on": "2026-02-02"},
    ]
}
ASSIGNMENT: dict[str, Any] = {"assignee": "inspector-1"}
EVIDENCE: dict[str, Any] = {
    "items": [
        {"evidence_no": "E1", "kind": "seal", "reference": "SEAL-778812", "seen_on": "2026-02-03"},
        {"evidence_no": "E2", "kind": "measured_load", "reference": "CLAMP-14", "kw": "2.4", "seen_on": "2026-02-03"},
    ]
}
WITHDRAWAL: dict[str, Any] = {"reason": "The seal is the neighbour's."}
SITE_ORDER: dict[str, Any] = {"kind": "use_check", "business_date": "2026-02-03"}
STEP: dict[str, Any] = {"step": "site_check", "business_date": "2026-02-03"}
DISMISSAL: dict[str, Any] = {"explanation": "The family has grown: nothing is wrong.", "business_date": "2026-02-03"}
REOPENING: dict[str, Any] = {"reason": "The seal was broken again.", "business_date": "2026-02-03"}
CONFIRMATION: dict[str, Any] = {"explanation": "The load was measured right the first time."}
CALCULATION: dict[str, Any] = {
    "calculation": "theft",
    "breach_on": "2026-02-03",
    "input": {"price": "0.538", "loads": [{"kw": "2", "use": "lighting"}]},
    "figures": {"theft/times": "3", "theft/unknown_start_days": "180", "theft/hours_a_day/lighting": "6"},
    "business_date": "2026-02-03",
}
PROPOSAL: dict[str, Any] = {
    "calculation": 1,
    "explanation": "The seal is broken and the measured load passes by the meter.",
    "business_date": "2026-02-03",
}
CHARGE_WITHDRAWAL: dict[str, Any] = {"cause": "appeal_upheld", "explanation": "The load was the neighbour's."}
HOLD: dict[str, Any] = {"held_until": "2026-02-20", "explanation": "The customer objects in writing."}
RECLASS: dict[str, Any] = {
    "from": "2026-01-01",
    "customer_class": "commercial",
    "explanation": "A joinery: machines were seen on site.",
    "business_date": "2026-02-03",
}

"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

RELEASE: dict[str, Any] = {"explanation": "The totals agree with the route's.", "business_date": "2026-02-02"}
SWITCH: dict[str, Any] = {"stopped": False, "reason": "The tariff was checked: releases go on."}
REPLAY: dict[str, Any] = {"policy": None, "cycle_from": "2025-02", "cycle_to": "2026-01", "after": None}

"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test. They belong to one home."""

from typing import Any

ROUTE: dict[str, Any] = {"org_unit": "zj/hangzhou", "read_day": 1}
POINT: dict[str, Any] = {"route_no": "R-0001"}
METER: dict[str, Any] = {
    "org_unit": "zj/hangzhou",
    "registers": [{"quantity": "import", "digits": 8, "scale": 2}],
    "multiplier": 1,
}


INSTALLATION: dict[str, Any] = {
    "service_point_no": "SP-0001",
    "meter_no": "M-0001",
    "installed_on": "2026-01-01",
    "unit": "kWh",
    "opening": {"import": "1000.00"},
}


INSTALLATION_CORRECTION: dict[str, Any] = {"unit": "kWh", "opening": {"import": "100.00"}, "reason": "mistyped"}
INSTALLATION_ANNULMENT: dict[str, Any] = {"reason": "wrong_meter"}


DEVICE: dict[str, Any] = {"org_unit": "zj/hangzhou"}
DEVICE_KEY: dict[str, Any] = {"overlap_until": None}
DEVICE_KEYS = {"items": [{"device_id": "headend-1", **DEVICE_KEY}]}
DEVICE_KEY_REVOCATION: dict[str, Any] = {"reason": "stolen"}
DEVICE_KEY_REVOCATIONS = {"items": [{"device_id": "headend-1", **DEVICE_KEY_REVOCATION}]}
ROUTES = {"items": [{"route_no": "R-0001", **ROUTE}]}
POINTS = {"items": [{"service_point_no": "SP-0001", **POINT}]}
METERS = {"items": [{"meter_no": "M-0001", **METER}]}
INSTALLATIONS = {"items": [INSTALLATION]}
DEVICES = {"items": [{"device_id": "headend-1", **DEVICE}]}

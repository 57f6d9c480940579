"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

RANGES: dict[str, Any] = {
    "items": [
        {
            "range_no": "PH-2026-07",
            "from_no": "330126000001",
            "to_no": "330126000200",
            "org_unit": "zj/hangzhou",
            "meter_type": "single_phase.4g",
            "registers": [{"quantity": "import", "digits": 8, "scale": 2}],
            "owner": "utility",
            "batch_no": "2026-07",
            "received_on": "2026-01-05",
            "verified_until": "2034-01-04",
        }
    ],
    "dry_run": False,
}
RANGE_ANNULMENTS: dict[str, Any] = {"items": [{"range_no": "PH-2026-07", "reason": "wrong_numbers"}]}
MOVEMENTS: dict[str, Any] = {
    "items": [
        {"movement_no": "MV-1", "meter_no": "M-0001", "kind": "take_back", "moved_on": "2026-02-03", "org_unit": None}
    ]
}
MOVEMENT_ANNULMENTS: dict[str, Any] = {"items": [{"movement_no": "MV-1", "reason": "mistyped"}]}
TESTS: dict[str, Any] = {
    "items": [
        {
            "lab_no": "JD-2026-0031",
            "meter_no": "M-0001",
            "tested_on": "2026-02-05",
            "result": "passed",
            "errors": [{"load_percent": 100, "power_factor": "1.0", "error_permille": "-1.2"}],
            "next_due_on": "2034-02-04",
        }
    ]
}
TEST_ANNULMENTS: dict[str, Any] = {"items": [{"lab_no": "JD-2026-0031", "reason": "mistyped"}]}
SEALS: dict[str, Any] = {
    "items": [
        {"seal_no": "F-000871", "meter_no": "M-0001", "kind": "put", "done_on": "2026-02-05", "done_by": "tester-2"}
    ]
}
SEAL_ANNULMENTS: dict[str, Any] = {
    "items": [
        {
            "seal_no": "F-000871",
            "meter_no": "M-0001",
            "kind": "put",
            "done_on": "2026-02-05",
            "reason": "mistyped",
        }
    ]
}

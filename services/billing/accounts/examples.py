"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

ACCOUNT: dict[str, Any] = {
    "org_unit": "zj/hangzhou",
    "opened_on": "2026-01-01",
    "facts": [{"from": "2026-01-01", "customer_class": "residential", "people": 3}],
    "contracts": [
        {
            "contract_no": "K-0001",
            "service_point_no": "SP-0001",
            "from": "2026-01-01",
            "tariffs": [{"from": "2026-01-01", "tariff": "CN-ZJ/residential"}],
            "opening_usage": [{"ladder": "year", "year": 2026, "used_wh": [0, 0, 0]}],
        }
    ],
}
ACCOUNTS = {"items": [{"account_no": "3301000001", **ACCOUNT}]}

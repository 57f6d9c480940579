"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

ORDER: dict[str, Any] = {"account_no": "3301000001", "amount_fen": 9684, "channel": "app"}
CALLBACK: dict[str, Any] = {
    "channel_txn": "4200002026020612345678",
    "order_id": "01989f6e-7a2e-7c11-b3a5-6f0f3b7b9d10",
    "amount_fen": 9684,
    "paid_on": "2026-02-06",
}
PAYMENT: dict[str, Any] = {"account_no": "3301000001", "amount_fen": 9684, "received_on": "2026-02-06"}
REVERSAL: dict[str, Any] = {"reason": "the cheque bounced", "reversed_on": "2026-02-09"}
RESOLUTION: dict[str, Any] = {
    "action": "allocate",
    "account_no": "3301000001",
    "reason": "the customer showed the receipt",
    "resolved_on": "2026-02-09",
}

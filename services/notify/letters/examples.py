"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

BATCH = {"batch_no": "L-2026-02-02-1", "org_unit": "zj/hangzhou/xihu"}
POSTING = {"posted_on": "2026-02-02", "register_hash": "0" * 64}
CANCELLATION = {"reason": "The printer ran out of paper."}
OUTCOMES = {
    "items": [
        {"letter": 1, "outcome": "delivered", "on": "2026-02-04", "register_no": "XA12345678933"},
        {"letter": 2, "outcome": "returned", "on": "2026-02-09", "reason": "moved"},
    ]
}
CSV = "letter,outcome,on,register_no,reason\n1,delivered,2026-02-04,XA12345678933,\n2,returned,2026-02-09,,moved\n"

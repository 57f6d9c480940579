"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

ANSWER = {
    "answer": "yes",
    "way": "call",
    "answered_on": "2026-02-09",
    "explanation": "Called back on the number of the contract.",
}

"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

ASK = {"places": [{"account_no": "3301000001"}]}
ANSWER = {"code": "123456"}

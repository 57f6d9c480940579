"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

EXPORT = {"reason": "Asked for by the person."}

"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

EXPLANATION: dict[str, object] = {
    "why": "cut",
    "until": "2026-11-30",
    "explanation": "The house was cut off for repairs of its roof.",
}
PROPOSAL: dict[str, object] = {
    "contract_no": "C1",
    "business_date": "2026-02-03",
    "explanation": "The flat stands empty; neighbours confirm it.",
}
OBJECTION: dict[str, object] = {
    "business_date": "2026-03-03",
    "explanation": "The owner called: a tenant moves in next month.",
}
TOLD: dict[str, object] = {
    "way": "posted",
    "told_on": "2026-02-10",
    "explanation": "Posted at the door and photographed.",
}
TAKEN_BACK: dict[str, object] = {
    "business_date": "2026-02-12",
    "explanation": "Proposed for the wrong flat.",
}
AGAIN: dict[str, object] = {
    "business_date": "2026-02-12",
    "explanation": "The caretaker opens the door on Friday.",
}
FINDING: dict[str, object] = {
    "what": "2026-04-02",
    "explanation": "The heir calls: nobody needs the supply, the letter was old.",
}
APPROVAL: dict[str, object] = {"explanation": "Checked, announced for a month, nobody has objected."}

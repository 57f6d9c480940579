"""What a bill's way had to do with, as a trace shows it: findings, decisions, cases, site orders, closings. Codes, no words."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import select

from services.billing.bills.tables import BILL, BILL_DOCUMENT
from services.billing.cases.store import standing
from services.billing.cases.tables import CASE_EVIDENCE, CASE_FILE, CASE_RECLASS, CASE_SIGNAL
from services.billing.closings.tables import CLOSING
from services.billing.review.tables import FINDING_VERDICT, REVIEW_DECISION
from services.billing.site_orders.store import registers_of
from services.billing.site_orders.tables import SITE_ORDER
from services.billing.uses.tables import USE_FINDING
from shared.db.engine import View
from shared.trace import Origin, TraceNode

SERVICE: Final = "billing"
LINES_MAX: Final = 1000
NAMED_MAX: Final = 500
"""Signals, and pieces of evidence, of one case that are named: a case has a handful."""
_OF_DECISION: Final = ("bill_id", "decision", "decided_by", "business_date", "decided_at", "row_version")
_OF_CASE: Final = (
    *("kind", "service_point_no", "number", "state", "first_signal_on", "assignee", "reopened_on"),
    *("ended_on", "ended_by"),
)
_OF_RECLASS: Final = (
    *("case_no", "account_no", "contract_no", "from_day", "customer_class", "tariff", "option"),
    *("asked_on", "asked_by", "done_on"),
)
_OF_ORDER: Final = (
    *("kind", "service_point_no", "requested_by", "reference", "cycle", "subject_kind", "subject_id", "reason"),
    *(
        "asked_on",
        "state",
        "ended_on",
        "result",
        "visited_by",
        "decided_by",
        "meter_no",
        "read_id",
        "let_go_on",
        "let_go_by",
    ),
)
_OF_CLOSING: Final = (
    *(
        "account_no",
        "contract_no",
        "service_point_no",
        "since",
        "state",
        "proposed_on",
        "proposed_by",
        "check_order_no",
    ),
    *(
        "checked_by",
        "check_result",
        "announced_on",
        "approved_on",
        "approved_by",
        "read_order_no",
        "ends_on",
        "bill_id",
    ),
    *("final_fen", "settled_on", "paid_out_fen", "kept_fen", "closed_on", "code"),
)
_OF_USE: Final = (
    *("contract_no", "service_point_no", "customer_class", "code", "score", "confidence", "state", "verdict"),
    *("found_on", "changed_on", "version"),
)


def _shown(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in names}


async def _finding(view: View, id: str) -> TraceNode | None:
    """Show a finding of a bill, `<bill>:<code>`, which was found in its lines and its usage."""
    bill_id, _, code = id.rpartition(":")
    joined = BILL.join(BILL_DOCUMENT, BILL_DOCUMENT.c.bill_id == BILL.c.bill_id)
    wanted = (BILL.c.org_unit, BILL.c.usage_id, BILL.c.findings, BILL_DOCUMENT.c.lines)
    row = await view.first(select(*wanted).select_from(joined).where(BILL.c.bill_id == bill_id))
    found = [] if row is None else [each for each in orjson.loads(row.findings or "[]") if each["code"] == code]
    if row is None or not found:
        return None
    numbers = range(1, min(len(orjson.loads(row.lines)), LINES_MAX) + 1)
    origins = (
        *(Origin(SERVICE, "bill_line", f"{bill_id}:{number}") for number in numbers),
        Origin("reading", "usage", row.usage_id),
    )
    return TraceNode(SERVICE, "finding", id, {"bill_id": bill_id, "code": code, "found": found}, origins, row.org_unit)


async def _decision(view: View, id: str) -> TraceNode | None:
    """Show what a reviewer decided of a bill, and of each of its findings."""
    d, v = REVIEW_DECISION.c, FINDING_VERDICT.c
    joined = REVIEW_DECISION.join(BILL, BILL.c.bill_id == d.bill_id)
    row = await view.first(select(REVIEW_DECISION, BILL.c.org_unit).select_from(joined).where(d.decision_id == id))
    if row is None:
        return None
    said = await view.all(select(v.code, v.severity, v.verdict).where(v.decision_id == id).order_by(v.code))
    document = _shown(row, _OF_DECISION) | {"verdicts": [dict(each._mapping) for each in said]}
    return TraceNode(SERVICE, "decision", id, document, org_unit=row.org_unit)


async def _case(view: View, id: str) -> TraceNode | None:
    """Show a case with the codes of its signals and evidence."""
    row = await view.first(select(CASE_FILE).where(CASE_FILE.c.case_no == id))
    if row is None:
        return None
    s, e = CASE_SIGNAL.c, CASE_EVIDENCE.c
    signals = select(s.signal_id, s.source, s.code, s.seen_on, s.state).where(s.case_no == id)
    evidence = select(e.evidence_no, e.kind, e.kw, e.code, e.seen_on, e.added_by, e.withdrawn_by).where(e.case_no == id)
    stands = (await standing.of(view, [id]))[id]
    document = _shown(row, _OF_CASE) | {"outcome_fen": None if row.ended_on is None else stands.fen}
    for name, asked in (("signals", signals.order_by(s.signal_id)), ("evidence", evidence.order_by(e.evidence_no))):
        document[name] = [dict(each._mapping) for each in await view.all(asked.limit(NAMED_MAX))]
    return TraceNode(SERVICE, "case", id, document, org_unit=row.org_unit)


async def _reclass(view: View, id: str) -> TraceNode | None:
    """Show the change of class that a case ended with, `<case>:<row version>`."""
    case_no, _, version = id.rpartition(":")
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        return None
    r = CASE_RECLASS.c
    joined = CASE_RECLASS.join(CASE_FILE, CASE_FILE.c.case_no == r.case_no)
    row = await view.first(
        select(CASE_RECLASS, CASE_FILE.c.org_unit)
        .select_from(joined)
        .where(r.case_no == case_no, r.row_version == int(version))
    )
    return None if row is None else TraceNode(SERVICE, "reclass", id, _shown(row, _OF_RECLASS), org_unit=row.org_unit)


async def _site_order(view: View, id: str) -> TraceNode | None:
    """Show a site order as billing knows it: what asked for it, and how it has ended."""
    row = await view.first(select(SITE_ORDER).where(SITE_ORDER.c.order_no == id))
    if row is None:
        return None
    document = _shown(row, _OF_ORDER) | {"registers": registers_of(row.registers)}
    return TraceNode(SERVICE, "site_order", id, document, org_unit=row.org_unit)


async def _closing(view: View, id: str) -> TraceNode | None:
    row = await view.first(select(CLOSING).where(CLOSING.c.closing_no == id))
    return None if row is None else TraceNode(SERVICE, "closing", id, _shown(row, _OF_CLOSING), org_unit=row.org_unit)


async def _use_finding(view: View, id: str) -> TraceNode | None:
    row = await view.first(select(USE_FINDING).where(USE_FINDING.c.finding_id == id))
    return None if row is None else TraceNode(SERVICE, "use_finding", id, _shown(row, _OF_USE), org_unit=row.org_unit)


TRACERS: Final[Mapping[str, Callable[[View, str], Awaitable[TraceNode | None]]]] = {
    "finding": _finding,
    "decision": _decision,
    "case": _case,
    "reclass": _reclass,
    "site_order": _site_order,
    "closing": _closing,
    "use_finding": _use_finding,
}
"""What traces each kind of document."""

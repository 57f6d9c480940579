"""What documents of billing were derived from, and what from them: usages, lines, findings, decisions, cases, corrections."""

from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, String, and_, cast, false, func, literal, or_

from services.billing.adjustments.tables import ADJUSTMENT
from services.billing.bills.domain.policy import (
    ADJUSTMENT as ADJUSTMENT_ISSUE,
)
from services.billing.bills.domain.policy import (
    BILLED_DAYS,
    CASE_ADJUSTMENT,
    CASE_CHARGE,
    CASE_CHARGE_SECOND,
    CHARGE_WITHDRAWAL,
    CLOSING,
    DECISION,
    RELEASE_OF_BILL,
    RELEASE_OF_RUN,
)
from services.billing.bills.tables import BILL, CORRECTION, DIFFERENCE
from services.billing.cases.domain import cases
from services.billing.cases.tables import CASE_CHARGE as CHARGE
from services.billing.cases.tables import CASE_FILE, CASE_RECLASS, CASE_SIGNAL
from services.billing.closings.tables import CLOSING as CLOSING_TABLE
from services.billing.review.tables import FINDING_VERDICT, REVIEW_DECISION
from services.billing.site_orders.domain import DONE
from services.billing.site_orders.tables import SITE_ORDER
from services.billing.usages.tables import USAGE
from services.billing.uses.tables import USE_FINDING
from services.billing.views.store import lines
from services.billing.views.store.trace import SERVICE
from shared.db import approvals
from shared.db.edges import Edge, Edges, Spelled, joined, parts

READING: Final = "reading"
CYCLE_CHARACTERS: Final = 7
_B, _D, _A, _C = BILL.c, DIFFERENCE.c, ADJUSTMENT.c, CHARGE.c
_R, _S, _V, _O, _K = CASE_RECLASS.c, CASE_SIGNAL.c, FINDING_VERDICT.c, SITE_ORDER.c, CASE_FILE.c
_OLD: Final = BILL.alias("old")


def _edge(kind: str, origin: tuple[str, str], id: Any, origin_id: Any, org_unit: Any, **more: Any) -> Edge:
    service, origin_kind = origin
    return Edge(
        kind=kind, service=service, origin_kind=origin_kind, id=id, origin_id=origin_id, org_unit=org_unit, **more
    )


def _bill(origin: tuple[str, str], origin_id: Any, **more: Any) -> Edge:
    return _edge("bill", origin, _B.bill_id, origin_id, _B.org_unit, **more)


def _approved(kind: str, source: FromClause, id: Any, org_unit: Any, about: Any, *kinds: str, **more: Any) -> Edge:
    return approvals.edge(
        kind, service=SERVICE, source=source, id=id, org_unit=org_unit, kinds=kinds, about=about, **more
    )


def _says(approval: Any, name: str, number: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that what was approved has a number of a name."""
    said: ColumnElement[bool] = approval.c.content.contains(literal(f'"{name}":') + cast(number, String) + ",")
    return said


def _of_run(approval: Any) -> ColumnElement[bool]:
    """Return the condition that an approval is of the run of a usage; said twice, so that an index finds it from both ends."""
    run = approval.c.subject_id
    route = func.substr(run, 1, func.length(run) - CYCLE_CHARACTERS - 1)
    cycle = func.substr(run, func.length(run) - CYCLE_CHARACTERS + 1)
    whole = run == USAGE.c.route_no + "/" + USAGE.c.cycle
    return and_(whole, USAGE.c.route_no == route, USAGE.c.cycle == cycle)


def _visited(table: FromClause, case_no: Any, day: Any) -> dict[str, Any]:
    """Return where the visits of a case are found that were over on the day of its document."""
    of_case = and_(_O.subject_kind == cases.SUBJECT, _O.subject_id == case_no, _O.state == DONE)
    return {"source": table.join(SITE_ORDER, and_(of_case, _O.ended_on <= day))}


_RECLASS_ID: Final = joined(_R.case_no, cast(_R.row_version, String), by=":")
_RECLASS: Final = CASE_RECLASS.join(CASE_FILE, _K.case_no == _R.case_no)
_SIGNAL: Final = CASE_SIGNAL.join(CASE_FILE, _K.case_no == _S.case_no)
_FINDING_OF: Final = joined(_B.bill_id, _S.code, by=":")
_DECIDED: Final = REVIEW_DECISION.join(BILL, _B.bill_id == REVIEW_DECISION.c.bill_id)
_QUOTED: Final = literal('"') + _B.bill_id + '"'
_CORRECTED: Final = CORRECTION.join(
    BILL,
    and_(
        _B.contract_no == CORRECTION.c.contract_no,
        or_(CORRECTION.c.reversals.contains(_QUOTED), CORRECTION.c.replacements.contains(_QUOTED)),
    ),
)
_RECLASSED: Final = CORRECTION.join(
    BILL, and_(_B.contract_no == CORRECTION.c.contract_no, CORRECTION.c.reversals.contains(_QUOTED))
).join(CASE_RECLASS, and_(_R.account_no == _B.account_no, _R.touched.contains(_QUOTED)))
"""Of a bill that a change of class touched the correction that took it out of force: the first since."""


def _reclass(origin: tuple[str, str], origin_id: Any, **more: Any) -> Edge:
    given: dict[str, Any] = {"source": _RECLASS, "by_id": _by_reclass} | more
    return _edge("reclass", origin, _RECLASS_ID, origin_id, _K.org_unit, **given)


def _by_reclass(id: str) -> ColumnElement[bool]:
    case_no, _, version = id.rpartition(":")
    return and_(_R.case_no == case_no, _R.row_version == int(version)) if version.isdigit() else false()


def _signal(origin: tuple[str, str], source: str) -> Edge:
    return _edge("case", origin, _S.case_no, _S.reference, _K.org_unit, source=_SIGNAL, where=_S.source == source)


BILLS: Final[Edges] = (
    Spelled(kind="bill_line", service=SERVICE, origin_kind="tariff_version", find=lines.of_tariff),
    Spelled(kind="bill_line", service=READING, origin_kind="usage", find=lines.of_usage),
    Spelled(kind="bill", service=SERVICE, origin_kind="bill_line", find=lines.bill),
    Spelled(kind="finding", service=SERVICE, origin_kind="bill_line", find=lines.findings_of_line),
    Spelled(kind="finding", service=READING, origin_kind="usage", find=lines.findings_of_usage),
    _bill((SERVICE, "finding"), _B.bill_id, by_origin=lines.of_finding, is_spelled=True),
    _bill((READING, "usage"), _B.usage_id),
    _bill(
        (SERVICE, "bill"),
        _OLD.c.bill_id,
        source=BILL.join(_OLD, and_(_OLD.c.contract_no == _B.contract_no, _OLD.c.bill_id == _B.replaces)),
    ),
    _bill((SERVICE, "decision"), REVIEW_DECISION.c.decision_id, source=_DECIDED),
    _bill((SERVICE, "site_order"), _O.order_no, source=BILL.join(SITE_ORDER, _O.reference == _B.bill_id)),
    _approved("bill", BILL, _B.bill_id, _B.org_unit, lambda a: a.c.subject_id == _B.bill_id, DECISION, RELEASE_OF_BILL),
    _approved(
        "bill",
        BILL.join(USAGE, and_(USAGE.c.usage_id == _B.usage_id, _B.issued_on.is_not(None), _B.correction_id.is_(None))),
        _B.bill_id,
        _B.org_unit,
        _of_run,
        RELEASE_OF_RUN,
    ),
    _edge(
        "decision",
        (SERVICE, "finding"),
        _V.decision_id,
        joined(_V.bill_id, _V.code, by=":"),
        _V.org_unit,
        by_origin=lambda id: parts(id, ":", _V.bill_id, _V.code),
    ),
    _edge("correction", (SERVICE, "bill"), CORRECTION.c.correction_id, _B.bill_id, _B.org_unit, source=_CORRECTED),
    _edge("difference", (SERVICE, "bill"), _D.difference_id, _D.bill_id, _D.org_unit),
    _edge("difference", (SERVICE, "bill"), _D.difference_id, _D.replacement_id, _D.org_unit),
    _edge("difference", (SERVICE, "correction"), _D.difference_id, _D.correction_id, _D.org_unit),
    _edge(
        "site_order",
        (READING, "usage"),
        _O.order_no,
        _B.usage_id,
        _O.org_unit,
        source=SITE_ORDER.join(BILL, _B.bill_id == _O.reference),
    ),
)
"""Of bills, their corrections, and what the review made of them."""

CASES: Final[Edges] = (
    _edge(
        "case",
        (SERVICE, "finding"),
        _S.case_no,
        _FINDING_OF,
        _K.org_unit,
        source=_SIGNAL.join(BILL, _B.bill_id == _S.reference),
        where=_S.source == cases.FINDING,
        by_origin=lambda id: parts(id, ":", _B.bill_id, _S.code),
    ),
    _edge(
        "case",
        (SERVICE, "use_finding"),
        _S.case_no,
        USE_FINDING.c.finding_id,
        _K.org_unit,
        source=_SIGNAL.join(USE_FINDING, USE_FINDING.c.finding_id == _S.reference),
        where=_S.source == cases.FINDING,
    ),
    _signal((READING, "observation"), cases.OBSERVATION),
    _signal((READING, "alarm"), cases.ALARM),
    _edge(
        "site_order",
        (SERVICE, "case"),
        _O.order_no,
        _O.subject_id,
        _O.org_unit,
        where=_O.subject_kind == cases.SUBJECT,
    ),
    _edge("charge", (SERVICE, "case"), _C.charge_no, _C.case_no, _C.org_unit),
    _edge(
        "charge",
        (READING, "site_order"),
        _C.charge_no,
        _O.order_no,
        _C.org_unit,
        **_visited(CHARGE, _C.case_no, _C.issued_on),
    ),
    _approved(
        "charge",
        CHARGE,
        _C.charge_no,
        _C.org_unit,
        lambda a: and_(a.c.subject_id == _C.case_no, _says(a, "calculation", _C.calculation_number)),
        CASE_CHARGE,
        CASE_CHARGE_SECOND,
    ),
    _approved("charge", CHARGE, _C.charge_no, _C.org_unit, lambda a: a.c.subject_id == _C.charge_no, CHARGE_WITHDRAWAL),
    _reclass((SERVICE, "case"), _R.case_no),
    _reclass((READING, "site_order"), _O.order_no, **_visited(_RECLASS, _R.case_no, _R.done_on)),
    _edge(
        "correction",
        (SERVICE, "reclass"),
        CORRECTION.c.correction_id,
        _RECLASS_ID,
        _B.org_unit,
        source=_RECLASSED,
        by_origin=_by_reclass,
    ),
    _approved(
        "reclass",
        _RECLASS,
        _RECLASS_ID,
        _K.org_unit,
        lambda a: a.c.approval_id == _R.approval_id,
        BILLED_DAYS,
        by_id=_by_reclass,
    ),
)
"""Of cases, and of what they end with."""

MONEY: Final[Edges] = (
    _edge(
        "adjustment",
        (SERVICE, "bill"),
        _A.adjustment_id,
        _B.bill_id,
        _A.org_unit,
        source=BILL.join(
            ADJUSTMENT,
            and_(
                _A.account_no == _B.account_no,
                _A.working.contains(literal('"bill_id":"') + _B.bill_id + '"'),
            ),
        ),
        is_spelled=True,
    ),
    _edge("adjustment", (SERVICE, "adjustment"), _A.adjustment_id, _A.reverses, _A.org_unit),
    _edge("adjustment", (READING, "dispute"), _A.adjustment_id, _A.dispute_no, _A.org_unit, where=_A.case_no.is_(None)),
    _edge(
        "adjustment",
        (SERVICE, "case"),
        _A.adjustment_id,
        _A.case_no,
        _A.org_unit,
        by_origin=lambda id: and_(_A.dispute_no == id, _A.case_no == id),
    ),
    _edge(
        "adjustment",
        (READING, "site_order"),
        _A.adjustment_id,
        _O.order_no,
        _A.org_unit,
        **_visited(ADJUSTMENT, _A.dispute_no, _A.issued_on),
    ),
    _approved(
        "adjustment",
        ADJUSTMENT,
        _A.adjustment_id,
        _A.org_unit,
        lambda a: and_(a.c.subject_id == _A.dispute_no, _says(a, "test_version", _A.test_version)),
        ADJUSTMENT_ISSUE,
    ),
    _approved(
        "adjustment",
        ADJUSTMENT,
        _A.adjustment_id,
        _A.org_unit,
        lambda a: and_(a.c.subject_id == _A.dispute_no, _says(a, "calculation", _A.test_version)),
        CASE_ADJUSTMENT,
    ),
    _edge(
        "site_order",
        (SERVICE, "closing"),
        _O.order_no,
        _O.subject_id,
        _O.org_unit,
        where=_O.subject_kind == "closing",
    ),
    _approved(
        "closing",
        CLOSING_TABLE,
        CLOSING_TABLE.c.closing_no,
        CLOSING_TABLE.c.org_unit,
        lambda a: a.c.subject_id == CLOSING_TABLE.c.closing_no,
        CLOSING,
    ),
)
"""Of adjustments and closings."""

EDGES: Final[Edges] = (*BILLS, *CASES, *MONEY)

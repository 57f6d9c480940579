"""A bill's page (账单审核页) over HTTP: all that a reviewer looks at, in one answer and a constant number of statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from fastapi import Response
from sqlalchemy import Row

from services.billing.bills.api.bills import READ, BillId, head, used
from services.billing.bills.api.corrections import correction_out
from services.billing.bills.domain.bills import EFFECTIVE
from services.billing.bills.domain.policy import DECISION, RELEASE_OF_BILL
from services.billing.bills.schemas import CorrectionOut
from services.billing.bills.store import bills as bills_store
from services.billing.bills.store import corrections as corrections_store
from services.billing.bills.store import hands, lines, shown
from services.billing.context import Own
from services.billing.decisions.api import judged
from services.billing.decisions.schemas import page as schemas
from services.billing.decisions.use_cases import queue
from services.billing.freezes import store as freezes_store
from services.billing.review import store as review_store
from services.billing.review.domain import said
from services.billing.review.domain.precision import Narrowed
from services.billing.site_orders import store as site_orders_store
from services.billing.site_orders.schemas import SiteOrderOut
from services.billing.site_orders.store import Days
from services.billing.usages.store import codec
from services.billing.usages.store import usages as usages_store
from shared import exact, web
from shared.db import approvals as approvals_store
from shared.db.engine import View
from shared.web import auth, conditional, errors

router = web.Router("/v1", tags=["bills"])
MONTHS_BEFORE: Final = 12
_APPROVALS: Final = (DECISION, RELEASE_OF_BILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of a bill and of those that share a day with it, as it is stored."""

    row: Row[Any]
    rules: queue.Judged
    bills: Sequence[Row[Any]]
    versions: Sequence[Row[Any]]
    usage: Row[Any]
    decisions: Sequence[Row[Any]]
    verdicts: Mapping[str, Mapping[str, str]]
    approvals: Sequence[dict[str, Any]]
    corrections: Sequence[CorrectionOut]
    readers: Iterable[str]
    assignment: Row[Any] | None
    frozen_by: Sequence[str]
    site_orders: Sequence[Row[Any]]


@router.get("/bills/{bill_id}/page", policy=READ)
async def get_page(
    bill_id: BillId, caller: auth.Current, db: web.Db, own: Own, response: Response
) -> schemas.BillPageOut:
    """Return a bill with 13 months, reads, lines, findings in words, history, who had a hand in it, and what it waits for.

    Beside each finding is how often its rule was right, as in the review queue.
    """
    async with db.view() as view:
        row = await shown.bill(view, bill_id)
        if row is None or not caller.may_see(row.org_unit):
            raise errors.not_found("bill")
        rules = await queue.judged(view, caller.visible, db.clock.now(), own)
        known = await _known(view, row, rules)
    response.headers["ETag"] = conditional.etag(row.row_version)
    return _page(known)


async def _known(view: View, row: Row[Any], rules: queue.Judged) -> _Known:
    bills = await shown.of_contract(view, row, since=_cycles(row.cycle)[0])
    versions = [one for one in bills if one.period_from < row.period_to and row.period_from < one.period_to]
    ids = [one.bill_id for one in versions]
    usage = await usages_store.heard(view, row.usage_id)
    assert usage is not None
    touching = await corrections_store.of_bills(view, row.contract_no, ids)
    documents = await corrections_store.differences(view, [one.correction_id for one in touching])
    own = await review_store.assignments_of(view, [row.bill_id])
    return _Known(
        row=row,
        rules=rules,
        bills=bills,
        versions=versions,
        usage=usage,
        decisions=await review_store.decisions_on(view, ids),
        verdicts=await review_store.verdicts_on(view, ids),
        approvals=await approvals_store.of_subjects(view, _APPROVALS, ids),
        corrections=[correction_out(one, documents[one.correction_id]) for one in touching],
        readers=(await hands.of(view, [row]))[row.bill_id],
        assignment=own.get(row.bill_id),
        frozen_by=bills_store.frozen_by(await freezes_store.standing(view), row),
        site_orders=(await site_orders_store.of_bills(view, [Days.of(row)])).get(row.bill_id, ()),
    )


def _page(known: _Known) -> schemas.BillPageOut:
    row, own = known.row, known.assignment
    context, state = orjson.loads(row.context), row.restated_state or row.ladder_state
    stored = lines.stored(row.lines)
    plain = head(row)
    findings = [_said(each, known.rules.of(each["code"], context["class"], row.org_unit)) for each in plain["findings"]]
    return schemas.BillPageOut(
        **plain | {"findings": findings},
        customer_class=context["class"],
        components=dict(orjson.loads(row.components)),
        tax_fen=context["tax_fen"],
        quantities_wh=context["quantities"],
        tariffs=used(row.tariffs),
        ladder_state=orjson.loads(state) if state else None,
        group_id=row.group_id,
        held_at=row.held_at,
        assignee=own.assignee if own else None,
        assigned_at=own.assigned_at if own else None,
        frozen_by=list(known.frozen_by),
        months=_months(known),
        usage=_usage(known.usage),
        lines=[
            schemas.PageLineOut(**line, factors=[exact.text(f.num, f.den) for f in one.factors])
            for line, one in zip(lines.shown(row.lines), stored, strict=True)
        ],
        versions=_versions(known),
        decisions=[
            schemas.PageDecisionOut(**_named(made, schemas.PageDecisionOut, "verdicts"), verdicts=_said_by(known, made))
            for made in known.decisions
        ],
        approvals=[
            schemas.PageApprovalOut.model_validate(asked | {"bill_id": asked["subject_id"]})
            for asked in known.approvals
        ],
        corrections=list(known.corrections),
        hands=_hands(known),
        site_orders=[SiteOrderOut.of(order) for order in known.site_orders],
    )


def _said(found: Mapping[str, Any], of_rule: Narrowed) -> schemas.SaidFindingOut:
    beside = dict(judged.finding(found, of_rule))
    return schemas.SaidFindingOut(**beside, zh=said.said(found, "zh"), en=said.said(found, "en"))


def _said_by(known: _Known, made: Row[Any]) -> dict[str, str]:
    return dict(known.verdicts.get(made.decision_id, {}))


def _named(row: Row[Any], kind: type[Any], *without: str) -> dict[str, Any]:
    return {name: row._mapping[name] for name in kind.model_fields if name not in without}


def _cycles(last: str) -> list[str]:
    """Return the cycle and the twelve before it, the oldest first."""
    month = int(last[:4]) * 12 + int(last[5:]) - 1
    return [f"{n // 12:04}-{n % 12 + 1:02}" for n in range(month - MONTHS_BEFORE, month + 1)]


def _months(known: _Known) -> list[schemas.MonthOut]:
    found = []
    for cycle in _cycles(known.row.cycle):
        bills = [one for one in known.bills if one.cycle == cycle and one.status in EFFECTIVE]
        found.append(
            schemas.MonthOut(
                cycle=cycle,
                energy_wh=sum(one.energy_wh for one in bills) if bills else None,
                total_fen=sum(one.total_fen for one in bills) if bills else None,
                bills=[schemas.MonthBillOut(**_named(one, schemas.MonthBillOut)) for one in bills],
            )
        )
    return found


def _usage(row: Row[Any]) -> schemas.UsageOut:
    fact = codec.fact_of(row).model_dump(include=set(schemas.UsageOut.model_fields) - {"registers"})
    actors = codec.fact_of(row).actors
    return schemas.UsageOut.model_validate(
        fact | {"read_by": actors, "registers": usages_store.registers_of(row.payload)}
    )


def _versions(known: _Known) -> list[schemas.VersionOut]:
    out = {bill_id: one.correction_id for one in known.corrections for bill_id in one.reversals}
    return [
        schemas.VersionOut(
            **_named(one, schemas.VersionOut, "made_by", "taken_out_by"),
            made_by=one.correction_id,
            taken_out_by=out.get(one.bill_id),
        )
        for one in known.versions
    ]


def _hands(known: _Known) -> list[schemas.HandOut]:
    did: dict[str, dict[schemas.Hand, None]] = {}

    def note(who: str | None, what: schemas.Hand) -> None:
        if who:
            did.setdefault(who, {})[what] = None

    for who in known.readers:
        note(who, "read")
    if known.assignment is not None:
        note(known.assignment.assignee, "assigned")
    for made in known.decisions:
        note(made.decided_by, "decided")
    for asked in known.approvals:
        note(asked["requested_by"], "asked")
        note(asked["decided_by"], "rejected" if asked["state"] == "rejected" else "approved")
    return [schemas.HandOut(subject=who, did=list(what)) for who, what in sorted(did.items())]

"""Bills as they are written: the columns of a draft that gets an id."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from services.billing.bills.domain import bills
from services.billing.bills.domain.bills import HELD, LIFE, PROPOSED, Draft
from services.billing.review.domain import findings, subject
from shared.db.engine import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """A draft with the id it gets; dates of issue only where a correction issues it at once.

    `issue_on`: the day before which it does not go out, where its usage was told late, or a reviewer's decision made it.
    """

    bill_id: str
    draft: Draft
    correction_id: str | None = None
    issued_on: date | None = None
    due_on: date | None = None
    by_difference: bool = False
    issue_on: date | None = None

    @property
    def id_before(self) -> str:
        """Return the id of the version before of the same contract and period."""
        usage = self.draft.usage
        return bills.bill_id(self.draft.terms.contract_no, usage.period_from, usage.period_to, self.draft.version - 1)


def heads(tx: Tx, writings: Sequence[Writing]) -> dict[str, list[Any]]:
    """Return the columns of the heads of bills."""
    drafts = [w.draft for w in writings]
    count = len(drafts)
    usages, terms = [d.usage for d in drafts], [d.terms for d in drafts]
    return {
        "bill_id": [w.bill_id for w in writings],
        "account_no": [t.account_no for t in terms],
        "contract_no": [t.contract_no for t in terms],
        "service_point_no": [u.service_point_no for u in usages],
        "org_unit": [t.org_unit for t in terms],
        "route_no": [u.route_no for u in usages],
        "cycle": [u.cycle for u in usages],
        "period_from": [u.period_from for u in usages],
        "period_to": [u.period_to for u in usages],
        "version": [d.version for d in drafts],
        "usage_id": [u.usage_id for u in usages],
        "status": [LIFE.start(d.status) for d in drafts],
        "row_version": [1] * count,
        "energy_wh": [u.import_wh for u in usages],
        "total_fen": [d.total_fen for d in drafts],
        "estimated": [u.estimated for u in usages],
        "components": [components_text(d) for d in drafts],
        "tariffs": [tariffs_text(d) for d in drafts],
        "findings": [findings.as_text(d.findings) for d in drafts],
        "ladder_state": [d.state for d in drafts],
        "ladder_limits": [limits_text(d) for d in drafts],
        "replaces": [d.replaces.bill_id if d.replaces else None for d in drafts],
        "correction_id": [w.correction_id for w in writings],
        "by_difference": [w.by_difference for w in writings],
        "issued_on": [w.issued_on for w in writings],
        "due_on": [w.due_on for w in writings],
        "held_at": [tx.now if d.status in (HELD, PROPOSED) else None for d in drafts],
        **({"issue_on": [w.issue_on for w in writings]} if any(w.issue_on for w in writings) else {}),
        **({"group_id": [d.group_id for d in drafts]} if any(d.status == PROPOSED for d in drafts) else {}),
    }


def components_text(draft: Draft) -> str:
    """Return the parts of a bill for the ledger as they are stored: [[charge, fen], …]."""
    return orjson.dumps(bills.components(draft.lines)).decode()


def tariffs_text(draft: Draft) -> str:
    """Return the tariff versions of a bill as they are stored: [[id, version, content hash], …]."""
    return orjson.dumps(draft.tariffs).decode()


def limits_text(draft: Draft) -> str | None:
    """Return by which limits a bill was put into tiers, and its class, as they are stored; None where it was not."""
    if not draft.limits:
        return None
    return orjson.dumps({"class": draft.terms.spans[-1].class_, "limits_wh": dict(draft.limits)}).decode()


def context(draft: Draft, basis: str) -> str:
    """Return what a bill was calculated from beside its usage, as it is stored; `basis`: the hash of documents and policy."""
    content: dict[str, Any] = {
        "quantities": draft.values,
        "tax_fen": draft.tax_fen,
        "months": draft.usage.months,
        "class": draft.terms.spans[-1].class_,
    }
    if draft.subject is not None:
        content["review"] = subject.as_json(draft.subject)
    if (made := draft.made_from) is not None:
        content["made_from"] = {"basis": basis, "account": draft.terms.account_version, "state": made.state}
        if made.measured:
            content["made_from"]["sub_meters"] = made.measured
    return orjson.dumps(content).decode()

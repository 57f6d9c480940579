"""What a reviewer decides, on which bills, and what speaks against it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

import orjson
from sqlalchemy import Row

from services.billing.bills.domain.bills import EFFECTIVE, HELD, ISSUED, LIFE, PROPOSED
from services.billing.bills.store.bills import frozen_by
from services.billing.freezes.domain import Standing
from services.billing.review import use_cases as review
from services.billing.review.domain.findings import HOLD, NOT_RATED
from services.billing.site_orders.use_cases import at_site
from services.billing.usages.domain import Usage
from shared.errors import BusinessError
from shared.web import conditional

Kind = Literal["approve", "hold", "request_reread", "request_inspection", "request_use_check", "correct", "cancel"]
ON_SITE: Final = {"request_reread": "reread", "request_inspection": "inspection", "request_use_check": "use_check"}
"""Decisions that ask for a site order, with its kind."""
HOLDS: Final = ("hold", *ON_SITE)
OF_ALL: Final = ("approve", "correct", "cancel")
"""Decisions on all that was proposed together."""


class UnknownBill(BusinessError):
    status = 404
    code = "bill.unknown"
    title = "There is no such bill"


class ReviewerRead(BusinessError):
    status = 403
    code = "bill.reviewer_read_meter"
    title = "Who had a hand in the reads of a bill, or in those that stood for its days before, may not decide on it"


class AssignedToAnother(BusinessError):
    status = 409
    code = "bill.assigned_to_another"
    title = "The bill is another reviewer's: take it over before you decide"


class ExplanationMissing(BusinessError):
    status = 422
    code = "bill.explanation_missing"
    title = "A held bill is only approved with an explanation"


class NotDecidable(BusinessError):
    status = 409
    code = "bill.not_decidable"
    title = "The bill is in a status that does not allow this decision"


class TooEarly(BusinessError):
    status = 422
    code = "bill.decided_before_its_basis"
    title = "The day lies before what the decision rests on: the read day of the usage, or the issue of the bill"


class NotRated(BusinessError):
    status = 409
    code = "bill.not_rated"
    title = "The bill could not be rated: correct what the rating misses, then decide `correct`"


class Frozen(BusinessError):
    status = 409
    code = "bill.frozen"
    title = (
        "A freeze keeps issued bills as they are: lift it, or wait for its end, before they are corrected or cancelled"
    )


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a reviewer decides; `business_date` is the day of the decision, by default the latest that billing has heard of.

    It is never before the read day of the usage, nor before the issue of the bill. `verdicts`: whether findings were right, by
    code. `code`: the finding that each of many bills must have. `second`: who approved it where it needs two.
    """

    kind: Kind
    explanation: str
    actor: str
    verdicts: Mapping[str, str]
    code: str = ""
    business_date: date | None = None
    second: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A bill that is decided on, in the version that was seen."""

    bill_id: str
    row_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A bill that is decided on, as it is now. `group`: what was proposed with it, or itself; `deciding`: what is decided."""

    seen: Seen
    row: Row[Any]
    group: Sequence[Row[Any]]
    deciding: Sequence[Row[Any]]

    @property
    def proposals(self) -> list[Row[Any]]:
        return [each for each in self.group if each.status == PROPOSED]


def recalculates(kind: Kind, row: Row[Any]) -> bool:
    """Return whether a decision calculates the bills of a contract anew: no two of one contract can be taken at once."""
    return kind in ("correct", "cancel") or (kind == "approve" and row.status == PROPOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of bills that are decided on: usages by id, who read by bill, whose they are, site orders, the latest day.

    `readers`: who had a hand in any version of what was measured on their days. `standing`: the freezes.
    """

    usages: Mapping[str, Usage]
    readers: Mapping[str, Sequence[str]]
    owners: Mapping[str, str]
    orders: Mapping[str, Sequence[Row[Any]]]
    latest: date | None
    standing: Standing


def check(decision: Decision, subject: Subject, known: Known) -> date:
    """Return the day of a decision on a bill; raises what speaks against it."""
    row, deciding, kind = subject.row, subject.deciding, decision.kind
    conditional.require(subject.seen.row_version, row.row_version)
    day = _day(decision, deciding, known.usages, known.latest)
    readers = {who for each in deciding for who in known.readers[each.bill_id]}
    if not readers.isdisjoint({decision.actor, decision.second}):
        raise ReviewerRead
    theirs = {known.owners[each.bill_id] for each in deciding if each.bill_id in known.owners}
    if not decision.second and theirs - {decision.actor}:
        raise AssignedToAnother
    if kind == "approve" and any(NOT_RATED in found(each, HOLD) for each in subject.group):
        raise NotRated
    if decision.code and not any(each["code"] == decision.code for each in orjson.loads(row.findings)):
        raise review.UnknownFinding(decision.code)
    ended = [each for each in deciding if each.status in (HELD, PROPOSED)] if kind in OF_ALL else []
    at_site.check([order for each in ended for order in known.orders.get(each.bill_id, ())], decision.explanation)
    review.check(deciding, ended, decision.verdicts)
    if not _is_decidable(kind, row.status):
        raise NotDecidable(row.status)
    frozen = {freeze_id for each in _corrected(kind, subject) for freeze_id in frozen_by(known.standing, each)}
    if frozen:
        raise Frozen(", ".join(sorted(frozen)))
    return day


def _corrected(kind: Kind, subject: Subject) -> list[Row[Any]]:
    """Return of which bills issued ones would be corrected by a decision: rejecting a proposal corrects nothing."""
    if kind not in OF_ALL or (kind == "cancel" and subject.row.status == PROPOSED):
        return []
    return [each for each in subject.deciding if each.status in (ISSUED, PROPOSED)]


def found(row: Row[Any], severity: str) -> set[str]:
    """Return the codes of the findings of a severity on a bill."""
    return {each["code"] for each in orjson.loads(row.findings) if each["severity"] == severity}


def _is_decidable(kind: Kind, status: str) -> bool:
    if kind == "correct":
        return status in (*EFFECTIVE, PROPOSED)
    if kind in HOLDS:
        return LIFE.may(status, "hold")
    return status == (PROPOSED if kind == "approve" else ISSUED) or LIFE.may(status, kind)


def _day(decision: Decision, rows: Sequence[Row[Any]], usages: Mapping[str, Usage], latest: date | None) -> date:
    days = [usages[row.usage_id].read_date for row in rows]
    rests_on: date = max([*days, *(row.issued_on for row in rows if row.issued_on)])
    if decision.business_date is None:
        return max(latest or rests_on, rests_on)
    if decision.business_date < rests_on:
        raise TooEarly
    return decision.business_date

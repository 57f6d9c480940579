"""Unused supply and closings as they are asked for and shown."""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, Field

from services.billing.closings.domain.closing import Closing
from services.billing.closings.domain.findings import Finding
from services.billing.closings.domain.unused import Unused
from shared.fields import Day, Words
from shared.web.batch import In, No

EXPLANATION_MAX = 1000
UnusedState = Literal["open", "explained", "taken_up", "withdrawn"]
State = Literal["checking", "announced", "final_read", "ended", "billed", "settled", "closed", "withdrawn"]


class UnusedOut(BaseModel):
    """Supply that nobody has used on [`since`, `until`), as meters that were read show."""

    contract_no: str
    account_no: str
    service_point_no: str
    org_unit: str
    since: date
    until: date
    months: int
    found_on: date
    take_up_by: date | None = Field(description="by when somebody is to propose its closing, or to explain it")
    state: UnusedState = Field(
        description="`explained`: why it is unused is known; `taken_up`: a closing is under way; `withdrawn`: it is used again"
    )
    why: str = Field(description="`suspended`, `seasonal`, `objected`, or the code of who explained it; else empty")
    explained_until: date | None
    explained_by: str | None
    explanation: str
    closing_no: str | None
    withdrawn_on: date | None

    @classmethod
    def of(cls, row: Unused) -> "UnusedOut":
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class ExplanationIn(In):
    why: Literal["cut", "suspended", "seasonal", "empty", "other"]
    until: Day = Field(description="the day from which on it explains nothing any more")
    explanation: Words = Field(max_length=EXPLANATION_MAX)


FindingCode = Literal["objected", "objected_late", "used", "bill_changed", "case_open"]
FindingState = Literal["open", "explained", "gone"]


class FindingOut(BaseModel):
    """What came of a closing too late to be a step of it."""

    closing_no: str
    code: FindingCode = Field(
        description="`objected`: within the period, told after the end; `objected_late`: after the period; `used`: energy of "
        "days before the end, told after it; `bill_changed`: a bill of the contract is another one since its last was told; "
        "`case_open`: a case is open though the account was told to be settled"
    )
    what: str
    account_no: str
    service_point_no: str
    org_unit: str
    found_on: date
    due_on: date | None = Field(description="by when somebody is to explain it")
    state: FindingState = Field(
        description="`explained`: should it change it is open again; `gone`: it follows no more"
    )
    explained_by: str | None
    explanation: str

    @classmethod
    def of(cls, finding: Finding) -> "FindingOut":
        return cls(**{name: getattr(finding, name) for name in cls.model_fields})


class FindingExplanationIn(In):
    what: Words = Field(max_length=EXPLANATION_MAX, description="what was found, as it was seen")
    explanation: Words = Field(max_length=EXPLANATION_MAX, description="what becomes of it")


class ProposalIn(In):
    contract_no: No
    business_date: Day
    explanation: Words = Field(max_length=EXPLANATION_MAX, description="what speaks for it")


class DeedIn(In):
    business_date: Day
    explanation: Words = Field(max_length=EXPLANATION_MAX)


class ToldIn(In):
    way: Literal["posted", "visited", "called"]
    told_on: Day
    explanation: Words = Field(max_length=EXPLANATION_MAX, description="where, to whom, with which outcome")


class ApprovalIn(In):
    explanation: Words = Field(max_length=EXPLANATION_MAX)


class ClosingOut(BaseModel):
    """A closing as it stands; `overdue`: its step was due before the latest business date."""

    closing_no: str
    account_no: str
    contract_no: str
    service_point_no: str
    org_unit: str
    since: date
    state: State
    version: int
    proposed_on: date
    proposed_by: str
    explanation: str
    check_order_no: str
    due_on: date | None
    overdue: bool
    waits_for: str = Field(
        description="what does not come by itself: `site_order_not_done`, `checked_by_proposer`, `not_told`, "
        "`read_by_proposer`, `read_not_compared`, `objected_late`, `account_refused`, `bill_waits`; before the last bill of an "
        "account, by which its money is settled, `case_open`, `bill_not_out`, `adjustment_waits`, `approval_waits`; else empty"
    )
    checked_by: str | None
    check_result: str | None
    announced_on: date | None
    objection_until: date | None
    told_on: date | None
    told_way: str | None
    told_by: str | None
    told_explanation: str | None
    approved_on: date | None
    requested_by: str | None
    approved_by: str | None
    read_order_no: str | None
    ends_on: date | None = Field(description="the day of the final read: the first day no longer supplied")
    billed_on: date | None
    bill_id: str | None
    final_fen: int | None
    ends_account: bool | None = Field(description="its final bill was told as the one that ends the account")
    settled_on: date | None
    paid_out_fen: int | None
    kept_fen: int | None
    closed_on: date | None
    code: str | None = Field(description="why it was withdrawn")
    ended_by: str | None

    @classmethod
    def of(cls, closing: Closing, latest: date | None) -> "ClosingOut":
        values: dict[str, Any] = {name: getattr(closing, name) for name in cls.model_fields if name != "overdue"}
        overdue = bool(latest and closing.due_on and closing.due_on < latest)
        return cls(**values, overdue=overdue)


class AnnouncedOut(BaseModel):
    """What is announced for everybody to see: a place, and until when may be objected; nothing about persons."""

    closing_no: str
    service_point_no: str
    org_unit: str
    announced_on: date
    objection_until: date

"""Cases as they are asked for and shown."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, Field

from services.billing.accounts.schemas import TariffId
from services.billing.adjustments.use_cases.withdrawing import Cause
from services.billing.bills.domain.case_rules import Kind, Step
from services.billing.cases.domain.cases import State
from services.billing.cases.domain.standing import UNKNOWN_START, Document, Standing
from services.billing.cases.store.standing import ClassChange
from services.billing.cases.use_cases.visiting import Visit
from shared.events.fact import MAX_CODE
from shared.fields import Day, Words
from shared.web.batch import Code, In, No

TIPS_MAX = 1000
INPUTS_MAX = 32
CALCULATIONS_MAX = 500
EVIDENCE_IN_MAX = 100
EXPLANATION_MAX = 1000
SignalState = Literal["waiting", "joined", "late", "refused"]
EvidenceKind = Literal["record", "seal", "measured_load", "read", "bill", "photo", "site_order", "document"]
Calculation = Literal[
    "class_change",
    "capacity_without_contract",
    "theft",
    "wrong_wiring",
    "fuse_blown",
    "wrong_multiplier",
    "meter_error",
]
Path = Annotated[str, Field(min_length=1, max_length=100, examples=["theft/times"])]
Figure = Annotated[str, Field(min_length=1, max_length=40, examples=["3"])]
Explanation = Annotated[Words, Field(max_length=EXPLANATION_MAX)]
Kw = Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?$", max_length=16, examples=["2.4"])]


class TipIn(In):
    """A tip (举报): somebody says that there is something; who, stays where it was taken. No words."""

    tip_no: No = Field(description="A number of who brings it, for ever: sent again it changes nothing.")
    kind: Kind
    service_point_no: No
    seen_on: Day = Field(description="The day on which it was seen, or told.")


class TipsIn(In):
    items: list[TipIn] = Field(min_length=1, max_length=TIPS_MAX)


class AssignmentIn(In):
    assignee: No = Field(description="An opaque subject, never a name.")


class EvidenceIn(In):
    """A reference to what proves something: a number of a record, a seal, a picture's hash; no words, nothing about persons."""

    evidence_no: No = Field(description="Of one case for ever: sent again it changes nothing.")
    kind: EvidenceKind
    reference: No
    kw: Kw | None = Field(None, description="Of a measured load.")
    seen_on: Day


class EvidenceListIn(In):
    items: list[EvidenceIn] = Field(min_length=1, max_length=EVIDENCE_IN_MAX)


class WithdrawalIn(In):
    reason: Explanation


class SiteOrderIn(In):
    kind: Visit
    business_date: Day | None = None


class SiteOrderOut(BaseModel):
    order_no: str = Field(description="That of the site order in reading.")


class StepIn(In):
    step: Literal["site_check"] = Field(description="Calculation and decision are done by being made.")
    business_date: Day | None = None


class DismissalIn(In):
    explanation: Explanation
    verdict: Literal["wrong", "known"] = Field(
        "wrong", description="of the findings that were its signals: false alarms, or right and explained before"
    )
    business_date: Day | None = Field(None, description="by default the latest that billing knows")


class ConfirmationIn(In):
    explanation: Explanation
    business_date: Day | None = Field(None, description="by default the latest that billing knows")


class ReopeningIn(In):
    reason: Explanation
    business_date: Day | None = Field(None, description="by default the latest that billing knows")


class SignalOut(BaseModel):
    """What points to a case. `waiting`: its point is not known yet; `late`: it came of a day on which a case was looked into
    that has ended since; `refused`: the point proved to be of another org unit than who brought it."""

    signal_id: str
    source: Literal["finding", "observation", "alarm", "tip"]
    source_no: str
    code: str
    kind: Kind
    service_point_no: str
    org_unit: str
    seen_on: date
    reference: str | None = Field(description="The bill, finding of use, observation or alarm.")
    state: SignalState
    case_no: str | None

    @classmethod
    def of(cls, row: Any) -> "SignalOut":
        return cls.model_validate({name: row._mapping[name] for name in cls.model_fields})


class CaseHead(BaseModel):
    case_no: str
    kind: Kind
    service_point_no: str
    org_unit: str
    account_no: str | None = Field(
        description="Who was supplied there on the day of the first signal, as the contracts say now. Null: nobody was."
    )
    contract_no: str | None
    state: State
    row_version: int
    first_signal_on: date = Field(description="The clock runs from the earliest of its signals on.")
    opened_at: datetime = Field(description="When billing opened it.")
    assignee: str | None
    ended_on: date | None
    days: int | None = Field(description="From its first signal to its end. Null while it has not ended.")
    ended_by: str | None
    reopened_on: date | None
    outcome_fen: int | None = Field(
        description="What stands of it: it charges that, below 0 it credits. Null while it has not ended, or while a correction"
        " by its change of class waits; for good of a change of class that was made before its bills were kept."
    )

    @classmethod
    def of(cls, row: Any, stands: Standing) -> "CaseHead":
        outcome_fen = None if row.ended_on is None else stands.fen
        days = None if row.ended_on is None else (row.ended_on - row.first_signal_on).days
        return cls.model_validate(dict(row._mapping) | {"outcome_fen": outcome_fen, "days": days})


class StepOut(BaseModel):
    step: Step
    since: date
    due_on: date | None = Field(description="Null: no calendar has its year yet.")
    done_on: date | None
    done_by: str | None


class EvidenceOut(BaseModel):
    evidence_no: str
    kind: EvidenceKind
    reference: str
    kw: str | None
    code: str | None = Field(description="Of a site order: how it has ended.")
    seen_on: date
    added_by: str
    added_at: datetime
    withdrawn_by: str | None
    withdrawn_reason: str


class MoveOut(BaseModel):
    """A move of the case."""

    event: str
    state: State
    on_day: date
    actor: str
    explanation: str
    at: datetime


class CalculationIn(In):
    """What is calculated. The forms of the inputs: `GET /v1/forms/{calculation}`."""

    calculation: Calculation
    breach_on: Day = Field(description="The day of the breach: its edition of the rules holds.")
    from_: Day | None = Field(
        None,
        alias="from",
        description="The first day that it bills, where its inputs do not say it. Unknown: as early as may be.",
    )
    to: Day | None = Field(None, description="The first day that it does not bill. Unknown: that of the calculation.")
    input: dict[str, Any] = Field(max_length=INPUTS_MAX)
    figures: dict[Path, Figure] = Field(
        {}, max_length=INPUTS_MAX, description="What that edition leaves open, by its place, such as `theft/times`."
    )
    business_date: Day | None = None


class ProposalIn(In):
    calculation: int = Field(ge=1, le=CALCULATIONS_MAX, description="The number of the calculation.")
    penalty_only: bool = Field(
        False,
        description="Without the difference: a change of class that stands bills it, for all days of the calculation.",
    )
    explanation: Explanation
    business_date: Day | None = None


class LineOut(BaseModel):
    name: str
    value: str = Field(description="Exact; a ratio where it has no end.")
    unit: str
    formula: str
    amount_fen: int | None = Field(description="Of money, rounded half up.")


class CalculationOut(BaseModel):
    """What a rule made of inputs. `follows`: calculated again from what is stored, it is the same."""

    number: int
    calculation: str
    breach_on: date
    from_day: date | None = Field(description="The first day that it bills; null: nobody said since when.")
    to_day: date | None = Field(description="The first day that it does not bill; null: it was not said.")
    input: dict[str, Any]
    figures: dict[str, str]
    policy: str
    policy_version: str
    policy_hash: str
    items: list[LineOut]
    back_billing_fen: int
    penalty_fen: int
    adjustment_fen: int
    energy_wh: int
    calculated_by: str
    calculated_on: date
    follows: bool

    @classmethod
    def of(cls, row: Any, *, follows: bool) -> "CalculationOut":
        texts = {name: orjson.loads(row._mapping[name]) for name in ("input", "figures", "items")}
        return cls.model_validate(dict(row._mapping) | texts | {"follows": follows})


class ChargeWithdrawalIn(In):
    cause: Cause
    explanation: Explanation


class HoldIn(In):
    held_until: Day | None = Field(description="Nobody is reminded up to this day; null ends the hold.")
    explanation: Explanation


class ChargeOut(BaseModel):
    """What a case charges, a document of its own. It stands until it is withdrawn."""

    charge_no: str
    case_no: str
    calculation_number: int
    component: Literal["back_billing", "penalty"]
    account_no: str
    service_point_no: str
    org_unit: str
    cycle: str
    amount_fen: int
    issued_on: date
    due_on: date
    rule: str
    policy: str
    policy_hash: str
    proposed_by: str
    first_by: str | None
    second_by: str | None
    held_until: date | None
    withdrawn_on: date | None
    withdrawal_asked_by: str | None
    withdrawn_by: str | None
    cause: Cause | None
    explanation: str = Field(description="Why it was withdrawn.")

    @classmethod
    def of(cls, row: Any) -> "ChargeOut":
        return cls.model_validate(row, from_attributes=True)


class ReclassIn(In):
    """What the account is from a day on, later terms too; without `tariff` or `option` these stay as they are."""

    from_: Day = Field(alias="from")
    customer_class: Code = Field(examples=["commercial"])
    tariff: TariffId | None = Field(None, description="Of the contract of the case, from that day on.")
    option: Annotated[str, Field(max_length=MAX_CODE)] | None = None
    goes_on: bool = Field(False, description="The case does not end by it: its penalty is charged after it.")
    explanation: Explanation
    business_date: Day | None = None


class CorrectedOut(BaseModel):
    correction_id: str
    contract_no: str
    reason: str
    corrected_on: date
    reversed_fen: int
    replaced_fen: int


class ReclassOut(BaseModel):
    """A change of class, and what it has billed: the corrections of the issued bills that it touched when it was made."""

    account_no: str
    contract_no: str
    from_day: date
    customer_class: str
    tariff: str | None
    option: str | None
    approval_id: str | None = Field(description="Where a second person was asked.")
    asked_on: date
    asked_by: str
    done_on: date | None
    goes_on: bool = Field(description="Whether the case went on after it.")
    corrections: list[CorrectedOut]
    difference_fen: int | None = Field(
        description="What these corrections come to. Null: it is not made, one waits, or it was made before its bills were kept."
    )
    proposed_bills: int = Field(
        description="How many of the bills that it touched have a correction that waits for a reviewer."
    )

    @classmethod
    def of(cls, made: ClassChange) -> "ReclassOut":
        corrections = [CorrectedOut.model_validate(each, from_attributes=True) for each in made.corrections]
        found = {"corrections": corrections, "difference_fen": made.difference_fen, "proposed_bills": made.waiting}
        return cls.model_validate(dict(made.row._mapping) | found)


class StandsOut(BaseModel):
    """A document of the case that stands."""

    kind: Literal["back_billing", "penalty", "adjustment", "class_change"]
    number: str = Field(description="That of the charge or adjustment; of a change of class its case and version.")
    account_no: str
    from_day: date | None = Field(description="The first day that it bills; null: nobody said since when.")
    to_day: date | None = Field(description="The first day that it does not bill; null: it goes on.")
    amount_fen: int | None = Field(description="Null of a change of class while that is open.")

    @classmethod
    def of(cls, one: Document) -> "StandsOut":
        first = None if one.days.from_ == UNKNOWN_START else one.days.from_
        return cls(
            kind=one.kind,
            number=one.number,
            account_no=one.account_no,
            from_day=first,
            to_day=one.days.to,
            amount_fen=one.fen,
        )


class CaseOut(CaseHead):
    """A case as a whole."""

    explanation: str = Field(description="Why it ended as it did.")
    steps: list[StepOut]
    signals: list[SignalOut] = Field(description="The earliest 500.")
    evidence: list[EvidenceOut]
    moves: list[MoveOut]
    calculations: list[CalculationOut]
    charges: list[ChargeOut]
    reclassings: list[ReclassOut]
    stands: list[StandsOut] = Field(description="What stands of it: it is not dismissed while anything does.")


class CaseCountOut(BaseModel):
    kind: Kind
    state: State
    cases: int
    overdue: int = Field(description="Of these, how many have a step that was due before the latest business date.")

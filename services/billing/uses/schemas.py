"""What the routes of findings of use take and answer."""

from datetime import date
from typing import Any, Literal

import orjson
from pydantic import BaseModel, Field
from sqlalchemy import Row

from services.billing.review.domain.words import Language
from services.billing.review.schemas import PrecisionOut
from services.billing.review.use_cases import Verdict
from services.billing.uses.domain.findings import OPEN
from services.billing.uses.domain.words import explain
from shared.fields import Day, Words
from shared.web.batch import In

EXPLANATION_MAX = 1000
LANGUAGES: tuple[Language, ...] = ("zh", "en")
State = Literal["open", "judged", "withdrawn"]
UseCode = Literal[
    "billing.use_like_shop", "billing.use_like_workshop", "billing.use_like_rented_rooms", "billing.use_idle"
]


class EvidenceOut(BaseModel):
    """A figure in permille, and what it gave to the score."""

    what: str = Field(description="what was measured", examples=["open_hours"])
    value: int
    expected: int = Field(description="what it is compared to")
    against: str = Field(
        description="class_profile, class_level, own_past, own_past_of_season, own_hours, neighbour_months, limit"
    )
    days: str = Field(description="all, business_days, days_off: by the business calendar")
    hours: tuple[int, int] | None = Field(description="hours of the local day: the first, and the one after the last")
    points: int
    weight: int


class AlsoOut(BaseModel):
    code: str
    score: int


class ExplanationOut(BaseModel):
    zh: list[str]
    en: list[str]


class JudgedBeforeOut(BaseModel):
    """What was said of a finding last, and its figures then: the finding beside it is what they are now."""

    verdict: str
    on: date
    score: int
    wh_a_day: int | None


class UseFindingOut(BaseModel):
    """What a detector has found of a contract, and why."""

    finding_id: str
    code: str
    state: str
    verdict: str | None = Field(description="right, wrong or known, where somebody has said so")
    case_verdict: str | None = Field(
        description="what the end of its case says; it counts where nobody has said anything"
    )
    judged_before: JudgedBeforeOut | None = Field(
        description="of an open one: it was judged, and is asked again since it is found anew, or has risen over what was judged"
    )
    contract_no: str
    account_no: str
    service_point_no: str
    org_unit: str
    customer_class: str
    score: int = Field(description="permille of the points that the known evidence can give")
    confidence: int = Field(description="permille of all evidence that is known: lower without a load curve")
    limit: int = Field(description="from this score on it is found")
    from_: date = Field(alias="from", description="the recent days that were looked at: from here …")
    to: date = Field(description="… up to this day, which is not among them")
    wh_a_day: int
    whole_days: int = Field(description="days of a load curve among them; 0: level and calendar alone were known")
    evidence: list[EvidenceOut] = Field(description="the most points first")
    also: list[AlsoOut] = Field(description="other uses that reach their limits")
    explanation: ExplanationOut
    found_on: date
    changed_on: date
    version: int

    @classmethod
    def of(cls, row: Row[Any]) -> "UseFindingOut":
        """Return a finding as it is stored, with its words."""
        stored = dict(row._mapping)
        values = orjson.loads(stored.pop("working"))
        words = {language: explain(row.code, values, language) for language in LANGUAGES}
        before = None
        if row.judged_as and row.judged_on is not None and row.state == OPEN and row.case_verdict is None:
            figures = {"score": row.judged_score, "wh_a_day": row.judged_wh_a_day}
            before = {"verdict": row.judged_as, "on": row.judged_on, **figures}
        more = {"verdict": row.verdict or None, "explanation": words, "judged_before": before}
        return cls.model_validate(values | stored | more)


class VerdictIn(In):
    verdict: Verdict
    explanation: Words = Field(max_length=EXPLANATION_MAX)
    business_date: Day | None = Field(None, description="day of the verdict; by default the latest that billing knows")


class FoundWronglyOut(BaseModel):
    """A finding that was none, by what was said of it."""

    finding_id: str
    business_date: date
    by_case: bool = Field(description="the end of its case says it, nobody else")


class DetectorOut(PrecisionOut):
    """How often a detector was right, by what people, or else the ends of cases, said of its findings."""

    code: str
    customer_class: str | None = Field(description="with by=class: of whose contracts")
    org_unit: str | None = Field(description="with by=org_unit: of whose contracts")
    judged: int = Field(description="findings of which somebody, or the end of a case, has said what they are")
    right: int
    wrong: int
    known: int = Field(description="right, and explained before: counted apart, no part of the precision")
    evidence: list[FoundWronglyOut] = Field(
        description="of a detector below its floor: the last findings in which it was wrong, at most 20"
    )
    below_floor: bool = Field(
        description="there are verdicts enough, and the whole interval lies under the floor of the policy: it is for change"
    )

"""How findings are shown, and the rules that find them."""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, Field


class FindingOut(BaseModel):
    code: str
    severity: Literal["info", "warn", "hold"]
    values: dict[str, Any] = {}


class PrecisionOut(BaseModel):
    """How often a rule was right, in permille of the verdicts; null where nobody has judged it."""

    precision_permille: int | None = Field(None, description="right of right and wrong")
    low_permille: int | None = Field(None, description="the precision lies from here …")
    high_permille: int | None = Field(None, description="… to here, with 95 % confidence (Wilson)")


class OfOut(BaseModel):
    """The bills that a precision is of, as narrow as there are verdicts enough; null: of all classes, of all org units."""

    customer_class: str | None = None
    org_unit: str | None = None


class JudgedFindingOut(FindingOut, PrecisionOut):
    verdicts: int = Field(0, description="how many verdicts, right and wrong, the precision rests on")
    of: OfOut = Field(description="the bills that it is of")


class JudgedWrongOut(BaseModel):
    bill_id: str
    severity: str
    customer_class: str
    org_unit: str
    route_no: str
    cycle: str
    total_fen: int
    decided_by: str
    business_date: date


class WordsOut(BaseModel):
    """What is read of a rule, in both languages."""

    zh: str
    en: str


class RuleOut(PrecisionOut):
    code: str
    looks_at: Literal["bills", "runs", "reads", "rating"]
    severity: str = Field(
        description="by the policy of the latest business date, the worst where it has several; `off`: switched off"
    )
    title: WordsOut = Field(description="what it looks for")
    words: WordsOut = Field(description="what it says, with its values in braces")
    source: str = Field(description="where the rule comes from")
    customer_class: str | None = Field(description="with by=class: of whose bills")
    org_unit: str | None = Field(description="with by=org_unit: of whose bills")
    found: int = Field(description="bills with such a finding on which somebody decided")
    right: int
    wrong: int
    known: int = Field(description="right, and explained before: counted apart, no part of the precision")
    below_floor: bool = Field(
        description="there are verdicts enough, and the whole interval lies under the floor of the policy: the rule is for change"
    )
    evidence: list[JudgedWrongOut] = Field(
        description="of a rule below its floor: the last bills in which it was wrong, at most 20"
    )

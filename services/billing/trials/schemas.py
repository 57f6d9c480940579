"""Requests and answers about trial runs."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, Field
from sqlalchemy import Row

from services.billing.base import PATH, PATH_MAX
from services.billing.trials.domain.trial import PROPOSALS_MAX
from shared.fields import Day, Month, Words
from shared.org_units import WHOLE_UTILITY
from shared.web.batch import In, No

REASON_MAX = 1000
ContentHash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class TrialIn(In):
    org_unit: str = Field(
        WHOLE_UTILITY,
        min_length=1,
        max_length=PATH_MAX,
        pattern=rf"^\*$|{PATH}",
        description="whose bills are tried, with all below it; `*` needs a token for the whole utility",
    )
    route_no: No | None = None
    cycle_from: Month
    cycle_to: Month
    proposals: list[ContentHash] = Field(
        default_factory=list,
        max_length=PROPOSALS_MAX,
        description="content hashes of proposed rating documents, all of which stand in their places",
    )
    policy: dict[str, Any] | None = Field(
        None,
        description="a whole policy document in place of the one in force, with versions for all days that are billed",
    )
    as_if_from: Day | None = Field(
        None,
        description="proposed tariff versions that begin later are tried as if they began on this day: on days that are billed",
    )
    reason: Words = Field(max_length=REASON_MAX, description="why it is tried")


class StopIn(In):
    reason: Words = Field(max_length=REASON_MAX)


class SumOut(BaseModel):
    bills: int
    changed: int = Field(description="of another amount")
    before_fen: int
    after_fen: int = Field(description="with 0 for what cannot be rated")
    difference_fen: int


class FenBand(BaseModel):
    from_fen: int = Field(description="the difference is larger")
    to_fen: int | None = Field(description="and at most this; null: any")
    raised: int
    lowered: int


class PercentBand(BaseModel):
    from_permille: int | None = Field(description="of the bill before, the difference is larger; null: it was 0 before")
    to_permille: int | None
    raised: int
    lowered: int


class PairOut(BaseModel):
    bill_id: str = Field(description="of the bill in force; empty where there is none")
    account_no: str
    contract_no: str
    org_unit: str
    cycle: str
    customer_class: str
    before_fen: int
    after_fen: int
    difference_fen: int
    refusal: str = Field(description="why it cannot be rated; empty where it can")


class HeldOut(BaseModel):
    """Bills with a finding that holds them: as they were calculated, and as they would be."""

    before: int
    after: int
    newly: int
    no_longer: int


class NotRatedOut(BaseModel):
    bills: int
    before_fen: int
    by_code: dict[str, int]
    examples: list[PairOut]


class RunsOut(BaseModel):
    """Runs whose totals agree, under the policy in force and under the one that is tried; none where no policy is."""

    runs: int = 0
    held: dict[str, HeldOut] = Field(
        default_factory=dict,
        description="by code of what holds a run; `by_hand`: it does not go by itself, for whatever reason",
    )


class ReportOut(BaseModel):
    totals: SumOut
    beyond: SumOut = Field(description="bills of the same contracts outside of the scope that follow, of other cycles")
    by_fen: list[FenBand]
    by_percent: list[PercentBand]
    by_class: dict[str, SumOut]
    by_org_unit: dict[str, SumOut]
    held: HeldOut
    newly_held: dict[str, int] = Field(description="bills by code of a finding that holds them now and did not before")
    no_longer_held: dict[str, int]
    second_person: dict[str, HeldOut] = Field(
        default_factory=dict,
        description="by kind: bills on which a `bill.decision` would need two people, bills that a rule holds whose"
        " `bill.release` would, runs that do not go by themselves whose `run.release` would, by their bills in force",
    )
    runs: RunsOut = Field(default_factory=RunsOut)
    not_rated: NotRatedOut
    largest_raised: list[PairOut]
    largest_lowered: list[PairOut]


class AppliedOut(BaseModel):
    """A proposed document as it is tried: its days, half-open, null for no end; of a series those whose figures differ."""

    kind: str
    document_id: str
    version: str
    from_: date | None = Field(alias="from")
    to: date | None
    bills: int = Field(
        description="in force, of the scope, that it touches; bills that follow of the ladder year apart"
    )


class TrialOut(BaseModel):
    trial_id: str
    org_unit: str
    route_no: str | None
    cycle_from: str
    cycle_to: str
    proposals: list[str]
    of_policy: bool = Field(description="a policy of its own is tried")
    as_if_from: date | None
    applied: list[AppliedOut] = Field(
        description="what is proposed, from when to when it is tried; empty until it runs"
    )
    reason: str
    requested_by: str
    asked_at: datetime
    status: Literal["waiting", "running", "done", "interrupted", "stopped"]
    why: str = Field(description="why it was interrupted: `documents_changed`, `policy_not_of_these_days`, `failed`")
    contracts: int = Field(description="with bills of the scope; 0 until it runs")
    contracts_done: int
    finished_at: datetime | None

    @classmethod
    def of(cls, row: Row[Any]) -> "TrialOut":
        """Return a trial as it is listed."""
        return cls(**_head(row))


class TrialReportOut(TrialOut):
    report: ReportOut = Field(description="of the contracts that are done")

    @classmethod
    def of(cls, row: Row[Any]) -> "TrialReportOut":
        """Return a trial with its report."""
        return cls(**_head(row), report=ReportOut(**orjson.loads(row.report)))


def _head(row: Row[Any]) -> dict[str, Any]:
    values = {name: row._mapping[name] for name in TrialOut.model_fields if name != "of_policy"}
    lists = {name: orjson.loads(values[name]) for name in ("proposals", "applied")}
    return values | lists | {"of_policy": bool(row.policy)}

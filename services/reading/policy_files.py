"""Policy documents: JSON files in `services/reading/policies`, or in the directory that the settings name."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.reading.policies import domain as policy
from services.reading.policies.domain import Deviation, Policies, Policy

DEFAULT_DIRECTORY = Path(__file__).parent / "policies"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class _Effective(_Part):
    from_: date = Field(alias="from")
    to: date | None


class _Reads(_Part):
    future_seconds_max: Annotated[int, Field(ge=0, le=86_400)]
    window_days: Annotated[int, Field(ge=1, le=28)]


class _Rollover(_Part):
    register_daily_kwh_max: Annotated[int, Field(ge=1, le=1_000_000)]


class _Estimates(_Part):
    method: Literal["previous_usage"]
    in_a_row_max: Annotated[int, Field(ge=0, le=60)]


class _Deviation(_Part):
    percent: Annotated[int, Field(ge=1, le=10_000)]
    delta_kwh_min: Annotated[int, Field(ge=0)]


class _Validation(_Part):
    high: _Deviation
    low: _Deviation


class _Source(_Part):
    for_: str = Field(alias="for")
    text: str


class PolicyDocument(_Part):
    """One version of the reading rules."""

    name: str
    version: Annotated[int, Field(ge=1)]
    effective: _Effective
    title: str
    reads: _Reads
    rollover: _Rollover
    estimates: _Estimates
    validation: _Validation
    sources: tuple[_Source, ...] = ()


def _policy(document: PolicyDocument) -> Policy:
    high, low = document.validation.high, document.validation.low
    return Policy(
        name=document.name,
        version=document.version,
        from_=document.effective.from_,
        to=document.effective.to,
        future_seconds_max=document.reads.future_seconds_max,
        window_days=document.reads.window_days,
        register_daily_kwh_max=document.rollover.register_daily_kwh_max,
        estimates_in_a_row_max=document.estimates.in_a_row_max,
        high=Deviation(high.percent, high.delta_kwh_min * 1000),
        low=Deviation(low.percent, low.delta_kwh_min * 1000),
    )


def load(directory: Path = DEFAULT_DIRECTORY) -> Policies:
    """Return the policies of a directory; raises `ValueError` for a document that is wrong, or a gap or overlap in time."""
    documents = [PolicyDocument.model_validate_json(path.read_bytes()) for path in sorted(directory.glob("*.json"))]
    return policy.in_order([_policy(document) for document in documents])

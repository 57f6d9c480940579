"""Answers about replays."""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import Row

from services.billing.replays import domain
from services.billing.replays.domain import Replayed

Result = Literal["equal", "not_replayable", "differs", "failed"]


class ItemOut(BaseModel):
    name: str
    stored: str
    computed: str
    equal: bool


class ReplayedOut(BaseModel):
    """A document that was calculated again."""

    kind: Literal["bill", "correction", "difference", "adjustment"]
    document_id: str
    result: Result
    reason: str = Field(description="why it could not be calculated again; empty where it could")
    by_other_software: bool = Field(description="another software version made it than runs now")
    items: list[ItemOut]

    @classmethod
    def of(cls, replayed: Replayed) -> "ReplayedOut":
        """Return a document as it is shown."""
        items = [
            ItemOut(name=item.name, stored=item.stored, computed=item.computed, equal=item.is_equal)
            for item in replayed.items
        ]
        return cls(
            kind=replayed.kind,
            document_id=replayed.document_id,
            result=replayed.result,
            reason=replayed.reason,
            by_other_software=replayed.by_other_software,
            items=items,
        )


class ReplayOut(BaseModel):
    bill_id: str
    result: Result = Field(description="the worst of its documents")
    documents: list[ReplayedOut] = Field(description="the bill, and every document that came of it")

    @classmethod
    def of(cls, bill_id: str, found: list[Replayed]) -> "ReplayOut":
        """Return a bill with its documents."""
        return cls(bill_id=bill_id, result=domain.worst(found), documents=[ReplayedOut.of(one) for one in found])


class SampledOut(BaseModel):
    """A bill that was drawn by the daily job, and what came out last."""

    bill_id: str
    org_unit: str
    route_no: str
    cycle: str
    business_date: date
    result: Result
    reason: str

    @classmethod
    def of(cls, row: Row[Any]) -> "SampledOut":
        """Return a bill as it is listed."""
        return cls(**{name: row._mapping[name] for name in cls.model_fields})

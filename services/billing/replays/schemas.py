"""Answers about replays."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import Row

from services.billing.replays import domain
from services.billing.replays.domain import Replayed

Result = Literal["equal", "not_replayable", "differs", "failed"]
Kind = Literal["bill", "correction", "difference", "adjustment", "charge", "final_bill"]


class ItemOut(BaseModel):
    name: str
    stored: str
    computed: str
    equal: bool


class ReplayedOut(BaseModel):
    """A document that was calculated again."""

    kind: Kind
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
    document_id: str
    result: Result = Field(description="the worst of its documents")
    documents: list[ReplayedOut] = Field(description="the document; of a bill, every later one that came of it as well")

    @classmethod
    def of(cls, document_id: str, found: Sequence[Replayed]) -> "ReplayOut":
        """Return a document with what came of it."""
        documents = [ReplayedOut.of(one) for one in found]
        return cls(document_id=document_id, result=domain.worst(found), documents=documents)


class SampledOut(BaseModel):
    """A document that the daily job has drawn, and what came out last; `bill_id`: a bill that it came of, if any."""

    document_id: str
    kind: Kind
    bill_id: str | None
    org_unit: str
    route_no: str
    cycle: str
    business_date: date
    result: Result
    reason: str

    @classmethod
    def of(cls, row: Row[Any]) -> "SampledOut":
        """Return a document as it is listed."""
        return cls(**{name: row._mapping[name] for name in cls.model_fields})

"""Requests and answers about tariffs."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field


class TariffOut(BaseModel):
    tariff_id: str
    version: str
    effective_from: date | None
    effective_to: date | None
    content_hash: str
    used: bool


class TariffDocumentOut(TariffOut):
    document: dict[str, Any]


class RatingChangeOut(BaseModel):
    change_id: str
    kind: str
    document_id: str
    version: str = Field(description="empty for kinds that have no versions")
    from_: date = Field(alias="from", description="first day on which bills may come out otherwise")
    to: date = Field(description="first day that is again as it was")
    contracts: int = Field(description="contracts whose bills were calculated again so far")
    changed_at: datetime
    followed_at: datetime | None = Field(description="when all bills had followed; null while they do")


class FaultOut(BaseModel):
    code: str
    pointer: str
    detail: str


class ValidOut(BaseModel):
    valid: bool
    sha256: str | None
    unconfirmed: list[str] = Field(
        description="JSON pointers of facts that no source gives: the tariff cannot bill yet"
    )
    hours_unconfirmed: bool
    errors: list[FaultOut] = Field(description="all that is wrong, in one answer")
    form: str = Field(description="where the form of tariffs is published, a JSON Schema")

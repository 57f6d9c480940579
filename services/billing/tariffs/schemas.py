"""Requests and answers about tariffs."""

from datetime import date
from typing import Any, Literal

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


class StoredOut(BaseModel):
    status: Literal["done", "already_done"]


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
    errors: list[FaultOut]

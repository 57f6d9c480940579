"""Requests and answers about what customers owe."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from services.collection.ledger.schemas import AmountFen, Fen
from shared.fields import Day, Month
from shared.web.batch import DerivedFrom, In, No

BATCH_MAX = 500  # one unit of work under a second; the size of a page


class OpeningIn(In):
    """What a customer owed when the utility went live; `document_no` is the old system's and unique for ever."""

    document_no: No
    account_no: No
    amount_fen: AmountFen
    issued_on: Day
    due_on: Day
    posted_on: Day = Field(description="Day on which it counts in the ledger: the day of going live.")
    route_no: No | None = Field(default=None, description="The route it was read on, where the old system knows it.")


class OpeningBatchIn(In):
    items: list[OpeningIn] = Field(min_length=1, max_length=BATCH_MAX)


class PostedComponent(BaseModel):
    component: str
    amount_fen: Fen


class PostedDocumentOut(BaseModel):
    """A document of billing as it is posted; `stands`: it is not taken back."""

    document_kind: Literal["bill", "difference", "adjustment", "charge"]
    document_id: str
    issued_on: date
    due_on: date
    total_fen: Fen
    components: list[PostedComponent]
    stands: bool
    correction_id: str | None = Field(description="the correction that issued it; none where a run of bills did")
    cycle: str
    service_point_no: str | None
    taken_back_on: date | None


class ReceivableOut(BaseModel):
    receivable_id: str
    account_no: str
    org_unit: str
    document_kind: str
    document_id: str
    cycle: str
    service_point_no: str | None = Field(description="Of bills and what corrects them.")
    route_no: str | None = Field(description="As it was issued; null: its document names none, or it is older.")
    customer_class: str | None = Field(description="The account's as it was issued; null: it is older.")
    month: Month | None = Field(
        description="The month whose recovery it counts in: that in which its issue counts; of an opening receivable that in "
        "which the old system issued it; null of what nobody has to pay (zero or below, payouts)."
    )
    posted_on: date | None = Field(description="The day on which its issue counts.")
    issued_on: date
    due_on: date
    amount_fen: Fen
    outstanding_fen: Fen
    status: Literal["open", "cleared", "reversed"]
    cleared_on: date | None
    derived_from: list[DerivedFrom]

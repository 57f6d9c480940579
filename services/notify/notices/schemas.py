"""Notices, and what nobody was told of, as they are said over HTTP."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events.fact import Id
from shared.fields import Words
from shared.web.batch import In

State = Literal["queued", "sending", "sent", "delivered", "failed", "unknown"]
Outcome = Literal["sent", "accepted", "delivered", "failed", "unknown"]
Paced = Literal["", "quiet_hours", "budget", "deadline", "over_budget", "joining"]
ReceiptState = Literal["waiting", "used", "refused"]
WaitState = Literal["waits_for_account", "waits_for_contact", "no_contact", "closed"]


class NoticeView(BaseModel):
    """A notice, without what it says and to which address."""

    model_config = ConfigDict(from_attributes=True)

    notice_id: Id
    account_no: str
    org_unit: str
    party_no: str = Field(
        description="Empty: whoever is supplied at a door, where no contact point is verified for it."
    )
    point_no: str = Field(description="The contact point of the party that it goes to; of nobody, the service point.")
    channel: str
    template: str
    template_version: int | None
    tone: str | None = Field(description="In which tone it was last sent.")
    content_hash: str | None = Field(description="SHA-256 of subject and body as they were last sent.")
    cause_kind: str
    cause_id: str
    cycle: str
    day: date = Field(description="Business day of the cause.")
    state: State
    code: str = Field(description="Why it failed or waits for another attempt.")
    attempts: int
    doubts: int = Field(description="Attempts whose outcome is not known.")
    way: int = Field(description="How many ways it took before the one that it is on; `ways` says which.")
    resends: int
    queued_at: datetime
    due_at: datetime | None = Field(
        description="Next attempt; while sending, the end of the lease; while sent, of the wait for a receipt; null when final."
    )
    done_at: datetime | None
    question_id: str | None = Field(description="The question that it asks.")
    withdrawn: str = Field(
        description="Why what it is about was withdrawn, such as `settled`: it is sent no more. Empty: it was not."
    )
    paced: Paced = Field(
        description=(
            "Why it is not due as soon as it could be, or is all the same: moved out of `quiet_hours`, or to a later week "
            "(`budget`); sent at once, or another way, since it would miss its `deadline`; a legal notice beyond the budget "
            "(`over_budget`)."
        )
    )


class WayView(BaseModel):
    """A way that a notice took, and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    way: int
    channel: str
    point_no: str
    gateway: str
    reference: str = Field(description="By which name the gateway knows the message.")
    outcome: Outcome = Field(description="sent: its receipt is awaited; accepted: that counts as delivered.")
    code: str
    at: datetime


class NoticeWithWays(NoticeView):
    """A notice with its whole chain."""

    message_id: str = Field(description="The message it goes in: several notices of a party may be one.")

    ways: list[WayView] = Field(
        description="In order, but for the last one where the notice itself tells what became of it."
    )


class ReceiptView(BaseModel):
    """What a gateway said became of a message."""

    model_config = ConfigDict(from_attributes=True)

    gateway: str
    message_id: str = Field(
        description="By our id: of the notice, with the number of its way where it is not the first."
    )
    reference: str = Field(description="By the gateway's own name.")
    result: Literal["delivered", "failed"]
    code: str
    received_at: datetime
    state: ReceiptState = Field(
        description="waiting: for a message that nobody knows yet; refused: the message did not go over this gateway."
    )


class UnaddressedView(BaseModel):
    """A cause that nobody was told of yet."""

    model_config = ConfigDict(from_attributes=True)

    cause_kind: str
    cause_id: str
    template: str
    account_no: str
    service_point_no: str
    org_unit: str
    cycle: str
    day: date
    state: WaitState
    since: datetime
    door_checked_on: date | None = Field(
        description="Since when the address of the door in question is checked, so that it is told there; null: it is not known."
    )


class Resend(In):
    reason: Words = Field(max_length=500, examples=["The customer asked for another copy."])

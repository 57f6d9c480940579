"""What the notify service says and takes over HTTP."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.notify.domain.contacts import Contact
from shared.events.fact import Id, No

BATCH_MAX = 1000  # contacts of one request: about 300 KB
ADDRESS_MAX = 320  # RFC 5321: 64 for the mailbox, 255 for its domain
OrgUnit = Annotated[str, Field(min_length=1, max_length=160, pattern=r"^[^/\s]+(/[^/\s]+)*$", examples=["zj/hangzhou"])]
State = Literal["queued", "sending", "delivered", "failed", "unknown"]
WaitState = Literal["waits_for_account", "waits_for_contact", "no_contact"]


class ContactBody(BaseModel):
    """A contact without its number. `valid_to` is the first day no longer valid."""

    # an address must not come back in an error text
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    account_no: No = Field(examples=["3301000001"])
    org_unit: OrgUnit
    role: str = Field(max_length=16, examples=["holder"], description="holder or tenant")
    channel: str = Field(max_length=16, examples=["email"], description="A channel of the policy.")
    address: str = Field(min_length=1, max_length=ADDRESS_MAX, examples=["li@example.org"])
    language: str = Field("zh", max_length=8, examples=["zh"], description="zh or en")
    valid_from: date = Field(examples=["2026-01-01"])
    valid_to: date | None = None

    def contact(self, contact_no: str) -> Contact:
        return Contact(contact_no=contact_no, **self.model_dump(exclude={"contact_no"}))


class ContactItem(ContactBody):
    contact_no: No = Field(examples=["C-3301000001"])


class ContactBatch(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    items: list[ContactItem] = Field(min_length=1, max_length=BATCH_MAX)


class ContactView(ContactItem):
    model_config = ConfigDict(from_attributes=True, extra="ignore")
    version: int


class ItemOutcome(BaseModel):
    index: int
    status: str
    code: str = ""
    id: str | None = None


class Outcomes(BaseModel):
    outcomes: list[ItemOutcome]


class NoticeView(BaseModel):
    """A notice, without what it says and to which address."""

    model_config = ConfigDict(from_attributes=True)

    notice_id: Id
    account_no: str
    org_unit: str
    contact_no: str
    channel: str
    template: str
    template_version: int | None
    content_hash: str | None = Field(description="SHA-256 of subject and body as they were last sent.")
    cause_kind: str
    cause_id: str
    cycle: str
    day: date = Field(description="Business day of the cause.")
    state: State
    code: str = Field(description="Why it failed or waits for another attempt.")
    attempts: int
    doubts: int = Field(description="Attempts whose outcome is not known.")
    resends: int
    queued_at: datetime
    due_at: datetime | None = Field(description="Next attempt; while sending, the end of the lease; null when final.")
    done_at: datetime | None


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


class Resend(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=1, max_length=500, examples=["The customer asked for another copy."])


class TemplateView(BaseModel):
    template: str
    version: int
    effective_from: date
    figures: list[str]


class Preview(BaseModel):
    model_config = ConfigDict(extra="forbid")
    language: Literal["zh", "en"] = "zh"
    on: date = Field(examples=["2026-02-02"], description="The version in force on this business day is shown.")
    figures: dict[str, Any] = Field(
        max_length=32,
        examples=[
            {
                "account_no": "3301000001",
                "outstanding_fen": 12345,
                "due_on": "2026-02-20",
                "business_date": "2026-03-01",
            }
        ],
        description="Every figure of the template: `…_fen` and `…_wh` are whole numbers, the others texts.",
    )


class PreviewText(BaseModel):
    template_version: int
    subject: str
    body: str
    content_hash: str

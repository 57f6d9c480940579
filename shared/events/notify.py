"""Facts that the notify service (通知) publishes. Key: the account, of answers the question. Never a name, phone or address."""

from typing import ClassVar, Literal

from pydantic import Field

from shared.events.fact import Code, Fact, Id, No
from shared.fields import Day, Instant


class NoticeDelivered(Fact):
    """The receiving system has accepted a notice."""

    type: ClassVar[str] = "notify.notice_delivered.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A notice was accepted by the recipient's system."

    account_no: No
    notice_id: Id
    template: Code
    channel: Code
    cause_kind: Code
    cause_id: Id
    delivered_at: Instant


class NoticeFailed(Fact):
    """A notice could not be delivered and will not be tried again by itself."""

    type: ClassVar[str] = "notify.notice_failed.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A notice could not be delivered."

    account_no: No
    notice_id: Id
    template: Code
    channel: Code
    cause_kind: Code
    cause_id: Id
    reason: Code = Field(description="A code, never the server's text, which may hold an address.")


class PersonTold(Fact):
    """An employee has told a person what a notice says (告知), and what the person said to it."""

    type: ClassVar[str] = "notify.person_told.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A person was told of a notice by word of mouth."

    account_no: No
    notice_id: Id
    template: Code
    cause_kind: Code
    cause_id: Id
    outcome: Literal["told", "promised"]
    promised_on: Day | None = Field(None, description="Until when the person promised to do what was asked.")
    told_by: No = Field(description="The employee who told.")
    told_at: Instant


class VisitAsked(Fact):
    """Somebody is to go to a service point and tell a person what a notice says; reading makes a site order of it.

    How that ends is what becomes of the notice on this way. What is to be said, and to whom, is read in notify by who goes.
    """

    type: ClassVar[str] = "notify.visit_asked.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "Somebody is to go to a person and tell what a notice says."

    account_no: No
    order_no: Id = Field(description="The number of the site order.")
    notice_id: Id
    service_point_no: No
    org_unit: str
    template: Code = Field(description="The kind of the notice.")
    asked_on: Day = Field(description="Business date, from which the day counts by which it is due.")


class VisitWithdrawn(Fact):
    """Nobody needs to go any more: what a visit was to tell is not to be told; one on which was reported already goes on."""

    type: ClassVar[str] = "notify.visit_withdrawn.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A visit that was asked for is not needed any more."

    account_no: No
    order_no: Id = Field(description="The number of the site order.")
    notice_id: Id
    org_unit: str
    reason: Code = Field(description="Why what it was to tell is withdrawn.")
    withdrawn_on: Day


class CustomerAnswered(Fact):
    """A customer has answered a question; the first answer is the one, but for an objection, which is told whenever it comes."""

    type: ClassVar[str] = "notify.customer_answered.v1"
    key_field: ClassVar[str] = "question_id"
    summary: ClassVar[str] = "A customer has answered a question."

    question_id: Id
    subject_kind: Code
    subject_id: Id
    account_no: No
    service_point_no: No
    answer: Code = Field(description="One of the question's `answers`.")
    answered_on: Day
    way: Literal["link", "call", "reply", "counter"] = Field(
        description="`link`: by the customer; else an employee has written down what the customer said, and how."
    )
    recorded_by: str | None = Field(default=None, description="The employee, an opaque subject, never a name.")
    figures: dict[Code, str] = Field(
        default={}, max_length=32, description="What was asked for in figures, by name, as decimal texts; else nothing."
    )
    seen_at: Instant | None = Field(
        default=None, description="When the customer has seen the figures, where there are any."
    )


class QuestionExpired(Fact):
    """A question was not answered by its day. The asker decides what that means."""

    type: ClassVar[str] = "notify.question_expired.v1"
    key_field: ClassVar[str] = "question_id"
    summary: ClassVar[str] = "A question to a customer was not answered by its day."

    question_id: Id
    subject_kind: Code
    subject_id: Id
    service_point_no: No
    account_no: No | None = Field(default=None, description="Nobody, where nobody is known to be supplied there.")
    reason: Literal["silent", "undeliverable", "nobody"] = Field(
        description="`undeliverable`: no notice of it was delivered; `nobody`: no account, or no contact, was there to ask."
    )
    expired_on: Day


Answer = CustomerAnswered | QuestionExpired
"""What became of a question, for who asked it."""
FACTS: tuple[type[Fact], ...] = (
    NoticeDelivered,
    NoticeFailed,
    PersonTold,
    VisitAsked,
    VisitWithdrawn,
    CustomerAnswered,
    QuestionExpired,
)

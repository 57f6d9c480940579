"""Facts that the notify service (通知) publishes. Key: the account. Never a name, phone or address."""

from typing import ClassVar

from pydantic import Field

from shared.events.fact import Code, Fact, Id, No
from shared.fields import Instant


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


FACTS: tuple[type[Fact], ...] = (NoticeDelivered, NoticeFailed)

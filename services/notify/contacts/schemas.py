"""Contacts as they are said and taken over HTTP."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from services.notify.contacts.domain import Contact
from shared.fields import Day
from shared.web.batch import In, No

BATCH_MAX = 1000  # contacts of one request: about 300 KB
ADDRESS_MAX = 320  # RFC 5321: 64 for the mailbox, 255 for its domain
OrgUnit = Annotated[str, Field(min_length=1, max_length=160, pattern=r"^[^/\s]+(/[^/\s]+)*$", examples=["zj/hangzhou"])]


class ContactBody(In):
    """A contact without its number. `valid_to` is the first day no longer valid."""

    # an address must not come back in an error text
    model_config = ConfigDict(hide_input_in_errors=True)

    account_no: No = Field(examples=["3301000001"])
    org_unit: OrgUnit
    role: str = Field(max_length=16, examples=["holder"], description="holder or tenant")
    channel: str = Field(max_length=16, examples=["email"], description="A channel of the policy.")
    address: str = Field(min_length=1, max_length=ADDRESS_MAX, examples=["li@example.org"])
    language: str = Field("zh", max_length=8, examples=["zh"], description="zh or en")
    valid_from: Day = Field(examples=["2026-01-01"])
    valid_to: Day | None = None

    def contact(self, contact_no: str) -> Contact:
        return Contact(contact_no=contact_no, **self.model_dump(exclude={"contact_no"}))


class ContactItem(ContactBody):
    contact_no: No = Field(examples=["C-3301000001"])


class ContactBatch(In):
    model_config = ConfigDict(hide_input_in_errors=True)

    items: list[ContactItem] = Field(min_length=1, max_length=BATCH_MAX)


class ContactView(ContactItem):
    model_config = ConfigDict(from_attributes=True, extra="ignore")
    version: int
    state: Literal["waiting_for_account", "in_use", "refused"] = Field(
        description="`refused`: it came before its account, which proved to be another bureau's; nobody is told by it"
    )
    code: str | None

"""Facts of billing about closings (销户): supply that nobody uses is announced to end, and ends. Key: the account."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.events.fact import Code, Fact, Fen, Id, No, Question
from shared.fields import Day


class ClosingAnnounced(Question):
    """Supply that nobody has used for months is to end; whoever is supplied there is told, and may object until a day.

    The answer `object` withdraws the closing, `agree` changes nothing, and silence lets it go on.
    """

    type: ClassVar[str] = "billing.closing_announced.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A closing is announced; its customer is told and may object."

    closing_no: No
    account_no: No
    announced_on: Day
    objection_until: Day = Field(description="The last day on which an objection is taken.")
    since: Day = Field(description="The first day from which on nothing was used.")


class ClosingWithdrawn(Fact):
    """A closing goes no further: something is used, somebody objects, or it is taken back."""

    type: ClassVar[str] = "billing.closing_withdrawn.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A closing is withdrawn; its supply goes on."

    closing_no: No
    account_no: No
    service_point_no: No
    org_unit: str
    withdrawn_on: Day
    code: Code = Field(description="`objected`, `used`, `in_use`, `taken_back`; more may come.")
    announced_on: Day | None = Field(default=None, description="None where it had not been announced.")


class FinalBillIssued(Fact):
    """A contract has ended by a closing, and its bills are issued through its last day: its money may be settled.

    The bill itself is told by `BillIssued`, whatever became of the run of its route.
    """

    type: ClassVar[str] = "billing.final_bill_issued.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "The last bill of a contract that a closing has ended is issued."

    closing_no: No
    account_no: No
    service_point_no: No
    org_unit: str
    ended_on: Day = Field(description="The first day no longer supplied: that of the final read.")
    billed_on: Day = Field(description="Business date on which all of it was issued.")
    bill_id: Id
    total_fen: Fen
    ends_account: bool = Field(description="No other contract of the account goes on: its money is to be paid out.")
    requested_by: str = Field(description="Who asked for the approval of the closing, an opaque subject.")
    approved_by: str = Field(description="Who approved it.")


class AccountClosed(Fact):
    """An account was closed: its last contract has ended by a closing, and its money is settled."""

    type: ClassVar[str] = "billing.account_closed.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "An account was closed after its last bill was settled."

    account_no: No
    closing_no: No
    service_point_no: No
    org_unit: str
    ended_on: Day
    closed_on: Day
    paid_out_fen: Annotated[int, Field(ge=0)]
    kept_fen: Annotated[int, Field(ge=0)]


FACTS: tuple[type[Fact], ...] = (ClosingAnnounced, ClosingWithdrawn, FinalBillIssued, AccountClosed)

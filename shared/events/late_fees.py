"""Facts of collection about late fees (电费违约金). Key: the account."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.events.fact import Fact, Id, No
from shared.fields import Day


class LateFeeCharged(Fact):
    """An account settled something late, and is charged for it; the fee is a receivable of its own.

    One fee for all that was settled on `settled_on`. One that is calculated otherwise later is withdrawn, and charged anew.
    """

    type: ClassVar[str] = "collection.late_fee_charged.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A late fee was charged for debts that were settled late."

    account_no: No
    late_fee_id: Id
    org_unit: str
    settled_on: Day = Field(description="The day on which the last of these debts was settled.")
    amount_fen: Annotated[int, Field(gt=0)]
    issued_on: Day
    due_on: Day


class LateFeeWithdrawn(Fact):
    """A late fee is not owed any more: a payment was taken back or came earlier, a bill was corrected, or it was waived."""

    type: ClassVar[str] = "collection.late_fee_withdrawn.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A late fee was withdrawn."

    account_no: No
    late_fee_id: Id
    org_unit: str
    settled_on: Day
    amount_fen: Annotated[int, Field(gt=0)]
    withdrawn_on: Day


FACTS: tuple[type[Fact], ...] = (LateFeeCharged, LateFeeWithdrawn)

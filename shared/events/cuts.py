"""Facts of collection about cutting supply for arrears (欠费停电): what the customer must be told, and when. Key: the account.

The orders themselves are facts of supply. A cut is announced, and announced again (another `announcement_id`) where its window
passed; notify tells of each with legal effect, and what became of that is the proof without which nothing is cut.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.events.fact import Code, Fact, Id, No
from shared.fields import Day, Instant


class CutAnnounced(Fact):
    """A customer is to be told that the supply of a service point will be cut for arrears (停电通知书)."""

    type: ClassVar[str] = "collection.cut_announced.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A customer is to be told that supply will be cut for arrears."

    account_no: No
    cut_no: Id
    announcement_id: Id = Field(description="The document that the notice is about; its delivery is the proof.")
    service_point_no: No
    org_unit: str
    outstanding_fen: Annotated[int, Field(gt=0, description="What is overdue and not held: paid, nothing is cut.")]
    due_on: Day = Field(description="The due date of the oldest debt.")
    announced_on: Day
    earliest_on: Day = Field(description="The first day on which supply may be cut, if the customer is told today.")
    copy_to_authority: bool = Field(default=False, description="An important customer: the authority gets a copy.")


class CutImminent(Fact):
    """Supply is about to be cut: the customer is told again."""

    type: ClassVar[str] = "collection.cut_imminent.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "Supply will be cut within the hour: the customer is told again."

    account_no: No
    cut_no: Id
    imminent_id: Id = Field(description="The document that the notice is about.")
    service_point_no: No
    org_unit: str
    outstanding_fen: Annotated[int, Field(gt=0)]
    not_before: Instant
    told_on: Day = Field(description="Business date.")


class CutWithdrawn(Fact):
    """A cut is not needed any more: it was settled, held, or its approval taken back. What nobody was told of is not sent."""

    type: ClassVar[str] = "collection.cut_withdrawn.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A cut that was announced will not take place."

    account_no: No
    cut_no: Id
    service_point_no: No
    org_unit: str
    reason: Code = Field(description="`settled`, `held`, `protected`, `rejected`.")
    withdrawn_at: Instant


FACTS: tuple[type[Fact], ...] = (CutAnnounced, CutImminent, CutWithdrawn)

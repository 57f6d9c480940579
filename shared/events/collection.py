"""Facts that the collection service (收费) publishes. Key: the account."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.events import cuts, late_fees, prepaid, supply
from shared.events.billing import Part
from shared.events.fact import Code, Fact, Fen, Id, No
from shared.fields import Day


class PaymentReceived(Fact):
    """Money arrived and was posted to an account."""

    type: ClassVar[str] = "collection.payment_received.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A payment was posted to an account."

    account_no: No
    payment_id: Id
    org_unit: str
    channel: Code
    amount_fen: Fen
    received_on: Day


class PaymentReversed(Fact):
    """A posted payment was taken back (退票, 冲正): what it had settled is owed again where no other money settles it."""

    type: ClassVar[str] = "collection.payment_reversed.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A payment was taken back; what it had settled is owed again."

    account_no: No
    payment_id: Id
    org_unit: str
    channel: Code
    amount_fen: Fen
    received_on: Day
    reversed_on: Day
    outstanding_fen: Annotated[int, Field(ge=0, description="What the account owes after the reversal, all together.")]


class ReceivableCleared(Fact):
    """Nothing is owed on a receivable any more."""

    type: ClassVar[str] = "collection.receivable_cleared.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A receivable is fully settled."

    account_no: No
    receivable_id: Id
    document_kind: Code
    document_id: Id
    cleared_on: Day


class ReceivableReopened(Fact):
    """What settled a receivable is elsewhere now: its payment was taken back, or money went to what is older by its own day.

    It withdraws the last `ReceivableCleared` of the receivable; where that is settled again, it is told again. A receivable that
    is settled since another day than was told has a new `ReceivableCleared` without this. One that is reversed has neither.
    """

    type: ClassVar[str] = "collection.receivable_reopened.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A receivable that was told as settled is owed again."

    account_no: No
    receivable_id: Id
    document_kind: Code
    document_id: Id
    outstanding_fen: Annotated[int, Field(gt=0)]


# no more made: `DunningStepDue` is, for all debts together; it stays readable for what is in the logs
class ReminderDue(Fact):
    """An overdue receivable is to be reminded of, once (催费)."""

    type: ClassVar[str] = "collection.reminder_due.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A customer is to be reminded of an overdue receivable."

    account_no: No
    reminder_id: Id
    receivable_id: Id
    document_kind: Code
    document_id: Id
    org_unit: str
    outstanding_fen: Annotated[int, Field(gt=0)]
    due_on: Day
    business_date: Day


class DunningDebt(Part):
    """One of the debts that a step of dunning is about, and what is owed of it."""

    receivable_id: Id
    document_kind: Code
    document_id: Id
    due_on: Day
    outstanding_fen: Annotated[int, Field(gt=0)]


class DunningStepDue(Fact):
    """Something is to be done about what an account owes (催费): one step per account and stage, over all its debts that nothing
    holds.

    It takes the place of `ReminderDue`, which was told of each receivable and is not made any more.
    """

    type: ClassVar[str] = "collection.dunning_step_due.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A step of dunning is to be taken towards an account."

    account_no: No
    case_no: Id
    step_id: Id
    org_unit: str
    stage: Annotated[int, Field(gt=0)]
    action: Literal["notice", "call", "visit", "approval", "cut"] = Field(
        description="`approval`, `cut`: what people of collection do; the customer is told by other facts."
    )
    track: Literal["resident", "business", "vulnerable", "former_debtor"]
    tone: Literal["plain", "gentle", "firm"] | None = Field(
        default=None, description="Of a notice; none: as the standing of the account says."
    )
    outstanding_fen: Annotated[int, Field(gt=0, description="Of all its debts.")]
    due_on: Day = Field(description="The due date of the oldest of them.")
    business_date: Day
    debts_count: Annotated[int, Field(gt=0)]
    debts: Annotated[tuple[DunningDebt, ...], Field(min_length=1, max_length=200, description="The oldest of them.")]


class DunningStepWithdrawn(Fact):
    """A step of dunning is not needed any more: all debts that it was about are settled, or reversed.

    Who was not told yet is not. It comes as often as the last of those debts is settled; one that is owed again has new steps.
    """

    type: ClassVar[str] = "collection.dunning_step_withdrawn.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A step of dunning is not to be taken any more."

    account_no: No
    step_id: Id
    org_unit: str
    action: Literal["notice", "call", "visit"]
    reason: Code = Field(description="`settled`.")
    withdrawn_on: Day


class PlannedInstalment(Part):
    """What a plan says is to be paid by a day."""

    due_on: Day
    amount_fen: Annotated[int, Field(gt=0)]


class PlanChanged(Fact):
    """An instalment plan (分期) was proposed, agreed or rejected by a second person, broken, or completed; its whole state.

    The highest version is how it stands. From the day on which it is agreed to the day before it is broken or completed nothing
    is done about the debts that it covers.
    """

    type: ClassVar[str] = "collection.plan_changed.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "An instalment plan was proposed, agreed, rejected, broken or completed."

    account_no: No
    plan_no: Id
    version: Annotated[int, Field(gt=0)]
    org_unit: str
    state: Literal["proposed", "agreed", "rejected", "broken", "completed"]
    changed_on: Day
    covered_fen: Annotated[int, Field(gt=0, description="What was owed of the debts that it covers.")]
    receivable_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=100)]
    instalments: Annotated[tuple[PlannedInstalment, ...], Field(min_length=1, max_length=60)]


class AccountSettled(Fact):
    """An account that a closing has ended owes nothing any more, and what was left of its money is paid out or kept."""

    type: ClassVar[str] = "collection.account_settled.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "The money of an account that is closed is settled."

    account_no: No
    org_unit: str
    closing_no: No
    bill_id: Id = Field(description="The last bill of its closing.")
    settled_on: Day
    paid_out_fen: Annotated[int, Field(ge=0, description="What is given back to the customer.")]
    kept_fen: Annotated[int, Field(ge=0, description="What stays on the account because it is claimed.")]


class AccountStandingChanged(Fact):
    """How an account pays (缴费情况) is judged otherwise than before, or it owes something late where it did not, or no more.

    The highest version is how it stands. The figures are those by which it was judged on the day `since`, by
    collection's dated policy; `hardship` was said by a person, whatever they are.
    """

    type: ClassVar[str] = "collection.account_standing_changed.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "How an account pays is judged otherwise than before."

    account_no: No
    version: Annotated[int, Field(gt=0)]
    org_unit: str
    standing: Literal["prompt", "sometimes_late", "often_late", "hardship"]
    since: Day
    due_count: Annotated[int, Field(ge=0, description="Receivables that count.")]
    late_count: Annotated[int, Field(ge=0, description="Those of them that were settled late, or are late and owed.")]
    owed_late_count: Annotated[int, Field(ge=0, description="Those of them that are late and owed.")]


FACTS: tuple[type[Fact], ...] = (
    PaymentReceived,
    PaymentReversed,
    ReceivableCleared,
    ReceivableReopened,
    ReminderDue,
    DunningStepDue,
    DunningStepWithdrawn,
    PlanChanged,
    AccountSettled,
    AccountStandingChanged,
    *late_fees.FACTS,
    *cuts.FACTS,
    *prepaid.BALANCES,
    *supply.ASKED,
)

"""Facts that the billing service (核算) publishes. Key: the account."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events import closings, prepaid
from shared.events.fact import Code, Fact, Fen, Id, No, Reference
from shared.fields import Day, Month


class Part(BaseModel):
    """A value inside a fact."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PaymentMode(Part):
    """How a contract is paid from a day on: after the bill, or before (费控)."""

    from_: Day = Field(alias="from")
    mode: Literal["postpaid", "prepaid"]

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Contract(Part):
    """Who is supplied where, and when: `to` is the first day no longer supplied."""

    contract_no: No
    service_point_no: No
    from_: Day = Field(alias="from")
    to: Day | None = None
    curve_minutes: Literal[15, 30, 60] | None = Field(
        default=None, description="The slots of the load curve that its bills need; none by default."
    )
    annulled: bool = Field(default=False, description="It never was: entered by mistake, and taken back with a reason.")
    payment_modes: tuple[PaymentMode, ...] = Field(
        (), max_length=64, description="By day, rising; postpaid before the first and without any."
    )
    cycle_months: int = Field(default=1, ge=1, le=12, description="How many months each of its bills is for.")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class AccountChanged(Reference):
    """An account (户) was opened or changed; carries its whole state."""

    type: ClassVar[str] = "billing.account_changed.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "An account was opened, changed or closed; its whole state."

    account_no: No
    org_unit: str
    customer_class: Code
    opened_on: Day
    closed_on: Day | None = None
    contracts: tuple[Contract, ...] = Field(max_length=64)
    customer_no: No | None = Field(
        default=None, description="The customer (客户编号) that the account is of: an opaque number, nothing personal."
    )


class Component(Part):
    """One part of a bill for the ledger's mapping table, e.g. `energy` or the name of a levy."""

    component: Code
    amount_fen: Fen


class Bill(Part):
    """An issued bill (电费账单) as other services need it."""

    bill_id: Id
    account_no: No
    contract_no: No
    service_point_no: No
    org_unit: str
    route_no: No
    cycle: Month
    period_from: Day
    period_to: Day
    version: Annotated[int, Field(ge=1)]
    issued_on: Day
    due_on: Day
    total_fen: Fen
    components: tuple[Component, ...] = Field(max_length=32)
    energy_wh: int
    estimated: bool
    usage_id: Id
    tariff: str = Field(description="Tariff id, `@` and version.")


class Difference(Part):
    """A difference document (差额单): what the bill now in force differs by from the one before it, which stands.

    It is posted as a debt of its own, below zero as a credit; `replacement_id` is none where the bill was cancelled.
    """

    difference_id: Id
    bill_id: Id
    replacement_id: Id | None = None
    cycle: Month
    due_on: Day
    total_fen: Fen
    components: tuple[Component, ...] = Field(max_length=64)


class BillIssued(Fact):
    """A bill was released by its run and is now a debt."""

    type: ClassVar[str] = "billing.bill_issued.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A bill was issued."

    account_no: No
    bill: Bill


class BillCorrected(Fact):
    """Issued bills were corrected, in one group that is posted as one: reversed and replaced, or by difference.

    Reversals and replacements need not be of the same periods. With `differences` (one for each reversal) nothing is reversed and
    no replacement that one of them names is a document: these are posted, and the replacements that none names, as bills. Both
    ways end in the same sum, so a reader that does not know the field keeps right balances.
    """

    type: ClassVar[str] = "billing.bill_corrected.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "Issued bills were reversed and replaced, or adjusted by difference; one ledger group."

    account_no: No
    correction_id: Id
    corrected_on: Day
    reason: Code
    reversals: tuple[Bill, ...] = Field(max_length=64, description="The bills taken out of force, as issued.")
    replacements: tuple[Bill, ...] = Field(max_length=64, description="The bills now in force.")
    differences: tuple[Difference, ...] = Field(
        (), max_length=64, description="The difference documents of a correction by difference."
    )


class RereadRequested(Fact):
    """A reviewer wants the meter read again before the bill may go out.

    With a `day` no read is doubted: the bill needs the registers of that day, on which its prices change, as the end of a period.
    """

    type: ClassVar[str] = "billing.reread_requested.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A reviewer asks for a re-read of a service point."

    account_no: No
    request_id: Id
    service_point_no: No
    org_unit: str
    bill_id: Id
    cycle: Month
    reason: Code
    requested_by: str
    day: Day | None = Field(
        default=None, description="The period is to end at the read of this day, once there is one."
    )
    asked_on: Day | None = Field(default=None, description="Business date on which it was asked for.")


class SiteOrderRequested(Fact):
    """A reviewer wants something looked at on site before the bill may go out; reading makes a site order of it.

    Its number is `request_id`. A re-read is asked for by `RereadRequested`.
    """

    type: ClassVar[str] = "billing.site_order_requested.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A reviewer asks for work at a service point."

    account_no: No
    request_id: Id
    kind: Literal["inspection", "use_check", "closing_check", "final_read"]
    service_point_no: No
    org_unit: str
    bill_id: Id | None = None
    reference: No | None = Field(default=None, description="The document that it is about, where that is no bill.")
    cycle: Month | None = None
    reason: Code
    requested_by: str
    asked_on: Day


class SiteOrderWithdrawalRequested(Fact):
    """Billing does not need any more what it has asked for; one on which a visitor has reported already goes on."""

    type: ClassVar[str] = "billing.site_order_withdrawal_requested.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "Work at a service point that was asked for is not needed any more."

    account_no: No
    request_id: Id = Field(description="The number of the site order.")
    service_point_no: No
    org_unit: str
    reason: Code
    requested_by: str
    asked_on: Day = Field(description="Business date of the withdrawal.")


class AdjustmentIssued(Fact):
    """What an account pays more, or gets back, because its meter erred (计量误差退补): a document of its own, never a usage.

    It is posted as a debt, below zero as a credit. One that is wrong is taken back by another one of the opposite figures.
    """

    type: ClassVar[str] = "billing.adjustment_issued.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "An adjustment for a meter that erred was issued."

    account_no: No
    adjustment_id: Id
    dispute_no: No = Field(description="The dispute that its meter was tested for; of a case, its number.")
    service_point_no: No
    org_unit: str
    cycle: Month = Field(description="The month in which it was issued: it is of no reading cycle.")
    issued_on: Day
    due_on: Day
    energy_wh: int = Field(description="Recovered, below zero refunded.")
    total_fen: Fen
    components: tuple[Component, ...] = Field(max_length=64)
    reverses: Id | None = Field(default=None, description="The adjustment that it takes back.")
    case_no: Id | None = Field(default=None, description="The case that it ended with, where no dispute asked for it.")


class Charge(Part):
    """What a case charges (追补电费, 违约使用电费): back-billing or penalty, each a document of its own.

    It follows from `rule`, a calculation of the dated `policy` whose content has `policy_hash`.
    """

    charge_no: Id
    case_no: Id
    account_no: No
    service_point_no: No
    org_unit: str
    component: Literal["back_billing", "penalty"]
    amount_fen: Annotated[int, Field(gt=0, le=2**53)]
    cycle: Month = Field(description="The month in which it was issued: it is of no reading cycle.")
    issued_on: Day
    due_on: Day
    rule: Code
    policy: str = Field(description="Its id, `@` and version.")
    policy_hash: str


class ChargeIssued(Fact):
    """Two more people have approved what an investigator proposed: the account owes it, as a debt of its own."""

    type: ClassVar[str] = "billing.charge_issued.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A case charges an account: back-billing or penalty."

    account_no: No
    charge: Charge


class ChargeWithdrawn(Fact):
    """A charge is taken back: it is reversed, and what had settled it is free again. It carries the charge as it was issued."""

    type: ClassVar[str] = "billing.charge_withdrawn.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A charge of a case was taken back."

    account_no: No
    charge: Charge
    withdrawn_on: Day
    cause: Code = Field(description="`mistaken`, `appeal_upheld`, `waived`; more may come.")


class ChargeHoldChanged(Reference):
    """Who is charged disputes it: nobody is to be reminded of it up to `held_until`; without that the hold has ended."""

    type: ClassVar[str] = "billing.charge_hold_changed.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A disputed charge is held, or is not any more."

    account_no: No
    charge_no: Id
    service_point_no: No
    org_unit: str
    held_until: Day | None = None


class LadderTierNear(Fact):
    """An issued bill shows that the next tier of a yearly ladder (年阶梯) is near, or reached: told once of each year and tier.

    `tier` is the tier that begins above `limit_wh`; `used_wh` is what of the year is billed so far. Of several tiers that one
    bill reaches, the highest is told.
    """

    type: ClassVar[str] = "billing.ladder_tier_near.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "The next tier of an account's ladder is near, or reached."

    account_no: No
    contract_no: No
    service_point_no: No
    org_unit: str
    bill_id: Id
    cycle: str
    ladder: str
    year: int
    tier: Annotated[int, Field(ge=2)]
    used_wh: int
    limit_wh: Annotated[int, Field(gt=0)]
    reached: bool = Field(description="Whether energy of the year is billed in this tier already.")
    told_on: Day = Field(description="Day of the bill's issue, or of the correction.")


FACTS: tuple[type[Fact], ...] = (
    AccountChanged,
    BillIssued,
    BillCorrected,
    RereadRequested,
    SiteOrderRequested,
    SiteOrderWithdrawalRequested,
    AdjustmentIssued,
    *closings.FACTS,
    *prepaid.ESTIMATED,
    ChargeIssued,
    ChargeWithdrawn,
    ChargeHoldChanged,
    LadderTierNear,
)

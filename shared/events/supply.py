"""Facts about supply that is cut and restored (停电、复电): collection asks, reading carries out and tells.

An order is asked for once, under a number of the asker's own. Of the orders of a service point the one with the highest sequence
counts, in whatever order they arrive: a lower one that is not sent is never carried out, and what has been sent is asked for
before anything else is sent. What became of an order is told by `SupplySwitched` or `SupplySwitchFailed`; where one proves to
have been carried out after it was told to have failed (it was withdrawn, superseded or expired on the way), `SupplySwitched`
follows, and is true.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.events.fact import Code, Fact, Id, No
from shared.fields import Day, Instant

Action = Literal["cut", "restore"]
Sequence_ = Annotated[int, Field(ge=1, lt=2**53, description="Of the orders of a service point the highest counts.")]


class SupplyOrderRequested(Fact):
    """The supply of a service point is to be cut or restored, not before an instant and not from another one on."""

    type: ClassVar[str] = "collection.supply_order_requested.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "The supply of a service point is to be cut or restored."

    order_no: Id = Field(description="The asker's own number, for ever: the same again changes nothing.")
    account_no: No
    service_point_no: No
    org_unit: str
    action: Action
    not_before: Instant
    expires_at: Instant = Field(description="From this instant on it is not carried out any more; after `not_before`.")
    supersedes: Id | None = Field(
        default=None,
        description="The order that it takes the place of, for who reads it; what counts is the sequence.",
    )
    sequence: Sequence_
    reason: Code = Field(description="A code of the asker's, such as `arrears`, `settled`.")
    asked_on: Day = Field(description="Business date on which it was asked for; control totals count by its month.")


class SupplyOrderWithdrawn(Fact):
    """A supply order is not needed any more (the debt is settled): it is not carried out unless that has happened already.

    It may arrive before the order itself, and counts then.
    """

    type: ClassVar[str] = "collection.supply_order_withdrawn.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "A supply order is not needed any more."

    order_no: Id
    account_no: No
    service_point_no: No
    org_unit: str
    reason: Code
    withdrawn_at: Instant


class _OfOrder(Fact):
    """What became of a supply order."""

    key_field: ClassVar[str] = "service_point_no"

    order_no: Id
    account_no: No
    service_point_no: No
    org_unit: str
    action: Action
    sequence: Sequence_


class SupplySwitched(_OfOrder):
    """The supply of a service point was cut or restored."""

    type: ClassVar[str] = "reading.supply_switched.v1"
    summary: ClassVar[str] = "The supply of a service point was cut or restored."

    switched_at: Instant
    by: Literal["head_end", "person"]
    although: Literal["early", "expired", "withdrawn", "superseded", "failed"] | None = Field(
        default=None,
        description="It should not have been carried out any more, or not yet: what was cut so is to be restored by its asker.",
    )


class SupplySwitchFailed(_OfOrder):
    """A supply order is not carried out: the code says why."""

    type: ClassVar[str] = "reading.supply_switch_failed.v1"
    summary: ClassVar[str] = "A supply order is not carried out; a code says why."

    failed_at: Instant
    code: Code = Field(
        description=(
            "`expired`, `superseded`, `withdrawn`, `unknown_point`, `no_meter`, `refused` and `head_end_failed` (the head-end"
            " will not, or could not), or what a person on site says, a code of reading's policy such as `no_access`."
        )
    )
    detail: str = Field(default="", max_length=64, description="The head-end's own code, where it has given one.")


class SupplySwitchUnknown(_OfOrder):
    """A supply order was sent and nobody knows whether it was carried out; it is asked for again until that is known.

    Told once an order, the first time. `SupplySwitched` or `SupplySwitchFailed` ends it.
    """

    type: ClassVar[str] = "reading.supply_switch_unknown.v1"
    summary: ClassVar[str] = "Nobody knows yet whether a supply order was carried out."

    sent_at: Instant
    unknown_since: Instant


ASKED: tuple[type[Fact], ...] = (SupplyOrderRequested, SupplyOrderWithdrawn)
"""What collection publishes. Key: the account."""
TOLD: tuple[type[Fact], ...] = (SupplySwitched, SupplySwitchFailed, SupplySwitchUnknown)
"""What reading publishes. Key: the service point."""

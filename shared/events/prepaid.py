"""Facts about supply that is paid for before it is used (费控): what ran since the last bill, and what that will cost.

Reading tells the daily register of each service point that has a prepaid contract; billing rates it, posting nothing; collection
sets the estimate against what was paid in. Each fact carries the whole state by now, under a version that rises: the highest
stands, in whatever order they arrive, and what stood before counts no more.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.events.fact import Fact, Fen, Id, No
from shared.events.registers import MeterSpan, PackedCurve, Wh
from shared.fields import Day, Instant, Month

Version = Annotated[int, Field(ge=1)]


class DailyRegister(Fact):
    """What ran at a service point since the period that was measured last, up to the latest day of which a register is known.

    It has the form of a usage of the cycle that goes on, so that it can be rated as one. `through` is the first day after it; it
    equals `period_from`, without energy, where nothing is known: no register came yet, or the contract is not prepaid any more.
    """

    type: ClassVar[str] = "reading.daily_register.v1"
    key_field: ClassVar[str] = "service_point_no"
    summary: ClassVar[str] = (
        "What ran at a prepaid service point since its last measured period, up to the latest register."
    )

    service_point_no: No
    org_unit: str
    route_no: No
    version: Version = Field(description="Of the service point: the highest is all that counts.")
    period_from: Day = Field(description="Where the usage that was told last ends, or supply began.")
    through: Day = Field(description="The first day after: the day at whose beginning the register was taken.")
    energy_wh: dict[str, Wh] = Field(max_length=32, description="Wh by quantity as in a usage; multiplier applied.")
    cycle: Month = Field(description="The cycle that goes on.")
    read_date: Day = Field(description="The planned date on which it will end.")
    cycle_from: Day | None = Field(default=None, description="The planned read date before.")
    months: Annotated[int, Field(ge=0, le=240)] = Field(default=1, description="Planned months that the cycle is for.")
    demand_w: dict[str, Wh] = Field(default={}, max_length=16, description="Highest demand so far in W by quantity.")
    registers: tuple[MeterSpan, ...] = Field(
        default=(), max_length=64, description="What the registers showed at both ends."
    )
    curves: tuple[PackedCurve, ...] = Field(default=(), max_length=4, description="Where the contract states slots.")
    meter_nos: tuple[No, ...] = Field(default=(), max_length=16)
    read_ids: tuple[Id, ...] = Field(default=(), max_length=64, description="The reads that this was computed from.")


class DailyChargeEstimated(Fact):
    """What the energy of a prepaid contract since its last issued bill will cost, as far as registers are known; not posted.

    It begins where the last issued bill ends, over cycles where a bill is held. With `through` equal to `period_from` there is
    nothing that no bill covers. A bill that is issued for days from `period_from` on takes its place: until the next version
    comes, nothing is estimated.
    """

    type: ClassVar[str] = "billing.daily_charge_estimated.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "What a prepaid contract's energy since its last issued bill will cost, by now."

    account_no: No
    contract_no: No
    service_point_no: No
    org_unit: str
    version: Version = Field(description="Of the contract: the highest is all that counts.")
    mode: Literal["prepaid", "postpaid"] = Field(description="How the contract is paid on the day of the estimate.")
    period_from: Day = Field(description="Where the last issued bill ends, or supply began.")
    through: Day = Field(description="The first day that is not in it.")
    amount_fen: Fen
    energy_wh: int
    days: Annotated[int, Field(ge=0)] = Field(description="`through` less `period_from`.")
    whole: bool = Field(default=True, description="False where a part could not be rated: the amount is of the rest.")
    usual_fen: Fen | None = Field(
        default=None,
        description="What as many days cost on the bills that were issued last; null where there are none.",
    )


class _Balance(Fact):
    """What is left of an account, and of what."""

    account_no: No
    service_point_no: No = Field(description="Of its first prepaid contract.")
    org_unit: str
    announcement_id: Id = Field(description="The document that the notice is about.")
    available_fen: int = Field(description="`prepaid_fen` less `owed_fen` less `estimate_fen`.")
    prepaid_fen: Fen
    owed_fen: Fen
    estimate_fen: Fen = Field(description="What was used since the last bill, as far as registers are known.")
    through: Day = Field(description="The first day that the estimate does not know.")
    episode: Annotated[int, Field(ge=1)] = Field(description="It ends when there is enough again.")
    told_on: Day = Field(description="Business date.")


class PrepaidBalanceLow(_Balance):
    """Less than a level of the policy is left of what was paid in; told once, until there is more than it again."""

    type: ClassVar[str] = "collection.prepaid_balance_low.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "Less than a level is left of what was paid in: the customer is to be told."

    level: Annotated[int, Field(ge=1, description="1: the highest.")]
    level_fen: int


class PrepaidBalanceOverdrawn(_Balance):
    """Nothing is left of what was paid in: the customer is told with legal effect; the proof is when a cut may be proposed."""

    type: ClassVar[str] = "collection.prepaid_balance_overdrawn.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = "Nothing is left of what was paid in: the customer is to be told with legal effect."

    cut_after_minutes: Annotated[int, Field(ge=0)] | None = Field(
        description="How long after that supply may be cut; null: by no policy."
    )


class PrepaidBalanceRecovered(Fact):
    """There is enough again: what was to be told of the balance is told no more."""

    type: ClassVar[str] = "collection.prepaid_balance_recovered.v1"
    key_field: ClassVar[str] = "account_no"
    summary: ClassVar[str] = (
        "There is enough again of what was paid in: earlier notices of the balance are told no more."
    )

    account_no: No
    org_unit: str
    available_fen: int
    episode: Annotated[int, Field(ge=1)] = Field(description="Which notices are told no more: those of this episode.")
    recovered_at: Instant


DAILY: tuple[type[Fact], ...] = (DailyRegister,)
ESTIMATED: tuple[type[Fact], ...] = (DailyChargeEstimated,)
BALANCES: tuple[type[Fact], ...] = (PrepaidBalanceLow, PrepaidBalanceOverdrawn, PrepaidBalanceRecovered)

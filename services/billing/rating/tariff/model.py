"""A loaded tariff: what the document says, checked, as frozen data. Both implementations read this and nothing else.

Energies are Wh, powers VA or W, prices yuan per kWh (kVA, kW, month, day) as exact pairs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.billing.rating.tariff.quantity_rules import QuantityRule
from shared.exact import Exact, RoundTo

# --- prices


@dataclass(frozen=True, slots=True)
class Number:
    """A price that stands in the document."""

    value: Exact


@dataclass(frozen=True, slots=True)
class SumOfPrices:
    """A price composed of others (购电 + 线损 + 输配 …)."""

    parts: "tuple[Price, ...]"


@dataclass(frozen=True, slots=True)
class Ratio:
    """A price that is a ratio to another price, rounded where the document says so."""

    base: "Price"
    times: Exact
    round: RoundTo | None


@dataclass(frozen=True, slots=True)
class SeriesPrice:
    """A price from a dated series kept outside the tariff."""

    series: str


@dataclass(frozen=True, slots=True)
class SeasonalPrice:
    """A price by calendar month: twelve prices, January first."""

    months: "tuple[Price, ...]"


Price = Number | SumOfPrices | Ratio | SeriesPrice | SeasonalPrice


# --- time of use


@dataclass(frozen=True, slots=True)
class When:
    """One rule of a period: in these months, on these weekdays (0 = Monday) and kinds of day, in these minutes of the day."""

    months: frozenset[int]
    weekdays: frozenset[int]
    days: frozenset[str]
    minutes: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Period:
    """A named period (尖峰平谷深谷). `when` empty = the rest of the day; `over` = the period it takes its minutes from."""

    name: str
    register: str | None
    when: tuple[When, ...]
    rest: bool
    over: str | None


DaySchedule = tuple[tuple[int, int, int], ...]
"""(first minute, end minute, index of the period), in order, covering 0 … 1440."""


# --- ladders


@dataclass(frozen=True, slots=True)
class Household:
    """Large household (一户多人口): from `from_people` people every month adds `wh_per_month`.

    `widens` = tier_1 (all limits move by it) or all_tiers (every tier becomes wider by it).
    """

    from_people: int
    wh_per_month: int
    widens: str


@dataclass(frozen=True, slots=True)
class Condition:
    """Whom a charge or free kWh concern; None = everybody. `exempt`: not accounts with one of these exemptions."""

    classes: frozenset[str] | None
    options: frozenset[str] | None
    people_from: int | None
    people_below: int | None
    exempt: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Free:
    """Free kWh a month (低保 / 五保). `how` = before_ladder or credit_at_tier_1; `rest` = lost or carried_in_year.

    `fact`: the account's figure that says how many, `wh_per_month` where it has none; "" = the same for everybody.
    """

    wh_per_month: int
    applies: Condition
    how: str
    rest: str
    fact: str = ""


@dataclass(frozen=True, slots=True)
class Ladder:
    """A ladder (阶梯). `limits` holds the rising upper limits in Wh of all tiers but the last, for each of twelve months
    (January first); the twelve are the same where the document has one list.

    `span`: year, month, cycle or day. `proration` of limits (span month): per_month, days/30, days/365.
    `limits_by_period` replaces `limits` where each period has a ladder of its own.
    """

    name: str
    counts: str
    span: str
    year_starts: int
    belongs_to: str
    proration: str
    limits: tuple[tuple[int, ...], ...]
    limits_by_period: Mapping[str, tuple[int, ...]]
    part_year: str
    household: Household | None
    times_households: bool
    outside_months: frozenset[int]
    whole_quantity: bool
    free: Free | None

    @property
    def tiers(self) -> int:
        """Return the number of tiers."""
        some = next(iter(self.limits_by_period.values())) if self.limits_by_period else self.limits[0]
        return len(some) + 1


# --- charges


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeBase:
    """What every charge has. `taxed` says whether the tax of the document is on it."""

    name: str
    zh: str
    applies: Condition
    taxed: bool

    @property
    def prices_kwh(self) -> bool:
        """Return whether this is a price of energy taken in."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy(ChargeBase):
    """kWh × price. `by` = "" (one price), "period" (prices in the order of the periods), "interval" (curve × series)."""

    quantity: str
    by: str
    prices: tuple[Price, ...]
    sign: int = 1
    """-1 for the kind `export`: its own line in favour of the customer."""

    @property
    def prices_kwh(self) -> bool:
        """Return whether this is a price of energy taken in."""
        return self.sign > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiered(ChargeBase):
    """Ladder prices or add-ons. `add_on` False: all kWh by tier price; True: kWh of a tier × the add-on of that tier.

    `prices[t]` for tier t + 1; `prices_by_period[p][t]` where they differ by period.
    `split` = how kWh of periods fall into tiers: by_share, in_time_order, own_limits_per_period, "" where it does not matter.
    """

    add_on: bool
    ladder: str
    prices: tuple[Price, ...]
    prices_by_period: tuple[tuple[Price, ...], ...]
    split: str

    @property
    def prices_kwh(self) -> bool:
        """Return whether this is a price of energy taken in."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity(ChargeBase):
    """Capacity charge (容量电费) per kVA and month, parts of a month by `month` (thirtieths, calendar_days)."""

    price: Price
    month: str
    last_part: str
    state_share: Mapping[str, Exact]
    suspension_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand(ChargeBase):
    """Demand charge (需量电费). `basis` = contract or actual; `measured` = quantity in W, or a curve's 15-minute mean."""

    price: Price
    basis: str
    measured: str
    curve: str | None
    floor_share: Exact | None
    over_from: Exact | None
    over_times: Exact | None
    ratchet_share: Exact | None
    ratchet_months: int
    discount_wh_per_kva: int | None
    discount_pays: Exact | None
    discount_quantity: str
    month: str
    last_part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed(ChargeBase):
    """A fixed amount per month, day or cycle. `part_month`: what a cycle counts as that is a part of its months, or longer."""

    price: Price
    per: str
    part_month: str


@dataclass(frozen=True, slots=True)
class FactorStep:
    """Points (hundredths) up to `to_points` cost `percent_per_point` each; the last step has None."""

    to_points: int | None
    percent_per_point: Exact


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerFactor(ChargeBase):
    """Power factor adjustment (力调电费, 1983 rule): percent of the named charges by hundredths below or above `standard`.

    `cos_phi` is how cos φ becomes hundredths: half_up or down. Half_even would be half_up: no cos φ of whole Wh and varh lies
    on a half, for 40000 − m² is no square where m is odd. `fact`: the account's figure that is its standard, `standard` where it
    has none; "" = the same for everybody. `rewards`: by standard.
    """

    standard: int
    cos_phi: str
    active: str
    reactive: str
    on: tuple[str, ...]
    of: str
    penalty: tuple[FactorStep, ...]
    rewards: Mapping[int, tuple[FactorStep, ...]]
    fact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Percent(ChargeBase):
    """A percentage of named charges, of their exact values or of their amounts."""

    percent: Exact
    on: tuple[str, ...]
    of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum(ChargeBase):
    """What is missing from the named charges to a minimum a month."""

    price: Price
    on: tuple[str, ...]
    part_month: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit(ChargeBase):
    """A credit: free kWh of a ladder × price, or a fixed amount per month where `ladder` is empty."""

    ladder: str
    price: Price
    part_month: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given(ChargeBase):
    """An amount from outside."""


Charge = Energy | Tiered | Capacity | Demand | Fixed | PowerFactor | Percent | Minimum | Credit | Given


@dataclass(frozen=True, slots=True)
class Tax:
    """Tax: included in the prices, or added as a line of its own."""

    included: bool
    rate: Exact
    shown: bool


@dataclass(frozen=True, slots=True)
class Tariff:
    """A tariff version. `sha256` is the hash of the canonical document: an issued bill keeps it.

    `unconfirmed` lists pointers to facts that are null: such a tariff rates nothing. `hours_unconfirmed`: period registers
    can be billed, curves cannot. `known` names every quantity that usage may bring.
    `schedules[kind of day][month - 1][weekday]` are the periods of a day. `undivided`: what becomes of energy of the total
    register that no register of a period measured: held, by_share, or to_period, which is then `undivided_period` (its index).
    """

    id: str
    version: str
    title: str
    from_: date | None
    to: date | None
    currency: str
    time_zone: str
    on_change_usage: str
    on_change_without_read: str
    on_change_ladder: str
    on_change_limits: str
    series_at: str
    round_line: RoundTo
    round_total: RoundTo | None
    round_kwh: RoundTo | None
    rest_stays: bool
    periods: tuple[Period, ...]
    schedules: Mapping[str, tuple[tuple[DaySchedule, ...], ...]]
    calendar: str | None
    ladders: Mapping[str, Ladder]
    quantities: tuple[QuantityRule, ...]
    charges: tuple[Charge, ...]
    tax: Tax | None
    sum_tolerance_wh: int
    undivided: str
    undivided_period: int
    known: frozenset[str]
    sha256: str
    unconfirmed: tuple[str, ...]
    hours_unconfirmed: bool

    @property
    def prices_kwh(self) -> bool:
        """Return whether any charge is a price of energy taken in."""
        return any(charge.prices_kwh for charge in self.charges)

    @property
    def conditions(self) -> list[Condition]:
        """Return whom its charges and free kWh concern."""
        free = [ladder.free.applies for ladder in self.ladders.values() if ladder.free]
        return [charge.applies for charge in self.charges] + free

    @property
    def is_cut_by_figures(self) -> bool:
        """Return whether other figures of the account make another part of a cycle."""
        return bool(self.quantities) or any(x.free is not None and x.free.fact for x in self.ladders.values())

    def registers(self, quantity: str) -> tuple[str, ...]:
        """Return the register of each period for a quantity, in the order of the periods."""
        return tuple(
            p.register if p.register is not None and quantity == "import" else f"{quantity}.{p.name}"
            for p in self.periods
        )

"""What rating takes and what it answers: plain frozen data, shared by both implementations.

Energy is integer Wh (varh for reactive), power integer W (VA), money integer fen, exact values integer pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from shared.exact import Exact

NOTHING: Mapping[str, Any] = MappingProxyType({})

JsonState = Mapping[str, Any]
"""State carried from bill to bill, plain JSON:

{"ladders": {NAME: {"year": 2026, "used_wh": [t1, t2, t3]}},    what each tier has used, one entry per tier
 "free": {NAME: {"year": 2026, "used_wh": 0}},                   only with free kWh
 "rest_wh": {QUANTITY: 350},                                     only with kWh rounding that leaves the rest in the register
 "demand_w": {CHARGE: {"2026-01": 228000}}}                      only with a demand ratchet
With own limits per period `used_wh` is {PERIOD: [t1, t2, t3]}.
"""


@dataclass(frozen=True, slots=True)
class Equipment:
    """A transformer or motor that counts towards capacity. `state` is a name of the tariff's `state_share`."""

    name: str
    capacity_va: int
    state: str = "running"


@dataclass(frozen=True, slots=True)
class AccountSpan:
    """What is true of the account in [from_, to); `to` None = until further notice.

    The first fact's `from_` is the opening of the account for the ladder (unless the request names `opened`).
    `values` are named decimals that the tariff refers to (losses, fixed kWh, shares, power factor standard, free kWh).
    `exempt` are the exemptions that the account has, by the names of the tariff's charges.
    `tariff` overrides the tariff of the request for this span (change of class or option).
    """

    from_: date
    to: date | None = None
    class_: str = "residential"
    people: int = 0
    households: int = 1
    option: str = ""
    capacity_va: int | None = None
    contract_demand_w: int | None = None
    equipment: tuple[Equipment, ...] = ()
    values: Mapping[str, Exact] = field(default_factory=lambda: NOTHING)
    tariff: str | None = None
    exempt: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """Interval energies of one quantity: `wh[i]` is the energy of the i-th slot of `minutes` from the instant `start`.

    `start` is an aware instant; a missing slot is None.
    """

    quantity: str
    start: datetime
    minutes: int
    wh: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class UsagePart:
    """Usage between two reads: [from_, to), Wh by quantity name (`import`, `import.peak`, `reactive.import`, `export` …).

    Quantities whose name starts with `demand` are W and combine by their highest value, all others add up.
    """

    from_: date
    to: date
    wh: Mapping[str, int]
    curves: tuple[Curve, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One bill to rate. `bill_months` are first days of months and come from the reading plan, never from the length.

    `facts` reach back to the opening of the account or before the first day of the ladder year.
    `month` is the whole cycle of the reading plan where [from_, to) is only a part of it (opening, closing), and `supplied` the
    days of it that the contract covers, where they are more than [from_, to): the cycle has several bills. `cycles`: how many
    of the contract's cycles `bill_months` are.
    `amounts` are amounts from outside, decimals in yuan by charge name (kind `given`).
    """

    contract: str
    tariff: str
    from_: date
    to: date
    read_day: date
    bill_months: tuple[date, ...]
    facts: tuple[AccountSpan, ...]
    usage: tuple[UsagePart, ...]
    state: JsonState | None = None
    amounts: Mapping[str, Exact] = field(default_factory=lambda: NOTHING)
    month: tuple[date, date] | None = None
    supplied: tuple[date, date] | None = None
    cycles: int = 1
    opened: date | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A coded value returned with the bill. `severity` is `info`, `warn`, `hold` or `refused`; no personal data."""

    code: str
    severity: str
    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill.

    `quantity` is in thousandths of `unit` (kWh -> Wh, kVA -> VA, kW -> W; months and days in thousandths too); None where the
    line has none. `price` is the exact unit price; `exact` the value before rounding, in yuan; `amount_fen` after it.
    `factors` are further factors of the product; `on` the addends (yuan) of which `price` is a rate.
    """

    charge: str
    zh: str
    kind: str
    period: str | None
    tier: int | None
    quantity: int | None
    unit: str
    price: Exact | None
    exact: Exact
    amount_fen: int
    tariff: str
    version: str
    from_: date
    to: date
    factors: tuple[Exact, ...] = ()
    on: tuple[Exact, ...] = ()


@dataclass(frozen=True, slots=True)
class RatedBill:
    """The answer to one request. Refused: `refusal` is set, no lines, total 0, `state` is the one that came in.

    `unpriced_wh`: energy on which prices and the total register do not agree, taken in that no price met or the other way round.
    `losses_wh`: what of `quantities_wh` are stated losses; who rates leaves it, who knows the names of the tariff says it.
    `limits_wh`: the upper limits of all tiers but the last, as the last days of the bill have them, by ladder
    (NAME/PERIOD with own limits).
    """

    contract: str
    currency: str
    lines: tuple[Line, ...]
    total_fen: int
    tax_fen: int | None
    state: JsonState | None
    quantities_wh: Mapping[str, int]
    tariffs: tuple[tuple[str, str, str], ...]
    findings: tuple[Finding, ...] = ()
    refusal: Finding | None = None
    unpriced_wh: int = 0
    losses_wh: int = 0
    limits_wh: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: NOTHING)

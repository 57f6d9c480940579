"""Rules that make quantities before prices: losses, fixed kWh, shares, sub-meters, spreading."""

from dataclasses import dataclass

from shared.exact import Exact, RoundTo

Amount = Exact | str
"""A figure of the document, or the name of a value of the account facts."""


@dataclass(frozen=True, slots=True)
class SumRule:
    """name = sum of others (or of their absolute values)."""

    name: str
    of: tuple[str, ...]
    absolute: bool


@dataclass(frozen=True, slots=True)
class RestRule:
    """name = one quantity without others (套扣, main meter less sub-meters); `below_zero` = zero or kept."""

    name: str
    of: str
    without: tuple[str, ...]
    below_zero: str


@dataclass(frozen=True, slots=True)
class LossRule:
    """name = iron loss (by month parts or by hours) + copper loss as a share of a quantity (变损, 线损)."""

    name: str
    iron: Amount | None
    iron_by: str
    copper_share: Amount | None
    copper_of: str
    round: RoundTo


@dataclass(frozen=True, slots=True)
class ShareRule:
    """name = a share of a quantity (定比)."""

    name: str
    of: str
    share: Amount
    round: RoundTo


@dataclass(frozen=True, slots=True)
class FixedRule:
    """name = fixed kWh a month (定量), by days where a segment is part of the cycle."""

    name: str
    kwh: Amount
    round: RoundTo


@dataclass(frozen=True, slots=True)
class SpreadRule:
    """name.PERIOD = a quantity spread over the periods by the share of `by`.PERIOD, to 1 Wh, largest remainder."""

    name: str
    of: str
    by: str


QuantityRule = SumRule | RestRule | LossRule | ShareRule | FixedRule | SpreadRule

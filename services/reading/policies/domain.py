"""Rules of the reading service as data: limits of validation, roll-over, estimates and read windows, with their dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Deviation:
    """A usage is high (low) from `percent` above (below) the history on, if it also differs by `delta_wh_min`."""

    percent: int
    delta_wh_min: int


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the rules, for read dates in [from, to)."""

    name: str
    version: int
    from_: date
    to: date | None
    future_seconds_max: int  # clocks of meters run ahead by this much
    window_days: int  # the read window of a route ends so many days after its read date
    register_daily_kwh_max: int  # the most that a register can run in a day, before its multiplier
    estimates_in_a_row_max: int
    high: Deviation
    low: Deviation


@dataclass(frozen=True, slots=True)
class Policies:
    """All versions, in the order of their dates."""

    versions: tuple[Policy, ...]

    def on(self, day: date) -> Policy:
        """Return the version for a read date; raises `LookupError` outside of all."""
        for policy in reversed(self.versions):
            if policy.from_ <= day and (policy.to is None or day < policy.to):
                return policy
        raise LookupError(f"no reading policy for {day}")


def in_order(versions: Sequence[Policy]) -> Policies:
    """Return the policies by date; raises `ValueError` for a gap or an overlap."""
    ordered = sorted(versions, key=lambda policy: policy.from_)
    for before, after in pairwise(ordered):
        if before.to != after.from_:
            raise ValueError(f"policy {before.name}: gap or overlap between {before.to} and {after.from_}")
    if not ordered or ordered[-1].to is not None:
        raise ValueError("the last reading policy must be open-ended")
    return Policies(tuple(ordered))

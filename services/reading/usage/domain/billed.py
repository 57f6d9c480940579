"""Whether a change counts days otherwise that are billed: told in cycles that are closed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.reading.network.domain import changes as network
from services.reading.network.domain.changes import Change
from services.reading.network.domain.installations import Placement
from services.reading.usage.domain.usages import MeterSpan, Usage
from shared import civil


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """The period of a usage that was told in a cycle which is closed, and by which meters it was counted then."""

    from_: date
    to: date
    spans: Sequence[MeterSpan]


def recounted(changes: Sequence[Change], billed: Mapping[str, Sequence[Billed]]) -> set[str]:
    """Return the points of which billed days get another multiplier than they had or were told with, or their meter other faces.

    Where no meter stood right before, what was told counts: a meter does not come back to such days with another multiplier.
    """
    before, after = network.changed(changes)
    return {
        placement.service_point_no
        for placement in after
        for period in billed.get(placement.service_point_no, ())
        if _recounts(placement, [b for b in before if b.service_point_no == placement.service_point_no], period)
    }


def retold(usages: Sequence[Usage], billed: Mapping[str, Sequence[Billed]]) -> set[str]:
    """Return the points of which a usage says something else of billed days than was told before."""
    return {
        usage.service_point_no
        for usage in usages
        for period in billed.get(usage.service_point_no, ())
        if usage.shares_a_day(period.from_, period.to)
    }


def _recounts(placement: Placement, before: Sequence[Placement], period: Billed) -> bool:
    day, end = max(placement.installed_on, period.from_), min(placement.removed_on or civil.END, period.to)
    while day < end:
        was = next((each for each in before if each.installed_on <= day < (each.removed_on or civil.END)), None)
        if was is None:
            until = min([end, *(each.installed_on for each in before if each.installed_on > day)])
            if any(
                span["from_on"] < until and day < span["to_on"] and _differs(span, placement) for span in period.spans
            ):
                return True
            day = until
        elif not _alike(was, placement):
            return True
        else:
            day = was.removed_on or civil.END
    return False


def _differs(span: MeterSpan, placement: Placement) -> bool:
    register = placement.registers[0]
    return span["multiplier"] * register.denominator != register.numerator * span["multiplier_denominator"]


def _alike(was: Placement, now: Placement) -> bool:
    if was.meter_no == now.meter_no:
        return was.registers == now.registers
    one, other = was.registers[0], now.registers[0]
    return one.numerator * other.denominator == other.numerator * one.denominator

"""Usages as they were heard: what can never have been told is known by itself."""

from collections.abc import Sequence

from services.reading.usage.domain.usages import MeterSpan, Usage
from shared import packed

_NUMBER_MAX = 2**30  # half of what a column holds, since a version is told above it
_IN_A_ROW_MAX = 2**15 - 1
_ORG_UNIT_MAX = 128


def impossible(usage: Usage) -> str:
    """Return what this one has that no usage has, or nothing."""
    if usage.period_to <= usage.period_from:
        return "its period has no day"
    if not 0 < len(usage.org_unit) <= _ORG_UNIT_MAX:
        return "its org unit has no name, or one that is too long"
    if any(amount < 0 for amount in (*usage.energy_wh.values(), *usage.demand_w.values())):
        return "an energy or a demand is below zero"
    if usage.version > _NUMBER_MAX or usage.estimates_in_a_row > _IN_A_ROW_MAX:
        return "a number is beyond all counting"
    words = (*usage.actors, *usage.read_ids, *usage.meter_nos, *usage.findings)
    if any(word.split() != [word] for word in words):
        return "a name in a list is empty or has a space"
    if not all(map(_is_face, usage.registers)):
        return "registers showed what no face shows"
    return "" if all(_is_curve(curve.values) for curve in usage.curves) else "a load curve is not packed"


def beside(usage: Usage, versions: Sequence[Usage]) -> Usage | None:
    """Return a usage of another period that was told of days of this one, and was withdrawn as little as it."""
    newest = {each.key: each for each in sorted(versions, key=lambda each: each.version)}
    if usage.withdrawn or newest[usage.key].version > usage.version:
        return None
    others = (each for each in newest.values() if each.key != usage.key and not each.withdrawn)
    return next((each for each in others if each.shares_a_day(*usage.key)), None)


def _is_face(span: MeterSpan) -> bool:
    numbers = (span["multiplier"], span["multiplier_denominator"], *span["turns"].values())
    shown = (face for ends in span["shown"].values() for face in ends)
    return all(0 <= number <= _NUMBER_MAX for number in numbers) and all(map(_is_decimal, shown))


def _is_decimal(face: str) -> bool:
    return face.isascii() and face.removeprefix("-").replace(".", "", 1).isdigit()


def _is_curve(values: str) -> bool:
    try:
        packed.unpack(values)
    except packed.NotPacked:
        return False
    return True

"""Load curves as usages tell them."""

from services.reading.reads.domain.curve_alignment import Aligned
from shared import packed
from shared.events.reading import PackedCurve


def told(quantity: str, curve: Aligned) -> PackedCurve:
    """Return an aligned curve as a usage carries it."""
    assert curve.minutes in (15, 30, 60)
    return PackedCurve(quantity=quantity, start=curve.start, minutes=curve.minutes, values=packed.pack(curve.values))

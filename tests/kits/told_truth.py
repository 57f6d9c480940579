"""What holds of the told town in the end, and what its bills have to be by it, in whatever order it was told."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from tests.kits import slow_walk
from tests.kits.told_town import (
    BY_TIME_FROM,
    CHANGED,
    CURVED,
    DEARER_FROM,
    FIRST,
    LARGE,
    LARGE_FROM,
    LATER_BY_TIME,
    SHOP,
    SHOP_KVARH,
    USED_KWH,
)


def fen_of_bills(home: int, periods: Sequence[tuple[date, date]]) -> list[int]:
    """Return what the bills of a home, or of the shop, have to be by a slow walk."""
    if home == SHOP:
        return slow_walk.fen_of_shop_bills(SHOP_TRUTH, periods)
    return slow_walk.fen_of_bills(truth(home, periods[0][0]), periods)


SHOP_TRUTH = slow_walk.Shop(
    kwh=Fraction(3 + SHOP),
    kvarh=Fraction(SHOP_KVARH),
    running_kva=(
        (FIRST, 515),
        (date(2026, 2, 11), 315),
        (date(2026, 3, 6), 515),
        (date(2026, 3, 16), 600),
    ),
    by_capacity_to=date(2026, 4, 11),
    exempt_from=date(2026, 5, 1),
    standards=((FIRST, 90), (date(2026, 5, 1), 85)),
)


def truth(home: int, opened: date) -> slow_walk.Home:
    """Return what a home used and what holds of it in the end."""
    kwh = Fraction(3 + home)
    valley = {CURVED: kwh / 8, LATER_BY_TIME: Fraction(1)}.get(home, Fraction(0))
    changed = CHANGED.get(home, {})
    return slow_walk.Home(
        opened=opened,
        peak_kwh=kwh - valley,
        valley_kwh=valley,
        prices=[(FIRST, Fraction("0.538")), (DEARER_FROM, Fraction("0.638"))],
        used_kwh=Fraction(changed.get("used_kwh", USED_KWH.get(home, 0))),
        large_from=LARGE_FROM if home == LARGE else slow_walk.NEVER,
        by_time_from={CURVED: FIRST, LATER_BY_TIME: BY_TIME_FROM}.get(home, slow_walk.NEVER),
    )

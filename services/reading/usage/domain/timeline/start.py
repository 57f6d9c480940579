"""Where the periods of a point are derived from again."""

from collections.abc import Sequence
from datetime import date

from services.reading.usage.domain.timeline.known import Settled, Start
from services.reading.usage.domain.usages import ESTIMATED, Usage


def before(standing: Sequence[Usage], touched: date | None) -> Start | None:
    """Return the last settled boundary before the earliest day touched, or None where all has to be derived.

    `standing`: all usages in force of the point, in order. Settled: the registers are known, and not by an imported estimate.
    """
    if touched is None:
        return None
    settled: list[Settled] = []
    energy: dict[str, int] = {}
    found: tuple[Usage, int] | None = None
    last: date | None = None
    for usage in standing:
        if usage.period_to >= touched:
            break
        if last is None or usage.period_from > last:
            settled.append(Settled(usage.period_from, {}))
            energy = {}
        for quantity, wh in usage.energy_wh.items():
            energy[quantity] = energy.get(quantity, 0) + wh
        last = usage.period_to
        if usage.closing_known and usage.quality != ESTIMATED:
            settled.append(Settled(last, energy))
            energy = {}
            found = usage, len(settled)
    if found is None:
        return None
    end, count = found
    key = (end.closing_meter, end.closing_installed_on) if end.closing_installed_on is not None else None
    return Start(
        on=end.period_to,
        key=key,
        counts=end.closing_counts,
        read_ids=end.closing_read_ids,
        actors=end.closing_actors,
        settled=settled[:count],
    )

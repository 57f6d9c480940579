"""What sub-meters measured (套扣): quantities of their own in the main meter's bill, which its tariff takes off."""

from collections.abc import Mapping, Sequence
from typing import Final

from services.billing.contracts.domain import SubMeter
from services.billing.usages.domain import Usage
from shared.dated import Period
from shared.errors import Refused

MISSING: Final = "submeter_missing"
"""A day of the bill has no usage in force of a sub-meter yet."""
PERIODS_DIFFER: Final = "submeter_periods_differ"
"""A usage of a sub-meter reaches beyond the days for which it is taken off: nobody measured what belongs to them."""
_IMPORT: Final = "import"


def energy(links: Sequence[SubMeter], usage: Usage, measured: Mapping[str, Sequence[Usage]]) -> dict[str, int]:
    """Return the Wh that the sub-meters measured in a usage's period, by the tariff's names for them; raises Refused.

    `import` of a sub-meter goes by the name of its link, a period or another register by that name with its own: `sub.peak`. A
    register that one of the sub-meters of a name has not is not there, and rating misses it where it needs it. A name whose
    sub-meters are none on these days is zero.
    """
    found: dict[str, dict[str, int]] = {}
    for link in links:
        if not link.period.overlaps(Period(usage.period_from, usage.period_to)):
            continue
        own = _of(link, usage, measured.get(link.service_point_no, ()))
        before = found.get(link.quantity)
        if before is not None:
            own = {name: wh + before[name] for name, wh in own.items() if name in before}
        found[link.quantity] = own
    none = {_named(link.quantity, name): 0 for link in links if link.quantity not in found for name in usage.energy}
    return none | {_named(quantity, name): wh for quantity, own in found.items() for name, wh in own.items()}


def measured_by(
    links: Sequence[SubMeter], usage: Usage, measured: Mapping[str, Sequence[Usage]]
) -> dict[str, int] | None:
    """Return the Wh that each sub-meter measured in a usage's period, by service point; None while one is missing."""
    days = Period(usage.period_from, usage.period_to)
    try:
        own = {
            one.service_point_no: _of(one, usage, measured.get(one.service_point_no, ())).get(_IMPORT, 0)
            for one in links
            if one.period.overlaps(days)
        }
    except Refused:
        return None
    return own or None


def used(links: Sequence[SubMeter], usage: Usage, measured: Mapping[str, Sequence[Usage]]) -> tuple[str, ...]:
    """Return the ids of the usages of sub-meters that share a day with a usage."""
    days = usage.period_from, usage.period_to
    points = sorted({link.service_point_no for link in links})
    return tuple(one.usage_id for point in points for one in measured.get(point, ()) if one.shares_a_day(*days))


def _of(link: SubMeter, usage: Usage, measured: Sequence[Usage]) -> dict[str, int]:
    """Return what a sub-meter measured on the days of a usage for which it is taken off; raises Refused."""
    pointer = f"/sub_meters/{link.service_point_no}"
    from_ = max(link.from_, usage.period_from)
    to = min(link.to or usage.period_to, usage.period_to)
    own = sorted((one for one in measured if one.shares_a_day(from_, to)), key=lambda one: one.period_from)
    if any(one.period_from < from_ or one.period_to > to for one in own):
        raise Refused(PERIODS_DIFFER, pointer)
    if sum((one.period_to - one.period_from).days for one in own) < (to - from_).days:
        raise Refused(MISSING, pointer)
    names = [name for name in own[0].energy if all(name in one.energy for one in own)]
    return {name: sum(one.energy[name] for one in own) for name in names}


def _named(quantity: str, name: str) -> str:
    return quantity if name == _IMPORT else f"{quantity}.{name.removeprefix('import.')}"

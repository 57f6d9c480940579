"""Usages (用电量) as billing keeps them, and their totals by route and cycle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One version of a service point's usage of a period, as it was recorded."""

    usage_id: str
    service_point_no: str
    org_unit: str
    route_no: str
    cycle: str
    read_date: date
    period_from: date
    period_to: date
    version: int
    energy: Mapping[str, int]
    import_wh: int
    estimated: bool = False
    estimates_in_a_row: int = 0
    settles_estimate: bool = False
    replaces_reason: str = ""
    findings: Sequence[str] = ()
    actors: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Totals:
    """Version-1 usages of a route and cycle, and the sum of their `import` in Wh."""

    usages: int
    sum_wh: int


def waves(usages: Sequence[Usage]) -> list[list[Usage]]:
    """Split a batch so that each part holds a service point's period once, in the order of arrival."""
    waves: list[list[Usage]] = []
    seen: dict[tuple[str, date, date], int] = {}
    for usage in usages:
        key = usage.service_point_no, usage.period_from, usage.period_to
        rank = seen.get(key, 0)
        seen[key] = rank + 1
        if rank == len(waves):
            waves.append([])
        waves[rank].append(usage)
    return waves

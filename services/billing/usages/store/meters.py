"""Which meters the usages in force of points were measured by, and what these showed at their end. One statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import orjson

from services.billing.usages.store import usages
from shared.db.engine import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """The meters that stood at a point when a usage of it ended, as far as their registers were told, else all it names.

    `shown`: by meter and quantity the kWh that the face showed at that end; empty where it is estimated or was not told.
    """

    period_to: date
    meter_nos: frozenset[str]
    shown: Mapping[tuple[str, str], str]


async def at_ends(view: View, days: Sequence[tuple[str, date, date]]) -> dict[str, list[Stood]]:
    """Return by service point the ends of its usages in force that share a day with periods, the last one last."""
    found: dict[str, list[Stood]] = {}
    for row in await usages.rows_in_force(view, days):
        content = orjson.loads(row.payload)
        last = [span for span in content.get("registers", ()) if date.fromisoformat(span[3]) == row.period_to]
        shown = {(span[0], quantity): ends[1] for span in last for quantity, ends in span[6].items()}
        stood = Stood(
            period_to=row.period_to,
            meter_nos=frozenset(span[0] for span in last) or frozenset(content.get("meters", ())),
            shown={} if row.estimated else shown,
        )
        found.setdefault(row.service_point_no, []).append(stood)
    for each in found.values():
        each.sort(key=lambda stood: stood.period_to)
    return found

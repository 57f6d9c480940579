"""Which sub-meters stand behind which main meters, from either end."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy import select

from services.billing.contracts.domain import Contract, Link
from services.billing.contracts.tables import SUB_METER
from shared.dated import Period
from shared.db import bulk
from shared.db.engine import Tx, View

LINKS_DEEP_MAX: Final = 8  # mains above mains: a site has two or three


async def write(tx: Tx, contracts: Sequence[Contract]) -> None:
    """Write which sub-meters contracts have now, in place of those that they had."""
    await bulk.delete_in(tx, SUB_METER, {"contract_no": [contract.contract_no for contract in contracts]})
    links = [link for contract in contracts for link in contract.links()]
    await bulk.insert_rows(
        tx,
        SUB_METER,
        {
            "service_point_no": [link.sub for link in links],
            "from_date": [link.days.from_ for link in links],
            "to_date": [link.days.to for link in links],
            "contract_no": [link.contract_no for link in links],
            "main_point_no": [link.main for link in links],
        },
    )


async def around(view: View, service_points: Sequence[str]) -> list[Link]:
    """Return the links that have service points as sub-meters, and all that are behind these points."""
    found = set(await _at(view, "service_point_no", service_points))
    below, seen = set(service_points), set(service_points)
    for _ in range(LINKS_DEEP_MAX):
        more = await _at(view, "main_point_no", sorted(below))
        found.update(more)
        below = {link.sub for link in more} - seen
        seen |= below
    return sorted(found, key=lambda link: (link.sub, link.days.from_))


async def mains_of(view: View, days: Sequence[tuple[str, date, date]]) -> list[tuple[Link, date]]:
    """Return the links that share a day with periods of service points, each with the first day of such a period.

    One look where no contract has sub-meters at all.
    """
    if not await view.scalar(select(select(SUB_METER.c.contract_no).exists())):
        return []
    links = await _at(view, "service_point_no", [point for point, _, _ in days])
    at: dict[str, list[Link]] = {}
    for link in links:
        at.setdefault(link.sub, []).append(link)
    return [
        (link, max(from_, link.days.from_))
        for point, from_, to in days
        for link in at.get(point, ())
        if link.days.overlaps(Period(from_, to))
    ]


async def _at(view: View, column: str, service_points: Sequence[str]) -> list[Link]:
    rows = await bulk.select_in(view, SUB_METER, {column: sorted(set(service_points))})
    return [
        Link(row.contract_no, row.main_point_no, row.service_point_no, Period(row.from_date, row.to_date))
        for row in rows
    ]

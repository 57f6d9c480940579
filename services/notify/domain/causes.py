"""What a notice is about: one fact of the trade, with the figures that its text shows."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

Figures = Mapping[str, str | int]

SERVICE_OF_KIND = {
    "bill": "billing",
    "correction": "billing",
    "usage": "reading",
    "reminder": "collection",
    "payment": "collection",
}


class Cause(NamedTuple):
    """A reason to tell a customer something.

    `day` is the business day of the cause (issue, correction, end of the estimated period, reminder, reversal). `account_no` is
    empty as long as only the service point is known. `figures` are raw: `…_fen`, `…_wh`, ISO dates.
    """

    kind: str
    id: str
    template: str
    account_no: str
    service_point_no: str
    org_unit: str
    cycle: str
    day: date
    figures: Figures


class Supply(NamedTuple):
    """An account supplied at a service point; `valid_to` is the first day no longer supplied."""

    account_no: str
    service_point_no: str
    org_unit: str
    valid_from: date
    valid_to: date | None


def account_on(supplies: list[Supply], day: date) -> Supply | None:
    """Return who is supplied on a day; contracts of a service point never overlap."""
    for supply in supplies:
        if supply.valid_from <= day and (supply.valid_to is None or day < supply.valid_to):
            return supply
    return None


def wait_ends(day: date, days: int) -> date:
    """Return the last business day on which a contact that comes late still gets the notice."""
    return day + timedelta(days=days)

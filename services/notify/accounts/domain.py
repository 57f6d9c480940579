"""Who is supplied where: the part of billing's contracts that notices need."""

from dataclasses import dataclass
from datetime import date
from typing import Final

OFTEN_LATE: Final = "often_late"
"""The standing of an account that often pays late, as collection tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account (户号) as far as notices need it; a higher version replaces a lower one."""

    account_no: str
    org_unit: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
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

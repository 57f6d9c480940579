"""The doors of service points (用电地址): where a letter goes for whom no contact point is verified (S16).

Of whoever lives there a door says nothing. Its address is personal data all the same: what goes there goes to somebody.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from shared.org_units import covers

HOW: Final = ("declared", "on_site")
"""How the address of a door was checked: the utility vouches for it, or somebody stood before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The address of a service point, and how, when and by whom it was checked. `checked_on`: None once a letter came back.

    `address_since` is the version of the door in which its address became what it is.
    """

    service_point_no: str
    org_unit: str
    address: str = field(repr=False)
    how: str
    checked_on: date | None
    checked_by: str
    address_since: int = field(default=0, compare=False)


_WORDS: Final = {"declared": "档案核实", "on_site": "现场核实"}


def occupant(account_no: str) -> str:
    """Return to whom a notice at a door is addressed: whoever has the account. Who lives there is not known."""
    return f"户号 {account_no} 的用电客户"


def checked_against(door: Door, account_no: str) -> str:
    """Return what a notice at a door says of it: for which service point and account, and by what its address was checked."""
    checked = f"{door.checked_on}，{_WORDS[door.how]}"
    return f"送达地址：用电地点 {door.service_point_no}，户号 {account_no}（地址核对：{checked}）"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A door as a choice needs it: without its address."""

    service_point_no: str
    org_unit: str


FAULTS: Final = {
    "door.checked_in_the_future": "The day on which the door was checked lies ahead",
    "door.unknown_how": f"A door is checked by one of: {', '.join(HOW)}",
}
"""What can be wrong with a door, by its code."""


def fault(door: Door, today: date) -> str | None:
    """Return the code of what is wrong with a door that is put, or None. Its address is never part of it."""
    if door.how not in HOW:
        return "door.unknown_how"
    return "door.checked_in_the_future" if door.checked_on is not None and door.checked_on > today else None


def named(doors: Collection[Known], org_unit: str) -> str | None:
    """Return which of the checked doors of an account is told: the first that its own bureau, or one above it, has entered."""
    return min((door.service_point_no for door in doors if covers([door.org_unit], org_unit)), default=None)

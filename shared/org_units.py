"""Org units (单位): paths such as `zj/hangzhou`; who speaks for one speaks for all below it, `*` for the whole utility."""

import json
from collections.abc import Collection, Sequence
from typing import Final

WHOLE_UTILITY: Final = "*"
NOT_ASKED: Final = ""
"""The word of nobody whose org units matter: what a service tells of its own."""


def covers(units: Sequence[str], org_unit: str) -> bool:
    """Return whether an org unit is one of these or below one."""
    return any(unit in (WHOLE_UTILITY, org_unit) or org_unit.startswith(unit + "/") for unit in units)


def above(units: Collection[str]) -> str | None:
    """Return that of some org units which all of them are or are below; None where none is above all others."""
    return next((unit for unit in units if all(covers([unit], each) for each in units)), None)


def word(units: Sequence[str]) -> str:
    """Return the org units of who brings something, as a text that is kept with it until it can be checked."""
    return json.dumps(sorted(set(units)), ensure_ascii=False)


def both(one: str, other: str) -> str:
    """Return the word of two who brought the same."""
    return NOT_ASKED if NOT_ASKED in (one, other) else word([*units(one), *units(other)])


def units(kept: str) -> list[str]:
    """Return the org units of a word."""
    return list(json.loads(kept))


def allows(kept: str, org_unit: str) -> bool:
    """Return whether who brought something may have brought it for an org unit, as is known by now."""
    return kept == NOT_ASKED or covers(units(kept), org_unit)

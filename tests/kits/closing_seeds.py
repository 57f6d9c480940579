"""Unused supply and closings to call about: rows as they are, since finding one takes six months of reads."""

import sqlite3
from contextlib import closing
from itertools import count
from typing import Any

from tests.kits.installation import Home, Installation

_NUMBERS = count(1)


def values(installation: Installation, home: Home, path: str) -> dict[str, Any]:
    """Return an unused supply at a home, and a closing of it that is announced, where the path is about one."""
    number = next(_NUMBERS)
    said: dict[str, Any] = {"contract_no": f"seed-{number}", "account_no": home.account_no, "org_unit": home.org_unit}
    said |= {"service_point_no": home.service_point_no, "since": "2025-08-01", "explanation": ""}
    found = {"until": "2026-02-01", "months": 6, "found_on": "2026-02-02", "state": "open", "why": ""}
    _insert(installation, "unused_supply", said | found)
    values: dict[str, Any] = {"contract_no": said["contract_no"]}
    if "{closing_no}" in path:
        values["closing_no"] = f"seed-closing-{number}"
        days = {"announced_on": "2026-02-04", "objection_until": "2026-03-04", "proposed_on": "2026-02-03"}
        people = {"proposed_by": "reader-1", "checked_by": "inspector-1", "check_order_no": f"seed-check-{number}"}
        held = {"closing_no": values["closing_no"], "state": "announced", "version": 1, "waits_for": ""}
        _insert(installation, "closing", said | days | people | held)
    return values


def _insert(installation: Installation, table: str, row: dict[str, Any]) -> None:
    names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
    with closing(sqlite3.connect(installation.data / "billing.db", timeout=30)) as database, database:
        database.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", row)

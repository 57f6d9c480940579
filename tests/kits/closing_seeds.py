"""Unused supply and closings to call about: rows as they are, since finding one takes six months of reads."""

import sqlite3
from contextlib import closing
from itertools import count
from typing import Any

from tests.kits.installation import Home, Installation

_NUMBERS = count(1)


def values(installation: Installation, home: Home, path: str) -> dict[str, Any]:
    """Return an unused supply, and a closing of it where the path is about one: announced and told in time.

    One of which a site order is asked for again waits for its check, which could not be done. Where the path is about what was
    found of one, somebody has objected too late.
    """
    number = next(_NUMBERS)
    said: dict[str, Any] = {"contract_no": f"seed-{number}", "account_no": home.account_no, "org_unit": home.org_unit}
    said |= {"service_point_no": f"SP-seed-{number}", "since": "2025-06-01", "explanation": ""}
    found = {"until": "2025-12-01", "months": 6, "found_on": "2025-12-02", "state": "open", "why": ""}
    _insert(installation, "unused_supply", said | found)
    values: dict[str, Any] = {"contract_no": said["contract_no"]}
    if "{closing_no}" in path:
        check_no, values["closing_no"] = f"seed-check-{number}", f"seed-closing-{number}"
        days = {"announced_on": "2025-12-10", "objection_until": "2026-01-10", "proposed_on": "2025-12-03"}
        people = {"proposed_by": "reader-1", "checked_by": "inspector-1", "check_order_no": check_no}
        held = {"closing_no": values["closing_no"], "state": "announced", "version": 1, "waits_for": ""}
        held |= {"told_on": "2025-12-10", "told_way": "delivered"}
        if path.endswith("/site-orders"):
            held["state"] = "checking"
            order = {"order_no": check_no, "kind": "closing_check", "state": "not_done", "result": "no_access"}
            order |= {"service_point_no": said["service_point_no"], "org_unit": home.org_unit}
            order |= {"requested_by": "reader-1", "ended_on": "2025-12-08", "asked_on": "2025-12-03"}
            _insert(installation, "site_order", order)
        _insert(installation, "closing", said | days | people | held)
    if "{code}" in path:
        values["code"] = "objected_late"
        found = {"closing_no": values["closing_no"], "code": values["code"], "what": "2026-04-02", "state": "open"}
        found |= {name: said[name] for name in ("account_no", "service_point_no", "org_unit", "explanation")}
        _insert(installation, "closing_finding", found | {"found_on": "2026-04-03"})
    return values


def _insert(installation: Installation, table: str, row: dict[str, Any]) -> None:
    names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
    with closing(sqlite3.connect(installation.data / "billing.db", timeout=30)) as database, database:
        database.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", row)

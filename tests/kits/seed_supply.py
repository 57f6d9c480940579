"""Supply orders to call about: rows as they are, since collection asks for them and a head-end carries them out."""

import sqlite3
from contextlib import closing
from itertools import count
from typing import Any

from tests.kits.installation import Home, Installation

_NUMBERS = count(1)


def sent(installation: Installation, home: Home) -> str:
    """Return an order at a home that the head-end has accepted, and of which nothing is heard."""
    at = "2026-03-10T01:00:00.000000+00:00"
    row: dict[str, Any] = {"order_no": f"seed-supply-{next(_NUMBERS)}", "account_no": home.account_no}
    row |= {"service_point_no": home.service_point_no, "org_unit": home.org_unit, "action": "cut", "reason": "arrears"}
    row |= {"not_before": at, "expires_at": "2026-03-12T09:00:00.000000+00:00", "sequence": next(_NUMBERS)}
    row |= {"asked_on": "2026-03-09", "state": "sent", "way": "head_end", "sent_at": at, "claims": 1, "calling": 0}
    row |= {"doubts": 0, "code": "", "detail": "", "version": 2}
    names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
    with closing(sqlite3.connect(installation.data / "reading.db", timeout=30)) as database, database:
        database.execute(f"INSERT INTO supply_order ({names}) VALUES ({places})", row)
    return str(row["order_no"])

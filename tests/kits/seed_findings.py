"""Findings to call about, put into the databases of the town: rules and detectors would need months of reads to find them."""

import json
import sqlite3
from contextlib import closing

from tests.kits.installation import Home, Installation


def of_conduct(installation: Installation, home: Home, number: int) -> str:
    """Return a finding of conduct on the route of a home."""
    finding = {"finding_id": f"seed-{number}", "rule": "conduct.route_drift", "subject_kind": "route"}
    finding |= {"subject": home.route_no, "route_no": home.route_no, "read_date": "2026-02-01", "cycle": "2026-01"}
    finding |= {"org_unit": home.org_unit, "numbers": "{}", "state": "open", "found_on": "2026-02-12", "version": "1"}
    return _inserted(installation, "reading", "conduct_finding", finding)


def of_use(installation: Installation, home: Home, number: int) -> str:
    """Return a finding of use at a home."""
    figures = {"score": 700, "confidence": 1000, "limit": 600, "from": "2026-01-01", "to": "2026-02-01"}
    figures |= {"wh_a_day": 20_000, "whole_days": 31, "evidence": [], "also": []}
    finding = {"finding_id": f"seed-use-{number}", "contract_no": f"seed-{number}", "account_no": home.account_no}
    finding |= {"service_point_no": home.service_point_no, "org_unit": home.org_unit, "state": "open", "verdict": ""}
    finding |= {"customer_class": "residential", "code": "billing.use_like_shop", "score": "700", "confidence": "1000"}
    finding |= {"wh_a_day": "20000"}
    finding |= {"working": json.dumps(figures), "found_on": "2026-02-25", "changed_on": "2026-02-25", "version": "1"}
    return _inserted(installation, "billing", "use_finding", finding)


def _inserted(installation: Installation, service: str, table: str, finding: dict[str, str]) -> str:
    with closing(sqlite3.connect(installation.data / f"{service}.db", timeout=30)) as database, database:
        names = ", ".join(finding)
        values = ", ".join(f":{name}" for name in finding)
        database.execute(f"INSERT INTO {table} ({names}) VALUES ({values})", finding)
    return finding["finding_id"]

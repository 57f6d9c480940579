"""What calls of collection are about that only comes of what nobody has paid: a case, a hold, a late fee, money left over."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.kits.installation import TARIFF, TOWN, Home, Installation


def values(installation: Installation, home: Home, path: str, n: int, numbered: Callable[[str], int]) -> dict[str, Any]:
    """Return what the n-th call of a path of collection is about, made for it where it has to be."""
    found: dict[str, Any] = {}
    if path.endswith("/payout"):
        found["account_no"] = _closed_with_money(installation, numbered("closed"))
    if "/prepaid-accounts/" in path:
        found["account_no"] = _prepaid(installation)
    if "/dunning-cases/" in path:
        cases = installation.items("collection", "/v1/dunning-cases")
        found["case_no"] = cases[n % len(cases)]["case_no"]
    if "/dunning-holds" in path:
        found |= {"reason": ("claim", "hardship", "dispute")[n % 3], "until": _in_a_week()}
    if path.endswith("/dunning-holds/{hold_no}/end"):
        found["hold_no"] = _held(installation, home)
    if path.endswith("/cut-bans/{ban_no}/end"):
        found["ban_no"] = _banned(installation, home)
    if path.endswith("/late-fee-waiver"):
        found["receivable_id"] = _overdue(installation, numbered("late"))
    return found


def _closed_with_money(installation: Installation, number: int) -> str:
    """Close an account that money came for; return its number."""
    account_no = f"CLOSED-{number}"
    account: dict[str, Any] = {"account_no": account_no, "org_unit": TOWN[0].org_unit}
    account |= {"opened_on": "2026-01-01", "closed_on": "2026-02-01"}
    account["facts"] = [{"from": "2026-01-01", "customer_class": "residential"}]
    installation.call("PUT", "billing", "/v1/accounts", {"items": [account]})
    installation.until_known("collection", f"/v1/accounts/{account_no}")
    body = {"account_no": account_no, "amount_fen": 1000, "received_on": "2026-02-06"}
    paid = {"Idempotency-Key": uuid.uuid4().hex}
    installation.call("POST", "collection", "/v1/payments", body, who="cashier-1", **paid)
    return account_no


def _prepaid(installation: Installation) -> str:
    """Put an account that pays before it uses, unless it is there; return its number."""
    account_no, since = "PREPAID-1", "2026-01-01"
    contract: dict[str, Any] = {"contract_no": "K-PREPAID-1", "service_point_no": "SP-PREPAID-1", "from": since}
    contract |= {"tariffs": [{"from": since, "tariff": TARIFF}], "payment_modes": [{"from": since, "mode": "prepaid"}]}
    account = {"account_no": account_no, "org_unit": TOWN[0].org_unit, "opened_on": since, "contracts": [contract]}
    account |= {"facts": [{"from": since, "customer_class": "residential"}]}
    installation.call("PUT", "billing", "/v1/accounts", {"items": [account]})
    installation.until_known("collection", f"/v1/prepaid-accounts/{account_no}")
    return account_no


def _in_a_week() -> str:
    """Return a day until which something may be held."""
    return (datetime.now(UTC) + timedelta(days=7)).date().isoformat()


def _held(installation: Installation, home: Home) -> int:
    """Return the number of a hold of dunning that stands, placed where there is none."""
    holds = f"/v1/dunning-holds?account_no={home.account_no}&held_on={_in_a_week()}"
    if not (found := installation.items("collection", holds)):
        body = {"reason": "claim", "until": _in_a_week()}
        found = [installation.call("POST", "collection", f"/v1/accounts/{home.account_no}/dunning-holds", body)]
    return int(found[0]["hold_no"])


def _overdue(installation: Installation, number: int) -> str:
    """Return the receivable of a bill that is late and owed, of another account each time."""
    rows = installation.items("collection", "/v1/receivables?status=open&due_before=2026-11-01")
    owed = sorted(row["receivable_id"] for row in rows if row["document_kind"] == "bill")
    return str(owed[number % len(owed)])


def _banned(installation: Installation, home: Home) -> str:
    """Have nothing cut in the org unit of a home for a day; return the number of the ban."""
    until = datetime.now(UTC) + timedelta(days=1)
    body = {"org_unit": home.org_unit, "from": _instant(datetime.now(UTC)), "until": _instant(until)}
    body |= {"reason": "dangerous_weather", "explanation": "Storm warning."}
    return str(installation.call("POST", "collection", "/v1/cut-bans", body)["ban_no"])


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")

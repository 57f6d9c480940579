"""Parties as most tests need them: a person who holds an account, reached by mail, for whom the utility vouches."""

from typing import Any


def person(
    party_no: str,
    account_no: str,
    org_unit: str,
    address: str,
    *,
    since: str,
    role: str = "holder",
    language: str = "zh",
    name: str = "李明",
    kind: str = "email",
) -> dict[str, Any]:
    """Return an item of `PUT /v1/parties`."""
    vouched = {"account_no": account_no, "how": "declared", "day": since}
    point = {"point_no": "1", "kind": kind, "address": address, "valid_from": since, "verified": [vouched]}
    return {
        "party_no": party_no,
        "org_unit": org_unit,
        "name": name,
        "language": language,
        "points": [point],
        "roles": [{"role": role, "account_no": account_no, "valid_from": since}],
    }

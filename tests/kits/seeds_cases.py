"""A case at a home of the small town, in a state in which a call of a path about it can succeed, and what one has billed."""

from typing import Any

from tests.kits.installation import Home, Installation

ENDED = ("charged", "reclassed", "adjusted", "dismissed")
DAY = "2026-02-03"
ON_VERSIONS = ("/dismissal", "/reopening", "/confirmation", "/calculations", "/proposal", "/reclassing")
"""Endings of paths of commands on a version of a case."""
THEFT = {"calculation": "theft", "breach_on": "2010-06-01", "input": {"price": "0.3", "kwh": "100"}}
CAPACITY = {"case": "private", "tariff": "other", "kva": "3"}
BREACH = {"calculation": "capacity_without_contract", "breach_on": "2010-06-01", "input": CAPACITY}


def case_at(installation: Installation, home: Home, path: str, number: int) -> dict[str, Any]:
    """Return a case at a home, open unless the path reopens one, with evidence; and numbers for what is brought."""
    values = {"tip_no": f"seed-{number}", "evidence_no": f"seed-{number}", "assignee": f"inspector-{number}"}
    if "/charges/" in path:
        return {"charge_no": _charge(installation, home)}
    if "{adjustment_id}" in path:
        return {"adjustment_id": _adjustment(installation, home, number)["adjustment_id"]}
    if path.endswith("/confirmation"):
        case = _again(installation, _adjustment(installation, home, number))
        _command(installation, case, "reopening", reason="of a test")
        return {"case_no": case["case_no"], "business_date": DAY}
    if "{case_no}" not in path:
        return values
    if path.endswith("/reclassing"):
        case = _open(installation, home, "change_of_use")
        as_now = {"from": "2026-02-02", "customer_class": f"of-a-test-{number}"}
        return {"case_no": case["case_no"], "business_date": DAY} | as_now
    case = _open(installation, home, "theft")
    if path.endswith("/reopening"):
        _command(installation, case, "dismissal", explanation="of a test")
        return values | {"case_no": case["case_no"], "business_date": _again(installation, case)["ended_on"]}
    no = case["case_no"]
    if "{number}" in path or path.endswith("/proposal"):
        made = _command(installation, case, "calculations", **THEFT, business_date=DAY)
        values |= {"number": made["number"], "calculation": made["number"]}
    if path.endswith("/calculations"):
        values |= {"calculation": "theft"}
    if "{evidence_no}" in path or path.endswith("/proposal"):
        _prove(installation, no, values["evidence_no"])
    return values | {"case_no": no, "business_date": DAY}


def _open(installation: Installation, home: Home, kind: str) -> dict[str, Any]:
    """Return a case of a kind at a home that can be worked on."""
    point = home.service_point_no
    mine = f"/v1/cases?service_point_no={point}&kind={kind}"
    if not (found := installation.items("billing", mine)):
        tip = {"tip_no": f"seed-{kind}-{point}", "kind": kind, "service_point_no": point, "seen_on": "2026-02-02"}
        installation.call("POST", "billing", "/v1/case-signals", {"items": [tip]})
        found = installation.items("billing", mine)
    case = found[-1]
    if case["state"] in ENDED:
        _command(installation, case, "reopening", reason="of a test")
    subjects = {"case.charge": case["case_no"], "account.billed_days": home.account_no}
    for asked in installation.items("billing", "/v1/approvals?state=pending"):
        if asked["subject_id"] == subjects.get(asked["kind"]):
            named = {name: asked[name] for name in ("approval_id", "content_hash")}
            body = {"decision": "reject", "explanation": "of a test", "items": [named]}
            installation.call("POST", "billing", "/v1/approvals/decisions", body, who="second-1")
    return _again(installation, case)


def _prove(installation: Installation, case_no: str, evidence_no: str) -> None:
    proof = {"evidence_no": evidence_no, "kind": "seal", "reference": "S-1", "seen_on": DAY}
    installation.call("POST", "billing", f"/v1/cases/{case_no}/evidence", {"items": [proof]})


def _again(installation: Installation, case: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = installation.call("GET", "billing", f"/v1/cases/{case['case_no']}")
    return found


def _command(installation: Installation, case: dict[str, Any], what: str, **body: Any) -> Any:
    seen = {"If-Match": f'"{_again(installation, case)["row_version"]}"'}
    return installation.call("POST", "billing", f"/v1/cases/{case['case_no']}/{what}", body, **seen)


def _agreed(installation: Installation, case: dict[str, Any], worked: dict[str, Any]) -> None:
    """Calculate a case, and have a second person agree to what is proposed of it."""
    made = _command(installation, case, "calculations", **worked, business_date=DAY)
    said = {"calculation": made["number"], "explanation": "of a test", "business_date": DAY}
    installation.approve("billing", _command(installation, case, "proposal", **said))


def _adjustment(installation: Installation, home: Home, number: int) -> dict[str, Any]:
    """Return an adjustment of a home that nobody has asked to take back, of its case of a wrong multiplier."""
    case = _open(installation, home, "wrong_multiplier")
    fault = {"kwh": str(1000 + number), "used": "30", "true": "40", "price": "1"}
    _agreed(installation, case, {"calculation": "wrong_multiplier", "breach_on": "2010-06-01", "input": fault})
    found = installation.items("billing", f"/v1/adjustments?case_no={case['case_no']}")
    made_last: dict[str, Any] = next(one for one in reversed(found) if one["reverses"] is None)
    return made_last


def _charge(installation: Installation, home: Home) -> str:
    """Return a charge of a home that stands, from a case of its own."""
    mine = f"/v1/charges?account_no={home.account_no}"
    standing = [one for one in installation.items("billing", mine) if one["withdrawn_on"] is None]
    if not standing:
        case = _open(installation, home, "breach")
        _prove(installation, case["case_no"], "seed-breach")
        _agreed(installation, case, BREACH)
        pending = installation.items("billing", "/v1/approvals?state=pending&kind=case.charge.second")
        (second,) = [asked for asked in pending if asked["subject_id"] == case["case_no"]]
        named = {name: second[name] for name in ("approval_id", "content_hash")}
        body = {"decision": "approve", "explanation": "of a test", "items": [named]}
        installation.call("POST", "billing", "/v1/approvals/decisions", body, who="third-1")
        standing = installation.items("billing", mine)
    number: str = standing[-1]["charge_no"]
    return number

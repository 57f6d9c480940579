"""Running a case: rate or calculate, then compare with what it expects."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from services.billing.rating.cases import form
from services.billing.rating.cases.answer import answer_json, policy_json
from services.billing.rating.cases.checks import check_names, explained, measured_twice
from services.billing.rating.cases.form import CASE
from services.billing.rating.cases.read import book_of, day, requests_of, tariff_documents
from services.billing.rating.reference.engine import rate_in
from services.billing.rating.reference.frame import Frame
from services.billing.rating.tariff.codes import Refused, TariffError
from shared import errors
from shared.exact import divide, parse
from shared.money import yuan
from shared.regulation import codes
from shared.regulation.calculate import CALCULATIONS, calculate
from shared.regulation.policy import load_policy, policy_on


def run(
    case: Mapping[str, Any], documents: Sequence[Mapping[str, Any]], policies: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Answer a case; what cannot be answered is answered with its refusal."""
    name = str(case.get("id", "case")) if isinstance(case, Mapping) else "case"
    if faults := CASE.faults(case):
        return {"contract": name, **form.refusal(faults), "findings": []}
    try:
        if case.get("kind") == "policy":
            return _policy(case, name, policies)
        return _tariff(case, name, documents)
    except (TariffError, errors.Refused) as error:
        refusal = {"code": error.code, "severity": "refused", "pointer": error.pointer, "detail": error.detail}
        told: dict[str, Any] = {"contract": name, "refusal": refusal, "findings": []}
        if isinstance(error, TariffError):
            told |= {"faults": [fault._asdict() for fault in error.faults], "form": "/v1/forms/tariff"}
        elif isinstance(error, codes.Refused) and error.faults:
            told |= {"faults": [fault._asdict() for fault in error.faults]}
        if case.get("calculation") in CALCULATIONS and error.code in ("input_missing", "input_wrong"):
            told |= {"form": f"/v1/forms/{case['calculation']}"}
        return told


def _policy(case: Mapping[str, Any], name: str, policies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    policy = case["policy"]
    known = [load_policy(policy["inline"])] if isinstance(policy, Mapping) else [load_policy(p) for p in policies]
    if isinstance(policy, Mapping) and known[0].holds_always and "date" not in case:
        found = known[0]
    elif "date" not in case:
        raise Refused("request_wrong", "/date", "the version of the policy is that of a date")
    else:
        found = policy_on(known, known[0].id if isinstance(policy, Mapping) else policy, day(case, "date", ""))
    return policy_json(name, calculate(found, case["calculation"], case["input"]))


def _tariff(case: Mapping[str, Any], name: str, documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    book = book_of(documents, tariff_documents(case))
    requests = requests_of(case)
    answers, state = [], requests[0].state
    fen = 0
    for index, request in enumerate(requests):
        frame = Frame(replace(request, state=state), book)
        bill = rate_in(frame)
        if bill.refusal is None:
            check_names(frame, state if index == 0 else None)
            tolerance = max(segment.tariff.sum_tolerance_wh for segment in frame.segments)
            bill = replace(bill, findings=(*bill.findings, *measured_twice(request, tolerance)))
        else:
            refusal = explained(bill.refusal, book)
            refusal = replace(refusal, pointer=refusal.pointer.replace("/used_wh", "/used_kwh"))
            bill = replace(bill, refusal=refusal)
        answers.append(answer_json(bill, frame.limits))
        if bill.refusal is not None:
            return answers[-1]
        state, fen = bill.state, fen + bill.total_fen
    if "cycles" not in case:
        return answers[0]
    return {"contract": name, "cycles": answers, "total": yuan(fen), "findings": []}


def differences(case: Mapping[str, Any], answer: Mapping[str, Any]) -> list[str]:
    """Return every difference between the answer and what the case expects; [] = it holds."""
    found: list[str] = []
    if CASE.faults(case):
        return found
    if "expect" in case:
        _compare(case["expect"], answer, "", found)
    for index, cycle in enumerate(case["cycles"] if "cycles" in answer else ()):
        if "expect" in cycle:
            _compare(cycle["expect"], answer["cycles"][index], f"/cycles/{index}", found)
    for index, item in enumerate(case.get("published", ())):
        _published(item, answer, f"/published/{index}", found)
    return found


def _compare(expected: Any, actual: Any, pointer: str, found: list[str]) -> None:
    if isinstance(expected, Mapping):
        for key, value in expected.items():
            if key in ("lines", "items") and isinstance(value, list):
                _rows(value, actual.get(key, []) if isinstance(actual, Mapping) else [], f"{pointer}/{key}", found)
            elif not isinstance(actual, Mapping) or key not in actual:
                found.append(f"{pointer}/{key}: expected {value!r}, there is none")
            else:
                _compare(value, actual[key], f"{pointer}/{key}", found)
    elif isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            found.append(f"{pointer}: expected {expected!r}, got {actual!r}")
        else:
            for index, value in enumerate(expected):
                _compare(value, actual[index], f"{pointer}/{index}", found)
    elif expected != actual and not _same_number(expected, actual):
        found.append(f"{pointer}: expected {expected!r}, got {actual!r}")


_KEYS = ("name", "period", "tier", "kind", "from")


def _rows(expected: list[Any], actual: list[Any], pointer: str, found: list[str]) -> None:
    """Note every expected row that is not met by a row of its own with the same name, period, tier, kind, from."""
    left = list(actual)
    for index, row in enumerate(expected):
        keys = {k: row[k] for k in _KEYS if k in row} if isinstance(row, Mapping) else {"name": row}
        match = next((r for r in left if all(r.get(k) == v for k, v in keys.items())), None)
        if match is None:
            found.append(f"{pointer}/{index}: no line {keys}")
            continue
        left.remove(match)
        _compare(row, match, f"{pointer}/{index}", found)


def _same_number(a: Any, b: Any) -> bool:
    try:
        return number(a) == number(b)
    except (ValueError, ZeroDivisionError, AttributeError):
        return False


def number(text: str) -> Fraction:
    """Read a decimal or a ratio."""
    if not isinstance(text, str):
        raise ValueError("a number in quotes was expected")
    top, _, bottom = text.partition("/")
    return parse(top).fraction() / (parse(bottom).fraction() if bottom else 1)


def _published(item: Mapping[str, Any], answer: Mapping[str, Any], pointer: str, found: list[str]) -> None:
    """Note a published figure to which the exact values named in `sum_of` (all lines without it) do not round."""
    rows = answer.get("lines") or answer.get("items") or [r for c in answer.get("cycles", ()) for r in c["lines"]]
    wanted = item.get("sum_of")
    chosen = [r for r in rows if wanted is None or any(all(r.get(k) == v for k, v in w.items()) for w in wanted)]
    key = "amount" if item.get("of") == "amount" else "exact"
    value = sum((number(r[key]) for r in chosen), Fraction(0))
    if wanted is None and item.get("of") == "amount" and "total" in answer:
        value = number(answer["total"])
    step = number(item["step"])
    rounded = divide((value / step).numerator, (value / step).denominator, item.get("mode", "half_up")) * step
    holds = rounded == number(item["figure"])
    if holds == bool(item.get("wrong")):
        word = "marked wrong but it holds" if holds else "does not follow"
        found.append(f"{pointer}: published {item['figure']} {word}; exact {value}")

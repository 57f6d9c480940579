"""The answer to a case as plain JSON, and as a person reads it."""

from collections.abc import Mapping
from typing import Any

from services.billing.rating.rating_types import Finding, Line, RatedBill
from services.billing.rating.reference.explain import formula
from shared.exact import Exact, text
from shared.money import yuan
from shared.regulation.policy import Item


def thousandths(value: int) -> str:
    """Return thousandths as a decimal (Wh -> kWh)."""
    return text(value, 1000)


def answer_json(bill: RatedBill, limits: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """Write a bill as JSON: decimals as text, kWh, yuan; `left_kwh` is what each limited tier has left."""
    out: dict[str, Any] = {"contract": bill.contract}
    if bill.refusal is not None:
        return out | {"refusal": _finding(bill.refusal), "findings": []}
    exact = Exact(0, 1)
    for line in bill.lines:
        exact = exact.plus(line.exact).reduced()
    return out | {
        "currency": bill.currency,
        "lines": [_line(line) for line in bill.lines],
        "total": yuan(bill.total_fen),
        "exact_total": text(*exact),
        "tax": None if bill.tax_fen is None else yuan(bill.tax_fen),
        "quantities": {k: {_unit(k): thousandths(v)} for k, v in bill.quantities_wh.items()},
        "state": _state(bill.state or {}, limits),
        "tariffs": [{"id": i, "version": v, "sha256": h} for i, v, h in bill.tariffs],
        "findings": [_finding(f) for f in bill.findings],
    }


def _unit(quantity: str) -> str:
    if quantity.startswith("demand"):
        return "kw"
    return "kvarh" if quantity.startswith("reactive") else "kwh"


def _line(line: Line) -> dict[str, Any]:
    return {
        "name": line.charge,
        "zh": line.zh,
        "kind": line.kind,
        "period": line.period,
        "tier": line.tier,
        "quantity": None if line.quantity is None else thousandths(line.quantity),
        "unit": line.unit,
        "price": None if line.price is None else text(*line.price),
        "exact": text(*line.exact),
        "amount": yuan(line.amount_fen),
        "formula": formula(line),
        "tariff": line.tariff,
        "version": line.version,
        "from": line.from_.isoformat(),
        "to": line.to.isoformat(),
    }


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "pointer": finding.pointer,
        "detail": finding.detail,
    }


def _state(state: Mapping[str, Any], limits: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    out: dict[str, Any] = {"ladders": {}}
    for name, entry in state.get("ladders", {}).items():
        used = entry["used_wh"]
        rows = used if isinstance(used, dict) else {"": used}
        kwh = {p: [thousandths(u) for u in row] for p, row in rows.items()}
        left = {p: _left(limits.get(f"{name}/{p}" if p else name), row) for p, row in rows.items()}
        plain = not isinstance(used, dict)
        out["ladders"][name] = {
            "year": entry["year"],
            "used_kwh": kwh[""] if plain else kwh,
            "left_kwh": left[""] if plain else left,
            **({"version": entry["version"]} if "version" in entry else {}),
        }
    if "free" in state:
        out["free"] = {n: {"year": e["year"], "used_kwh": thousandths(e["used_wh"])} for n, e in state["free"].items()}
    if "rest_wh" in state:
        out["rest_kwh"] = {n: thousandths(v) for n, v in state["rest_wh"].items()}
    if "demand_w" in state:
        out["demand_kw"] = {n: {m: thousandths(v) for m, v in e.items()} for n, e in state["demand_w"].items()}
    return out


def _left(limits: tuple[int, ...] | None, used: list[int]) -> list[str] | None:
    if limits is None:
        return None
    below = 0
    left = []
    for limit, wh in zip(limits, used, strict=False):
        left.append(thousandths(max(0, limit - below - wh)))
        below = limit
    return left


def policy_json(contract: str, items: list[Item]) -> dict[str, Any]:
    """Write the result of a policy calculation as JSON."""
    return {
        "contract": contract,
        "items": [
            {
                "name": i.name,
                "exact": text(i.value.numerator, i.value.denominator),
                "unit": i.unit,
                "amount": None if i.amount_fen is None else yuan(i.amount_fen),
                "formula": i.formula,
            }
            for i in items
        ],
    }


def for_people(answer: Mapping[str, Any]) -> str:
    """Write an answer as a person reads a bill."""
    if "refusal" in answer:
        refusal = answer["refusal"]
        more = [f"also: {f['code']} at {f['pointer']}: {f['detail']}" for f in answer.get("faults", ())[1:]]
        return "\n".join([f"refused: {refusal['code']} at {refusal['pointer']}: {refusal['detail']}", *more])
    if "cycles" in answer:
        return "\n\n".join([*map(for_people, answer["cycles"]), f"all cycles: {answer['total']}"])
    if "items" in answer:
        return "\n".join(
            f"{i['name']:<28}{i['amount'] or i['exact']:>14} {i['unit']:<5}  {i['formula']}" for i in answer["items"]
        )
    rows = []
    for line in answer["lines"]:
        tier = f"tier {line['tier']}" if line["tier"] else ""
        label = " ".join(x for x in (line["zh"] or line["name"], line["period"] or "", tier) if x)
        rows.append(f"{label:<28}{line['amount']:>14}  {line['formula']}  [{line['tariff']} v{line['version']}]")
    rows.append(f"{'total':<28}{answer['total']:>14} {answer['currency']}")
    if answer["tax"] is not None:
        rows.append(f"{'of which tax':<28}{answer['tax']:>14}")
    for name, entry in answer["state"]["ladders"].items():
        rows.append(f"ladder {name} {entry['year']}: used {entry['used_kwh']} kWh, left {entry['left_kwh']} kWh")
    rows += [f"{f['severity']}: {f['code']} at {f['pointer']}: {f['detail']}" for f in answer["findings"]]
    return "\n".join(rows)

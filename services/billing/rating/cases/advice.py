"""What stands behind the routes and commands that store nothing: preview, validation of a tariff, comparison of alternatives."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from services.billing.rating.cases import form
from services.billing.rating.cases import run as cases
from services.billing.rating.cases.checks import explained
from services.billing.rating.cases.form import COMPARISON
from services.billing.rating.cases.read import book_of, requests_of, tariff_documents
from services.billing.rating.rating_types import RatedBill, Request, UsagePart
from services.billing.rating.reference.engine import rate_one
from services.billing.rating.tariff.book import TariffBook
from services.billing.rating.tariff.codes import Refused, TariffError
from services.billing.rating.tariff.load import load_tariff
from shared.document import DocumentError, check_depth
from shared.exact import divide
from shared.money import yuan

Documents = Sequence[Mapping[str, Any]]


def preview(case: Mapping[str, Any], documents: Documents, policies: Documents) -> dict[str, Any]:
    """Answer a case without storing anything: the bill, and the differences from what it expects."""
    answer = cases.run(case, documents, policies)
    return {"answer": answer, "differences": cases.differences(case, answer)}


def validate(document: Mapping[str, Any], documents: Documents) -> dict[str, Any]:
    """Check a tariff document, by itself and beside the other versions of its id.

    Answers {valid, sha256, unconfirmed, hours_unconfirmed, errors: [{code, pointer, detail}], form}; it never raises.
    """
    try:
        check_depth(document)
        tables = {str(d["table"]): d for d in documents if "table" in d}
        tariff = load_tariff(document, tables)
        others = [d for d in documents if d.get("id") == tariff.id and str(d.get("version")) != tariff.version]
        TariffBook([tariff, *(load_tariff(d, tables) for d in others)])
    except DocumentError as error:
        errors = [fault._asdict() for fault in error.faults]
        told = {"sha256": None, "unconfirmed": [], "hours_unconfirmed": False, "errors": errors}
        return {"valid": False, **told, "form": "/v1/forms/tariff"}
    return {
        "valid": True,
        "sha256": tariff.sha256,
        "unconfirmed": list(tariff.unconfirmed),
        "hours_unconfirmed": tariff.hours_unconfirmed,
        "errors": [],
        "form": "/v1/forms/tariff",
    }


def compare(body: Mapping[str, Any], documents: Documents) -> dict[str, Any]:
    """Compare alternatives over the cycles of the last months, cycle by cycle with the running ladder.

    `body` is a case with `cycles`, and `alternatives` [{name, tariff, option, people, state}]; the first is what the others are
    measured by. Answers per alternative: cycles, total, difference (below 0 = cheaper), cycles won and lost, and for a
    tariff with two periods the share of valley kWh at which both cost the same.
    """
    if faults := COMPARISON.faults(body):
        return {**form.refusal(faults), "alternatives": []}
    try:
        alternatives = body["alternatives"]
        own = [d for i, a in enumerate(alternatives) for d in tariff_documents(a, f"/alternatives/{i}")]
        book = book_of(documents, own + tariff_documents(body))
        rated = [_rate(_requests(body, a), book) for a in alternatives]
    except (Refused, TariffError) as error:
        return {"refusal": {"code": error.code, "pointer": error.pointer, "detail": error.detail}, "alternatives": []}
    base = rated[0]
    out = []
    for alternative, bills in zip(alternatives, rated, strict=True):
        out.append(_compared(alternative, bills, base) | _break_even(body, alternative, book, base))
    return {"alternatives": out}


def _requests(body: Mapping[str, Any], alternative: Mapping[str, Any]) -> list[Request]:
    merged = {**body, **{k: alternative[k] for k in ("tariff", "state") if k in alternative}}
    own = {k: alternative[k] for k in ("option", "people") if k in alternative}
    account = [{**a, **own, "tariff": None} for a in body["account"]]
    found = requests_of({**merged, "account": account})
    return [replace(r, usage=tuple(_with_total(p) for p in r.usage)) for r in found]


def _with_total(part: UsagePart) -> UsagePart:
    """Add the total of a meter with period registers alone, for tariffs that know no periods."""
    if "import" in part.wh or part.curves:
        return part
    total = sum(wh for name, wh in part.wh.items() if name.startswith("import."))
    return replace(part, wh={**part.wh, "import": total})


def _rate(requests: Sequence[Request], book: TariffBook) -> list[RatedBill]:
    bills: list[RatedBill] = []
    state = requests[0].state
    for request in requests:
        bill = rate_one(replace(request, state=state), book)
        if bill.refusal is not None:
            bills.append(replace(bill, refusal=explained(bill.refusal, book)))
            break
        bills.append(bill)
        state = bill.state
    return bills


def _compared(alternative: Mapping[str, Any], bills: list[RatedBill], base: list[RatedBill]) -> dict[str, Any]:
    refusal = bills[-1].refusal or base[-1].refusal
    out: dict[str, Any] = {"name": str(alternative.get("name", "")), "refusal": None}
    if refusal is not None:
        return out | {"refusal": {"code": refusal.code, "pointer": refusal.pointer, "detail": refusal.detail}}
    deltas = [own.total_fen - first.total_fen for own, first in zip(bills, base, strict=True)]
    return out | {
        "cycles": [
            {"total": yuan(b.total_fen), "difference": yuan(d), "ladders": (b.state or {}).get("ladders", {})}
            for b, d in zip(bills, deltas, strict=True)
        ],
        "total": yuan(sum(b.total_fen for b in bills)),
        "difference": yuan(sum(deltas)),
        "cycles_won": sum(d < 0 for d in deltas),
        "cycles_lost": sum(d > 0 for d in deltas),
    }


def _exact(bills: Sequence[RatedBill]) -> Fraction:
    return sum((line.exact.fraction() for bill in bills for line in bill.lines), Fraction(0))


def _break_even(
    body: Mapping[str, Any], alternative: Mapping[str, Any], book: TariffBook, base: list[RatedBill]
) -> dict[str, Any]:
    """Return the share of valley kWh at which the alternative costs what the first one does, before rounding.

    Exact where cost is linear in the share (add-ons on the total); none for other than two periods, or outside 0 … 1.
    """
    requests = _requests(body, alternative)
    tariff = book.version_on(requests[0].tariff, requests[0].from_)
    if tariff is None or len(tariff.periods) != 2 or "valley" not in {p.name for p in tariff.periods}:
        return {"break_even_valley_share": None}
    registers = dict(zip((p.name for p in tariff.periods), tariff.registers("import"), strict=True))
    valley = registers.pop("valley")
    (other,) = registers.values()
    costs = []
    for used, empty in ((other, valley), (valley, other)):
        bills = _rate([_all_in(r, used, empty) for r in requests], book)
        if bills[-1].refusal is not None:
            return {"break_even_valley_share": None}
        costs.append(_exact(bills))
    none, all_ = costs
    if none == all_:
        return {"break_even_valley_share": None}
    share = (none - _exact(base)) / (none - all_)
    if not 0 <= share <= 1:
        return {"break_even_valley_share": None}
    tenthousandths = divide(share.numerator * 10_000, share.denominator, "half_up")
    return {"break_even_valley_share": f"{tenthousandths // 10_000}.{tenthousandths % 10_000:04d}"}


def _all_in(request: Request, used: str, empty: str) -> Request:
    """Return the request with all its kWh in one of the two periods."""
    parts = []
    for part in request.usage:
        total = part.wh["import"] if "import" in part.wh else part.wh.get(used, 0) + part.wh.get(empty, 0)
        parts.append(replace(part, wh={**part.wh, used: total, empty: 0}, curves=()))
    return replace(request, usage=tuple(parts))

"""What a case says that its tariffs do not know, and measurements of a case that contradict each other."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from services.billing.rating.rating_types import Curve, Finding, Request, UsagePart
from services.billing.rating.reference.frame import Frame
from services.billing.rating.tariff import names
from services.billing.rating.tariff.book import TariffBook
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Given, Ladder
from shared.document import escape, known, listed


def check_names(frame: Frame, state: Mapping[str, Any] | None) -> None:
    """Refuse usage, amounts, account figures and states that no tariff of the bill knows, and a state of other tiers."""
    tariffs = [segment.tariff for segment in frame.segments]
    request = frame.request
    quantities = {name for tariff in tariffs for name in tariff.known}
    for part in request.usage:
        _only((*part.wh, *(c.quantity for c in part.curves)), quantities, "register_unknown", "/usage")
    given = {charge.name for tariff in tariffs for charge in tariff.charges if isinstance(charge, Given)}
    _only(request.amounts, given, "request_wrong", "/amounts")
    for segment in frame.segments:
        pointer = f"/account/{request.facts.index(segment.fact)}"
        options = names.options(segment.tariff)
        if segment.fact.option and segment.fact.option not in options:
            raise Refused("request_wrong", f"{pointer}/option", known(options))
        _only(segment.fact.exempt, names.exemptions(segment.tariff), "request_wrong", f"{pointer}/exempt")
        _only(segment.fact.values, names.figures(segment.tariff), "request_wrong", f"{pointer}/values")
    if state is None:
        return
    ladders = {name: ladder for tariff in tariffs for name, ladder in tariff.ladders.items()}
    _only(state["ladders"], ladders, "ladder_state_wrong", "/state/ladders")
    for name, entry in state["ladders"].items():
        _check_tiers(ladders[name], entry["used_wh"], f"/state/ladders/{escape(name)}/used_kwh")
    _only(state.get("free", ()), {n for n, x in ladders.items() if x.free}, "request_wrong", "/state/free")
    _only(state.get("rest_wh", ()), quantities, "request_wrong", "/state/rest_kwh")
    charges = {charge.name for tariff in tariffs for charge in tariff.charges}
    _only(state.get("demand_w", ()), charges, "request_wrong", "/state/demand_kw")


def explained(refusal: Finding, book: TariffBook) -> Finding:
    """Say of a refusal for a document that is not there that it is not, and which ones are."""
    kind, _, name = refusal.pointer[1:].partition("/")
    if refusal.code == "tariff_unknown":
        return replace(refusal, detail=f"no tariff {refusal.detail}; there are: {listed(book.versions)}")
    if kind == "series" and name not in book.series:
        return replace(refusal, detail=f"no series {name}; there are: {listed(book.series)}")
    if kind == "calendars" and name not in book.calendars:
        return replace(refusal, detail=f"no calendar {name}; there are: {listed(book.calendars)}")
    return refusal


def _only(names: Iterable[str], allowed: Iterable[str], code: str, pointer: str) -> None:
    allowed = set(allowed)
    for name in names:
        if name not in allowed:
            raise Refused(code, f"{pointer}/{escape(name)}", known(allowed))


def _check_tiers(ladder: Ladder, used: Any, pointer: str) -> None:
    for row in used.values() if isinstance(used, dict) else [used]:
        if len(row) not in (ladder.tiers, ladder.tiers - 1):
            raise Refused(
                "ladder_state_wrong", pointer, f"{ladder.tiers} tiers were expected, the last may be left out"
            )


def measured_twice(request: Request, tolerance_wh: int) -> list[Finding]:
    """Find quantities that two curves, or a register and a curve, measured differently."""
    return [found for part in request.usage for found in _of_part(part, tolerance_wh)]


def _of_part(part: UsagePart, tolerance_wh: int) -> list[Finding]:
    found = []
    first: dict[str, Curve] = {}
    for curve in part.curves:
        other = first.setdefault(curve.quantity, curve)
        pointer = f"/usage/curves/{escape(curve.quantity)}"
        if other is not curve and (other.minutes, other.start, other.wh) != (curve.minutes, curve.start, curve.wh):
            found.append(
                Finding("curves_differ", "hold", pointer, f"{_sum(other)} Wh and {_sum(curve)} Wh, slot by slot")
            )
    for quantity, curve in first.items():
        register = part.wh.get(quantity)
        if register is not None and abs(register - _sum(curve)) > tolerance_wh:
            detail = f"register {register} Wh, curve {_sum(curve)} Wh"
            found.append(Finding("curve_register_differs", "hold", f"/usage/{escape(quantity)}", detail))
    return found


def _sum(curve: Curve) -> int:
    return sum(wh or 0 for wh in curve.wh)

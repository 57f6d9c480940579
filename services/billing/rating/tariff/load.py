"""Loading a tariff document: everything is checked here, so that rating never meets a wrong document."""

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from services.billing.rating.tariff.codes import TariffError
from services.billing.rating.tariff.form import TARIFF
from services.billing.rating.tariff.load_charges import Names, check_free, load_charges
from services.billing.rating.tariff.load_ladders import load_ladders
from services.billing.rating.tariff.load_periods import compile_schedules, day_kinds, load_periods
from services.billing.rating.tariff.load_prices import load_named
from services.billing.rating.tariff.load_quantities import known_names, load_quantities
from services.billing.rating.tariff.model import Charge, DaySchedule, Energy, Ladder, Period, Tariff, Tax, Tiered
from services.billing.rating.tariff.node import Faults, Node
from shared.document import escape
from shared.exact import RoundTo

DOCUMENT_MAX = 256 * 1024
"""Characters of canonical JSON. The largest published industrial tariff takes about 8 KiB."""

_NULL_ALLOWED = ("/effective/to", "/sources", "/notes", "/title", "/supplied")

_NONE: Final[tuple[Any, ...]] = ()
_EMPTIED: Final[dict[str, Any]] = {}


def load_tariff(document: Mapping[str, Any], tables: Mapping[str, Any] | None = None) -> Tariff:
    """Load and check one tariff document; `tables` are power factor tables by name.

    Raises TariffError with a code and a JSON pointer. Facts that are null are listed in `unconfirmed`: such a tariff has its
    head and its hash, but rates nothing until the facts are supplied (see `supply`).
    """
    form = TARIFF.faults(document)
    if any(fault.code in ("document_too_deep", "document_too_large") for fault in form):
        raise TariffError(*form[0], form[1:])
    root = Node(document)
    text = canonical(document)
    if len(text) > DOCUMENT_MAX:
        raise root.fail("document_too_large")
    unconfirmed = tuple(_nulls(document, ""))
    hours = tuple(p for p in unconfirmed if p.startswith("/periods/") and p.endswith("/when"))
    told = {
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "unconfirmed": tuple(p for p in unconfirmed if p not in hours),
        "hours_unconfirmed": bool(hours),
    }
    faults = Faults()
    head = faults.of(lambda: _head(root), _EMPTIED) | told
    rules = _EMPTY if head["unconfirmed"] else _rules(root, head, tables or {}, faults)
    faults.check(form)
    return Tariff(**head, **rules)


def canonical(document: Mapping[str, Any]) -> str:
    """Write a document in the one form that is hashed."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def supply(document: Mapping[str, Any], values: Mapping[str, Any], why: str) -> dict[str, Any]:
    """Fill facts that are null (by JSON pointer) and record in the document that they were supplied.

    A fact that the document already has is refused (`already_given`), an unknown place too.
    """
    out = deepcopy(dict(document))
    for pointer, value in values.items():
        *path, last = [p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:]]
        place: Any = out
        try:
            for key in path:
                place = place[int(key)] if isinstance(place, list) else place[key]
            index: Any = int(last) if isinstance(place, list) else last
            present = place[index]
        except (KeyError, IndexError, ValueError, TypeError):
            raise TariffError("name_unknown", pointer) from None
        if present is not None:
            raise TariffError("already_given", pointer)
        place[index] = value
        out.setdefault("supplied", []).append({"at": pointer, "why": why})
    return out


def _nulls(value: Any, pointer: str) -> list[str]:
    if value is None:
        return [] if pointer.startswith(_NULL_ALLOWED) or pointer.endswith("/to_points") else [pointer]
    out: list[str] = []
    if isinstance(value, dict):
        for key, inner in value.items():
            out += _nulls(inner, f"{pointer}/{escape(str(key))}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            out += _nulls(inner, f"{pointer}/{index}")
    return out


def _rules(root: Node, head: dict[str, Any], tables: Mapping[str, Any], faults: Faults) -> dict[str, Any]:
    """Return what rates, and find all that is wrong: what refers to other parts is loaded after them."""
    periods = faults.of(lambda: load_periods(root), _NONE)
    none: Mapping[str, Any] = _EMPTIED
    schedules = none if head["hours_unconfirmed"] or not periods else faults.of(lambda: _schedules(root, periods), none)
    names = tuple(p.name for p in periods)
    faults.next_part("name_unknown", "field_unknown")
    roundings = faults.of(lambda: _roundings(root), _EMPTIED)
    if not roundings:
        faults.next_part("choice_open")
    known = faults.of(lambda: known_names(root, periods), set[str]())
    quantities = faults.of(lambda: load_quantities(root, known, periods, roundings, faults), _NONE)
    rest = faults.of(lambda: _rest(root), False)
    tax = faults.of(lambda: _tax(root), None)
    tolerance = faults.of(lambda: _tolerance(root), 0)
    ladders = faults.of(lambda: load_ladders(root, names, faults), _EMPTIED)
    prices = faults.of(lambda: load_named(root), _EMPTIED)
    undivided = faults.of(lambda: _undivided(root, names), _EMPTIED)
    faults.next_part("name_unknown", "field_unknown")
    faults.of(lambda: _check_counts(ladders, known), None)
    of_charges = Names(periods, ladders, frozenset(known), prices, tables)
    charges = faults.of(lambda: load_charges(root, of_charges, faults), _NONE)
    faults.next_part("field_missing", "choice_open")
    faults.of(lambda: check_free(ladders, charges), None)
    if "on_change_usage" in head:
        faults.of(lambda: _check_on_change(ladders, head), None)
        faults.of(lambda: _check_series(charges, head), None)
    calendar = faults.of(lambda: _calendar(root), None)
    return {
        "round_line": roundings.get("line"),
        "round_total": roundings.get("total"),
        "round_kwh": roundings.get("kwh"),
        "rest_stays": rest,
        "periods": periods,
        "schedules": schedules,
        "calendar": calendar,
        "ladders": ladders,
        "quantities": quantities,
        "charges": charges,
        "tax": tax,
        "sum_tolerance_wh": tolerance,
        **undivided,
        "known": frozenset(known),
    }


def _schedules(root: Node, periods: tuple[Period, ...]) -> Mapping[str, tuple[tuple[DaySchedule, ...], ...]]:
    return compile_schedules(periods, day_kinds(root), root.get("periods"))


def _calendar(root: Node) -> str | None:
    days = root.maybe("days")
    return days.get("calendar").text() if days else None


def _tolerance(root: Node) -> int:
    tolerance = root.maybe("sum_tolerance_kwh")
    return tolerance.thousandths() if tolerance else 0


_EMPTY: dict[str, Any] = {
    "round_line": None,
    "round_total": None,
    "round_kwh": None,
    "rest_stays": False,
    "periods": (),
    "schedules": {},
    "calendar": None,
    "ladders": {},
    "quantities": (),
    "charges": (),
    "tax": None,
    "sum_tolerance_wh": 0,
    "undivided": "held",
    "undivided_period": -1,
    "known": frozenset(),
}


def _head(root: Node) -> dict[str, Any]:
    effective = root.get("effective")
    from_, to = effective.get("from").day(), effective.get("to").day()
    if from_ is not None and to is not None and to <= from_:
        raise effective.fail("dates_reversed")
    version = root.get("version")
    if isinstance(version.value, bool) or not isinstance(version.value, int | str):
        raise version.fail("value_wrong")
    title, series_at = root.maybe("title"), root.maybe("series_at")
    change = root.get("on_change", "choice_open")
    ladder, limits, without_read = change.maybe("ladder"), change.maybe("limits"), change.maybe("without_read")
    if without_read and change.get("usage", "choice_open").value != "split_by_read":
        raise without_read.fail("value_wrong", "only where usage is split_by_read")
    return {
        "id": root.get("id").text(),
        "version": str(version.value),
        "title": title.text() if title else "",
        "from_": from_,
        "to": to,
        "currency": root.get("currency").text(),
        "time_zone": root.get("time_zone").text(),
        "on_change_usage": change.get("usage", "choice_open").choice(
            "split_by_read", "split_by_days", "price_of_the_read_day", "price_of_the_first_day", "next_cycle"
        ),
        "on_change_without_read": without_read.choice("held", "split_by_days") if without_read else "held",
        "on_change_ladder": ladder.choice("what_tiers_used_is_kept", "restart") if ladder else "",
        "on_change_limits": limits.choice("by_months_of_each_version", "new_limits_for_the_whole_year")
        if limits
        else "",
        "series_at": series_at.choice("bill_month", "read_day", "first_day") if series_at else "",
    }


def _check_on_change(ladders: Mapping[str, Ladder], head: dict[str, Any]) -> None:
    if any(ladder.span == "year" for ladder in ladders.values()):
        for field in ("ladder", "limits"):
            if not head[f"on_change_{field}"]:
                raise TariffError("choice_open", f"/on_change/{field}")


def _check_counts(ladders: Mapping[str, Ladder], known: set[str]) -> None:
    for name, ladder in ladders.items():
        if ladder.counts not in known:
            raise TariffError("name_unknown", f"/ladders/{escape(name)}/counts")


def _check_series(charges: tuple[Charge, ...], head: dict[str, Any]) -> None:
    text = repr(charges)
    dated = "SeriesPrice(" in text or "SeasonalPrice(" in text
    only_intervals = all(c.by == "interval" for c in charges if isinstance(c, Energy) and "SeriesPrice(" in repr(c))
    if dated and not head["series_at"] and not (only_intervals and "SeasonalPrice(" not in text):
        raise TariffError("choice_open", "/series_at")
    for index, charge in enumerate(charges):
        if isinstance(charge, Energy) and charge.by == "interval" and "SeriesPrice(" not in repr(charge.prices):
            raise TariffError("value_wrong", f"/charges/{index}/price", "a price by interval comes from a series")
        if isinstance(charge, Tiered) and charge.split == "in_time_order" and head["hours_unconfirmed"]:
            raise TariffError("value_wrong", f"/charges/{index}", "the order in time needs confirmed hours")


def _roundings(root: Node) -> dict[str, RoundTo]:
    node = root.get("rounding", "choice_open")
    out = {name: item.rounding() for name, item in node.fields()}
    line = node.get("line", "choice_open")
    for name in ("line", "total"):
        if name in out:
            cents = out[name].step.num * 100
            if cents % out[name].step.den:
                raise node.get(name).get("step").fail("value_wrong", "money is whole fen: a multiple of 0.01")
    if out["line"].mode == "none" and "total" not in out:
        raise line.fail("choice_open", "lines that are not rounded need a rounding of the total")
    if "total" in out and out["total"].mode == "none":
        raise node.get("total").fail("value_wrong", "the total is whole fen")
    if "kwh" in out:
        step = out["kwh"].step.num * 1000
        if out["kwh"].mode == "none" or step % out["kwh"].step.den:
            raise node.get("kwh").fail("value_wrong", "a step of a multiple of 0.001 kWh, and a mode")
    return out


def _undivided(root: Node, periods: tuple[str, ...]) -> dict[str, Any]:
    """Return what becomes of energy that no period measured; a document that does not say it has such bills held."""
    node = root.maybe("undivided_kwh")
    if node is None:
        return {"undivided": "held", "undivided_period": -1}
    if not periods:
        raise node.fail("value_wrong", "a tariff without periods has nothing to divide")
    if isinstance(node.value, dict):
        name = node.get("period")
        if name.text() not in periods:
            raise name.fail("name_unknown", "a name of `periods` was expected")
        return {"undivided": "to_period", "undivided_period": periods.index(name.text())}
    return {"undivided": node.choice("held", "by_share"), "undivided_period": -1}


def _rest(root: Node) -> bool:
    kwh = root.get("rounding").maybe("kwh")
    if kwh is None:
        return False
    return kwh.get("rest", "choice_open").choice("stays_in_the_register", "lost") == "stays_in_the_register"


def _tax(root: Node) -> Tax | None:
    node = root.maybe("tax")
    if node is None:
        return None
    tax = Tax(node.get("included", "choice_open").flag(), node.get("rate").decimal(), node.get("shown").flag())
    if not tax.included and not tax.shown:
        raise node.get("shown").fail("value_wrong", "tax that is added is a line")
    return tax

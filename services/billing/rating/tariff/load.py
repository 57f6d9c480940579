"""Loading a tariff document: everything is checked here, so that rating never meets a wrong document."""

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from typing import Any

from services.billing.rating.tariff.codes import TariffError
from services.billing.rating.tariff.load_charges import Names, check_free, load_charges
from services.billing.rating.tariff.load_ladders import load_ladders
from services.billing.rating.tariff.load_periods import compile_schedules, day_kinds, load_periods
from services.billing.rating.tariff.load_prices import load_named
from services.billing.rating.tariff.load_quantities import known_names, load_quantities
from services.billing.rating.tariff.model import Charge, Energy, Ladder, Tariff, Tax, Tiered
from services.billing.rating.tariff.node import Node
from shared.document import escape
from shared.exact import RoundTo

DOCUMENT_MAX = 256 * 1024
"""Characters of canonical JSON. The largest published industrial tariff takes about 8 KiB."""

_FIELDS = (
    "id version title effective on_change sources supplied currency time_zone rounding series_at days periods registers "
    "quantities ladders prices charges tax sum_tolerance_kwh undivided_kwh notes"
)
_NULL_ALLOWED = ("/effective/to", "/sources", "/notes", "/title", "/supplied")


def load_tariff(document: Mapping[str, Any], tables: Mapping[str, Any] | None = None) -> Tariff:
    """Load and check one tariff document; `tables` are power factor tables by name.

    Raises TariffError with a code and a JSON pointer. Facts that are null are listed in `unconfirmed`: such a tariff has its
    head and its hash, but rates nothing until the facts are supplied (see `supply`).
    """
    root = Node(document)
    root.keys(_FIELDS)
    text = canonical(document)
    if len(text) > DOCUMENT_MAX:
        raise root.fail("document_too_large")
    _sources(root)
    unconfirmed = tuple(_nulls(document, ""))
    hours = tuple(p for p in unconfirmed if p.startswith("/periods/") and p.endswith("/when"))
    blocking = tuple(p for p in unconfirmed if p not in hours)
    return _load(root, hashlib.sha256(text.encode()).hexdigest(), blocking, bool(hours), tables or {})


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


def _sources(root: Node) -> None:
    sources = root.get("sources").items()
    if not sources:
        raise root.get("sources").fail("value_wrong", "at least one source was expected")
    for source in sources:
        source.keys("for text at status")
        source.get("for").text()
        source.get("text").text()
    supplied = root.maybe("supplied")
    for item in supplied.items() if supplied else []:
        item.keys("at why").get("at").text()


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


def _load(
    root: Node, sha256: str, blocking: tuple[str, ...], hours_unconfirmed: bool, tables: Mapping[str, Any]
) -> Tariff:
    effective = root.get("effective").keys("from to")
    from_, to = effective.get("from").day(), effective.get("to").day()
    if from_ is not None and to is not None and to <= from_:
        raise effective.fail("dates_reversed")
    head = _head(root, from_, to) | {"sha256": sha256, "unconfirmed": blocking, "hours_unconfirmed": hours_unconfirmed}
    if blocking:
        return Tariff(**head, **_EMPTY)
    periods = load_periods(root)
    kinds = day_kinds(root)
    schedules = {} if hours_unconfirmed or not periods else compile_schedules(periods, kinds, root.get("periods"))
    names = tuple(p.name for p in periods)
    roundings = _roundings(root)
    ladders = load_ladders(root, names)
    known = known_names(root, periods)
    rules = load_quantities(root, known, periods, roundings)
    _check_counts(ladders, known)
    charges = load_charges(root, Names(periods, ladders, frozenset(known), load_named(root), tables))
    check_free(ladders, charges)
    _check_on_change(ladders, head)
    _check_series(charges, head)
    tolerance = root.maybe("sum_tolerance_kwh")
    days = root.maybe("days")
    return Tariff(
        **head,
        round_line=roundings["line"],
        round_total=roundings.get("total"),
        round_kwh=roundings.get("kwh"),
        rest_stays=_rest(root),
        periods=periods,
        schedules=schedules,
        calendar=days.get("calendar").text() if days else None,
        ladders=ladders,
        quantities=rules,
        charges=charges,
        tax=_tax(root),
        sum_tolerance_wh=tolerance.thousandths() if tolerance else 0,
        **_undivided(root, names),
        known=frozenset(known),
    )


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


def _head(root: Node, from_: date | None, to: date | None) -> dict[str, Any]:
    version = root.get("version")
    if isinstance(version.value, bool) or not isinstance(version.value, int | str):
        raise version.fail("value_wrong")
    title, series_at = root.maybe("title"), root.maybe("series_at")
    change = root.get("on_change", "choice_open").keys("usage ladder limits")
    ladder, limits = change.maybe("ladder"), change.maybe("limits")
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
    node = root.get("rounding", "choice_open").keys("line total kwh loss share")
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
        name = node.keys("period").get("period")
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
    node.keys("included rate shown")
    tax = Tax(node.get("included", "choice_open").flag(), node.get("rate").decimal(), node.get("shown").flag())
    if not tax.included and not tax.shown:
        raise node.get("shown").fail("value_wrong", "tax that is added is a line")
    return tax

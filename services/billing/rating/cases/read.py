"""Reading a case, one JSON object with everything that a bill needs, into requests. See docs/rating-reference.md."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from services.billing.rating.cases.registers import quantities_wh
from services.billing.rating.rating_types import AccountSpan, Curve, Equipment, Request, UsagePart
from services.billing.rating.tariff.book import TariffBook, load_book
from services.billing.rating.tariff.codes import Refused, TariffError
from shared.exact import Exact, parse

YEAR_MIN, YEAR_MAX = 1980, 2199
"""No published tariff is older, no bill later; dates near the ends of the calendar cannot be counted on."""


def requests_of(case: Mapping[str, Any]) -> list[Request]:
    """Make the requests of a case: one bill, or one per entry of `cycles`."""
    if "cycles" not in case:
        return [_request(case)]
    cycles = objects(case, "cycles", "")
    if not cycles:
        raise Refused("request_wrong", "/cycles", "at least one was expected")
    return [_request({**case, **cycle}) for cycle in cycles]


def tariff_documents(case: Mapping[str, Any], at: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Return the documents that stand in the case itself, each with its pointer: inline tariffs, series, calendars, tables."""
    found = (
        [(f"{at}/documents/{i}", d) for i, d in enumerate(objects(case, "documents", at))]
        if "documents" in case
        else []
    )
    holders = [(at, case)]
    if "segments" in case:
        holders += [(f"{at}/segments/{i}", s) for i, s in enumerate(objects(case, "segments", at))]
    for pointer, holder in holders:
        tariff = holder.get("tariff")
        if isinstance(tariff, dict) and isinstance(tariff.get("inline"), dict):
            found.append((f"{pointer}/tariff/inline", tariff["inline"]))
    return found


def book_of(documents: Sequence[Mapping[str, Any]], own: Sequence[tuple[str, dict[str, Any]]]) -> TariffBook:
    """Load the documents that a case brings along beside those that are known; its tariffs go before others of their id.

    Raises TariffError with a pointer into the case for a fault in one of its documents.
    """
    ids = {str(d["id"]) for _, d in own if "id" in d}
    known = [d for d in documents if str(d.get("id")) not in ids]
    tables = [d for d in (*known, *(d for _, d in own)) if "table" in d]
    for pointer, document in own:
        try:
            load_book([*tables, document])
        except TariffError as error:
            raise TariffError(error.code, pointer + error.pointer, error.detail) from None
    return load_book([*known, *(d for _, d in own)])


def _request(case: Mapping[str, Any]) -> Request:
    if "segments" in case:
        return _of_segments(case)
    cycle = field(case, "cycle", "")
    from_, to = day(cycle, "from", "/cycle"), day(cycle, "to", "/cycle")
    facts = [_fact(f, f"/account/{i}") for i, f in enumerate(objects(case, "account", ""))]
    return _make(case, cycle, _tariff_id(case, ""), from_, to, facts, _parts(case, from_, to, ""))


def _of_segments(case: Mapping[str, Any]) -> Request:
    """Return the request of several parts, each with its tariff, cycle, account and usage: one bill with one ladder state."""
    facts: list[AccountSpan] = []
    parts: list[UsagePart] = []
    segments = objects(case, "segments", "")
    if not segments:
        raise Refused("request_wrong", "/segments")
    for index, segment in enumerate(segments):
        pointer = f"/segments/{index}"
        cycle = field(segment, "cycle", pointer)
        from_, to = day(cycle, "from", f"{pointer}/cycle"), day(cycle, "to", f"{pointer}/cycle")
        account = objects(segment, "account", pointer) if "account" in segment else objects(case, "account", "")
        if not account:
            raise Refused("facts_gap", f"{pointer}/account")
        raw = {**account[-1], "tariff": _tariff_id(segment, pointer), "from": cycle["from"], "to": cycle["to"]}
        if index == 0:
            raw["from"] = min(str(account[0].get("from", cycle["from"])), cycle["from"])
        if index == len(segments) - 1:
            raw["to"] = None
        facts.append(_fact(raw, f"{pointer}/account"))
        parts += _parts(segment, from_, to, pointer)
    cycle = case.get("cycle") or {**field(segments[-1], "cycle", "/segments"), "from": segments[0]["cycle"]["from"]}
    tariff = facts[0].tariff or ""
    return _make(case, cycle, tariff, parts[0].from_, parts[-1].to, facts, parts)


def _make(
    case: Mapping[str, Any],
    cycle: Mapping[str, Any],
    tariff: str,
    from_: date,
    to: date,
    facts: list[AccountSpan],
    parts: list[UsagePart],
) -> Request:
    month = cycle.get("month")
    amounts = table(case, "amounts", "")
    return Request(
        contract=str(case.get("id", "case")),
        tariff=tariff,
        from_=from_,
        to=to,
        read_day=day(cycle, "read_day", "/cycle"),
        bill_months=tuple(
            _month(m, f"/cycle/bill_months/{i}") for i, m in enumerate(items(cycle, "bill_months", "/cycle"))
        ),
        facts=tuple(facts),
        usage=tuple(parts),
        state=state_wh(table(case, "state", "")) if case.get("state") is not None else None,
        amounts={name: exact(value, f"/amounts/{name}") for name, value in amounts.items()},
        month=(day(month, "from", "/cycle/month"), day(month, "to", "/cycle/month")) if month else None,
        opened=day(case, "opened", "") if case.get("opened") else None,
    )


def _tariff_id(case: Mapping[str, Any], pointer: str) -> str:
    tariff = field(case, "tariff", pointer)
    if isinstance(tariff, str):
        return tariff
    if isinstance(tariff, dict) and isinstance(tariff.get("inline"), dict):
        return str(tariff["inline"].get("id", ""))
    raise Refused("request_wrong", f"{pointer}/tariff", "an id, or {inline: document}")


# --- small readers


def field(value: Mapping[str, Any], key: str, pointer: str) -> Any:
    """Return a field that must be there."""
    if not isinstance(value, Mapping) or value.get(key) is None:
        raise Refused("request_wrong", f"{pointer}/{key}", "missing")
    return value[key]


def items(value: Mapping[str, Any], key: str, pointer: str) -> list[Any]:
    """Return a list that must be there."""
    found = field(value, key, pointer)
    if not isinstance(found, list) or len(found) > 512:
        raise Refused("request_wrong", f"{pointer}/{key}", "a list of at most 512 was expected")
    return found


def objects(value: Mapping[str, Any], key: str, pointer: str) -> list[dict[str, Any]]:
    """Return a list of objects that must be there."""
    found = items(value, key, pointer)
    for index, item in enumerate(found):
        if not isinstance(item, dict):
            raise Refused("request_wrong", f"{pointer}/{key}/{index}", "an object was expected")
    return found


def table(value: Mapping[str, Any], key: str, pointer: str) -> Mapping[str, Any]:
    """Return an object, an empty one where it is absent."""
    found = value.get(key)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise Refused("request_wrong", f"{pointer}/{key}", "an object was expected")
    return found


def _some(value: Mapping[str, Any], key: str, pointer: str) -> list[dict[str, Any]]:
    return objects(value, key, pointer) if value.get(key) is not None else []


def day(value: Mapping[str, Any], key: str, pointer: str) -> date:
    """Return a date."""
    try:
        found = date.fromisoformat(field(value, key, pointer))
    except (TypeError, ValueError):
        raise Refused("request_wrong", f"{pointer}/{key}", "a date was expected") from None
    if not YEAR_MIN <= found.year <= YEAR_MAX:
        raise Refused("request_wrong", f"{pointer}/{key}", f"a date from {YEAR_MIN} to {YEAR_MAX} was expected")
    return found


def exact(value: Any, pointer: str) -> Exact:
    """Return a decimal that is written as text."""
    try:
        return parse(value)
    except ValueError:
        raise Refused("request_wrong", pointer, "a decimal in quotes was expected") from None


def milli(value: Any, pointer: str) -> int:
    """Return a decimal in thousandths (kWh -> Wh); finer ones are refused."""
    number = exact(value, pointer)
    found, rest = divmod(number.num * 1000, number.den)
    if rest:
        raise Refused("request_wrong", pointer, "at most three decimals were expected")
    return found


def _month(value: Any, pointer: str) -> date:
    if not isinstance(value, str) or len(value) != 7:
        raise Refused("request_wrong", pointer, "a month such as 2026-01 was expected")
    return day({"month": f"{value}-01"}, "month", pointer)


def _fact(raw: Mapping[str, Any], pointer: str) -> AccountSpan:
    known = {
        "from", "to", "class", "people", "households", "option", "capacity_kva", "contract_demand_kw", "equipment", "values",
        "tariff",
    }  # fmt: skip
    if not isinstance(raw, Mapping):
        raise Refused("request_wrong", pointer)
    for key in raw:
        if key not in known:
            raise Refused("request_wrong", f"{pointer}/{key}", "unknown field")
    whole = {k: raw.get(k, d) for k, d in (("people", 0), ("households", 1))}
    for key, value in whole.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise Refused("request_wrong", f"{pointer}/{key}")
    return AccountSpan(
        from_=day(raw, "from", pointer),
        to=day(raw, "to", pointer) if raw.get("to") else None,
        class_=str(raw.get("class", "residential")),
        people=whole["people"],
        households=whole["households"],
        option=str(raw.get("option", "")),
        capacity_va=milli(raw["capacity_kva"], f"{pointer}/capacity_kva") if raw.get("capacity_kva") else None,
        contract_demand_w=milli(raw["contract_demand_kw"], f"{pointer}/contract_demand_kw")
        if raw.get("contract_demand_kw")
        else None,
        equipment=tuple(
            _equipment(e, f"{pointer}/equipment/{i}") for i, e in enumerate(_some(raw, "equipment", pointer))
        ),
        values={k: exact(v, f"{pointer}/values/{k}") for k, v in table(raw, "values", pointer).items()},
        tariff=str(raw["tariff"]) if raw.get("tariff") else None,
    )


def _equipment(raw: Mapping[str, Any], pointer: str) -> Equipment:
    va = milli(field(raw, "kva", pointer), f"{pointer}/kva")
    return Equipment(str(field(raw, "name", pointer)), va, str(raw.get("state", "running")))


def _parts(case: Mapping[str, Any], from_: date, to: date, pointer: str) -> list[UsagePart]:
    usage = field(case, "usage", pointer)
    curves = _some(case, "curves", pointer)
    if isinstance(usage, dict):
        wh = quantities_wh(usage, f"{pointer}/usage")
        return [UsagePart(from_, to, wh, tuple(_curve(c, f"{pointer}/curves/{i}") for i, c in enumerate(curves)))]
    parts = []
    for index, part in enumerate(objects(case, "usage", pointer)):
        at = f"{pointer}/usage/{index}"
        own = tuple(_curve(c, f"{at}/curves/{i}") for i, c in enumerate(_some(part, "curves", at)))
        wh = quantities_wh(field(part, "quantities", at), f"{at}/quantities")
        parts.append(UsagePart(day(part, "from", at), day(part, "to", at), wh, own))
    return parts


def _curve(raw: Mapping[str, Any], pointer: str) -> Curve:
    try:
        start = datetime.fromisoformat(field(raw, "start", pointer))
    except (TypeError, ValueError):
        raise Refused("request_wrong", f"{pointer}/start") from None
    if start.tzinfo is None or not YEAR_MIN <= start.year <= YEAR_MAX:
        raise Refused("request_wrong", f"{pointer}/start", "an instant with its offset was expected")
    values = field(raw, "kwh", pointer)
    if not isinstance(values, list) or len(values) > 60 * 24 * 366:
        raise Refused("request_wrong", f"{pointer}/kwh")
    wh = tuple(None if v is None else milli(v, f"{pointer}/kwh/{i}") for i, v in enumerate(values))
    minutes = field(raw, "minutes", pointer)
    if isinstance(minutes, bool) or not isinstance(minutes, int):
        raise Refused("request_wrong", f"{pointer}/minutes")
    return Curve(str(field(raw, "quantity", pointer)), start, minutes, wh)


def state_wh(state: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the state of a case (decimal kWh) into the state of rating (Wh)."""
    ladders = table(state, "ladders", "/state")
    out: dict[str, Any] = {"ladders": {name: _ladder(ladders, name) for name in ladders}}
    if state.get("free") is not None:
        free = table(state, "free", "/state")
        out["free"] = {name: _free(free, name) for name in free}
    if state.get("rest_kwh") is not None:
        out["rest_wh"] = _wh_of(table(state, "rest_kwh", "/state"), "/state/rest_kwh")
    if state.get("demand_kw") is not None:
        months = table(state, "demand_kw", "/state")
        at = "/state/demand_kw"
        out["demand_w"] = {name: _wh_of(table(months, name, at), f"{at}/{name}") for name in months}
    return out


def _wh_of(values: Mapping[str, Any], pointer: str) -> dict[str, int]:
    return {name: milli(value, f"{pointer}/{name}") for name, value in values.items()}


def _ladder(ladders: Mapping[str, Any], name: str) -> dict[str, Any]:
    pointer = f"/state/ladders/{name}"
    entry = table(ladders, name, "/state/ladders")
    used = field(entry, "used_kwh", pointer)
    at = f"{pointer}/used_kwh"
    wh = {p: _row(v, f"{at}/{p}") for p, v in used.items()} if isinstance(used, dict) else _row(used, at)
    version = {"version": str(entry["version"])} if "version" in entry else {}
    return {"year": _year(entry, pointer), "used_wh": wh, **version}


def _free(free: Mapping[str, Any], name: str) -> dict[str, Any]:
    pointer = f"/state/free/{name}"
    entry = table(free, name, "/state/free")
    return {"year": _year(entry, pointer), "used_wh": milli(field(entry, "used_kwh", pointer), f"{pointer}/used_kwh")}


def _year(entry: Mapping[str, Any], pointer: str) -> int:
    year = field(entry, "year", pointer)
    if isinstance(year, bool) or not isinstance(year, int):
        raise Refused("ladder_state_wrong", f"{pointer}/year", "a year was expected")
    return year


def _row(values: Any, pointer: str) -> list[int]:
    if not isinstance(values, list):
        raise Refused("ladder_state_wrong", pointer)
    return [milli(v, f"{pointer}/{i}") for i, v in enumerate(values)]

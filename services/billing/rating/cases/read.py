"""Reading a case, one JSON object with everything that a bill needs, into requests. See docs/rating-reference.md."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from services.billing.rating.cases.registers import exact, quantities_wh, thousandths
from services.billing.rating.rating_types import AccountSpan, Curve, Equipment, Request, UsagePart
from services.billing.rating.tariff.book import TariffBook, load_book
from services.billing.rating.tariff.codes import Refused, TariffError
from shared.document import escape

YEAR_MIN, YEAR_MAX = 1980, 2199
"""No published tariff is older, no bill later; dates near the ends of the calendar cannot be counted on."""


def requests_of(case: Mapping[str, Any]) -> list[Request]:
    """Make the requests of a case: one bill, or one per entry of `cycles`. The case has its form (`case_form.py`)."""
    if "cycles" not in case:
        return [_request(case)]
    found = []
    for index, cycle in enumerate(case["cycles"]):
        try:
            found.append(_request({**case, **cycle}))
        except Refused as fault:
            at = f"/cycles/{index}" if fault.pointer.split("/")[1] in cycle else ""
            raise Refused(fault.code, at + fault.pointer, fault.detail) from None
    return found


def tariff_documents(case: Mapping[str, Any], at: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Return the documents that stand in the case itself, each with its pointer: inline tariffs, series, calendars, tables."""
    found = [(f"{at}/documents/{i}", document) for i, document in enumerate(case.get("documents", ()))]
    holders = [(at, case)]
    for name in ("segments", "cycles"):
        holders += [(f"{at}/{name}/{i}", part) for i, part in enumerate(case.get(name, ()))]
    for pointer, holder in holders:
        tariff = holder.get("tariff")
        if isinstance(tariff, dict):
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
            first, *more = [fault._replace(pointer=pointer + fault.pointer) for fault in error.faults]
            raise TariffError(*first, more) from None
    return load_book([*known, *(d for _, d in own)])


def _request(case: Mapping[str, Any]) -> Request:
    if "segments" in case:
        return _of_segments(case)
    for name in ("tariff", "cycle", "usage"):
        if name not in case:
            raise Refused("request_wrong", f"/{name}", "missing: of the case, or of each of its cycles or alternatives")
    cycle = case["cycle"]
    from_, to = day(cycle, "from", "/cycle"), day(cycle, "to", "/cycle")
    facts = [_fact(f, f"/account/{i}") for i, f in enumerate(case["account"])]
    return _make(case, cycle, _tariff_id(case), from_, to, facts, _parts(case, from_, to, ""))


def _of_segments(case: Mapping[str, Any]) -> Request:
    """Return the request of several parts, each with its tariff, cycle, account and usage: one bill with one ladder state."""
    facts: list[AccountSpan] = []
    parts: list[UsagePart] = []
    segments = case["segments"]
    for index, segment in enumerate(segments):
        pointer = f"/segments/{index}"
        cycle = segment["cycle"]
        from_, to = day(cycle, "from", f"{pointer}/cycle"), day(cycle, "to", f"{pointer}/cycle")
        account = segment.get("account") or case.get("account")
        if not account:
            raise Refused("facts_gap", f"{pointer}/account")
        raw = {**account[-1], "tariff": _tariff_id(segment), "from": cycle["from"], "to": cycle["to"]}
        if index == 0:
            raw["from"] = min(account[0]["from"], cycle["from"])
        if index == len(segments) - 1:
            raw["to"] = None
        facts.append(_fact(raw, f"{pointer}/account"))
        parts += _parts(segment, from_, to, pointer)
    cycle = case.get("cycle") or {**segments[-1]["cycle"], "from": segments[0]["cycle"]["from"]}
    return _make(case, cycle, facts[0].tariff or "", parts[0].from_, parts[-1].to, facts, parts)


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
    read_day = day(cycle, "read_day", "/cycle")
    return Request(
        contract=case.get("id", "case"),
        tariff=tariff,
        from_=from_,
        to=to,
        read_day=read_day,
        bill_months=_bill_months(cycle["bill_months"], from_, max(to, read_day)),
        facts=tuple(facts),
        usage=tuple(parts),
        state=state_wh(case["state"]) if "state" in case else None,
        amounts={name: exact(value, f"/amounts/{escape(name)}") for name, value in case.get("amounts", {}).items()},
        month=(day(month, "from", "/cycle/month"), day(month, "to", "/cycle/month")) if month else None,
        opened=day(case, "opened", "") if "opened" in case else None,
    )


def _bill_months(months: list[str], from_: date, last: date) -> tuple[date, ...]:
    """Return the bill months, none of which may lie outside the days of the cycle and of its read."""
    found = []
    for index, month in enumerate(months):
        pointer = f"/cycle/bill_months/{index}"
        found.append(day({"month": f"{month}-01"}, "month", pointer))
        if not from_.replace(day=1) <= found[-1] <= last:
            raise Refused(
                "request_wrong", pointer, f"a month from {from_:%Y-%m} to {last:%Y-%m} was expected: those of the cycle"
            )
    return tuple(found)


def _tariff_id(case: Mapping[str, Any]) -> str:
    tariff = case["tariff"]
    return tariff if isinstance(tariff, str) else str(tariff["inline"].get("id", ""))


# --- small readers


def day(value: Mapping[str, Any], key: str, pointer: str) -> date:
    """Return a date."""
    try:
        found = date.fromisoformat(value[key])
    except ValueError:
        raise Refused("request_wrong", f"{pointer}/{key}", "a date was expected") from None
    if not YEAR_MIN <= found.year <= YEAR_MAX:
        raise Refused("request_wrong", f"{pointer}/{key}", f"a date from {YEAR_MIN} to {YEAR_MAX} was expected")
    return found


def milli(value: Any, pointer: str) -> int:
    """Return a decimal that is written as text in thousandths (kWh -> Wh); finer ones are refused."""
    return thousandths(exact(value, pointer), pointer)


def _fact(raw: Mapping[str, Any], pointer: str) -> AccountSpan:
    return AccountSpan(
        from_=day(raw, "from", pointer),
        to=day(raw, "to", pointer) if raw.get("to") else None,
        class_=raw.get("class", "residential"),
        people=raw.get("people", 0),
        households=raw.get("households", 1),
        option=raw.get("option", ""),
        capacity_va=_maybe_milli(raw, "capacity_kva", pointer),
        contract_demand_w=_maybe_milli(raw, "contract_demand_kw", pointer),
        equipment=tuple(
            Equipment(e["name"], milli(e["kva"], f"{pointer}/equipment/{i}/kva"), e.get("state", "running"))
            for i, e in enumerate(raw.get("equipment", ()))
        ),
        values={k: exact(v, f"{pointer}/values/{escape(k)}") for k, v in raw.get("values", {}).items()},
        tariff=raw.get("tariff"),
        exempt=tuple(sorted(raw.get("exempt", ()))),
    )


def _maybe_milli(raw: Mapping[str, Any], key: str, pointer: str) -> int | None:
    return milli(raw[key], f"{pointer}/{key}") if key in raw else None


def _parts(case: Mapping[str, Any], from_: date, to: date, pointer: str) -> list[UsagePart]:
    usage = case["usage"]
    if isinstance(usage, dict):
        wh = quantities_wh(usage, f"{pointer}/usage")
        return [UsagePart(from_, to, wh, _curves(case, pointer))]
    if "curves" in case:
        raise Refused("request_wrong", f"{pointer}/curves", "usage in parts has the curves of each part")
    parts = []
    for index, part in enumerate(usage):
        at = f"{pointer}/usage/{index}"
        wh = quantities_wh(part["quantities"], f"{at}/quantities")
        parts.append(UsagePart(day(part, "from", at), day(part, "to", at), wh, _curves(part, at)))
    return parts


def _curves(raw: Mapping[str, Any], pointer: str) -> tuple[Curve, ...]:
    return tuple(_curve(c, f"{pointer}/curves/{i}") for i, c in enumerate(raw.get("curves", ())))


def _curve(raw: Mapping[str, Any], pointer: str) -> Curve:
    try:
        start = datetime.fromisoformat(raw["start"])
    except ValueError:
        raise Refused("request_wrong", f"{pointer}/start") from None
    if start.tzinfo is None or not YEAR_MIN <= start.year <= YEAR_MAX:
        raise Refused("request_wrong", f"{pointer}/start", "an instant with its offset was expected")
    wh = tuple(None if v is None else milli(v, f"{pointer}/kwh/{i}") for i, v in enumerate(raw["kwh"]))
    return Curve(raw["quantity"], start, raw["minutes"], wh)


def state_wh(state: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the state of a case (decimal kWh) into the state of rating (Wh)."""
    ladders = state.get("ladders", {})
    out: dict[str, Any] = {
        "ladders": {name: _ladder(entry, f"/state/ladders/{escape(name)}") for name, entry in ladders.items()}
    }
    if "free" in state:
        at = "/state/free"
        out["free"] = {
            name: {"year": entry["year"], "used_wh": milli(entry["used_kwh"], f"{at}/{escape(name)}/used_kwh")}
            for name, entry in state["free"].items()
        }
    if "rest_kwh" in state:
        out["rest_wh"] = _wh_of(state["rest_kwh"], "/state/rest_kwh")
    if "demand_kw" in state:
        at = "/state/demand_kw"
        out["demand_w"] = {name: _wh_of(months, f"{at}/{escape(name)}") for name, months in state["demand_kw"].items()}
    return out


def _wh_of(values: Mapping[str, Any], pointer: str) -> dict[str, int]:
    return {name: milli(value, f"{pointer}/{escape(name)}") for name, value in values.items()}


def _ladder(entry: Mapping[str, Any], pointer: str) -> dict[str, Any]:
    used, at = entry["used_kwh"], f"{pointer}/used_kwh"
    wh = {p: _row(v, f"{at}/{escape(p)}") for p, v in used.items()} if isinstance(used, dict) else _row(used, at)
    version = {"version": entry["version"]} if "version" in entry else {}
    return {"year": entry["year"], "used_wh": wh, **version}


def _row(values: list[str], pointer: str) -> list[int]:
    return [milli(v, f"{pointer}/{i}") for i, v in enumerate(values)]

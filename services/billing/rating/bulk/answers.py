"""From columns back to bills."""

from collections.abc import Sequence
from typing import Any

from services.billing.rating.bulk.engine import Rated
from services.billing.rating.bulk.work import LineColumn, Note
from services.billing.rating.rating_types import Finding, Line, RatedBill, Request
from services.billing.rating.tariff.codes import FINDINGS
from shared.errors import Refused
from shared.exact import Exact

ZH = {"rounding": "尾差", "tax": "税"}


def refusal(request: Request, refused: Refused) -> RatedBill:
    """Answer a request that cannot be rated."""
    finding = Finding(refused.code, "refused", refused.pointer, refused.detail)
    return RatedBill(request.contract, "", (), 0, None, request.state, {}, (), (finding,), finding)


def bills(rated: Rated, requests: Sequence[Request]) -> list[RatedBill | None]:
    """Return the bill of each row; None for rows that are left to the reference."""
    lines = _lines(rated)
    states = _states(rated, requests)
    found = _findings(rated)
    names = list(rated.quantities)
    values = zip(*(rated.quantities[name].v.tolist() for name in names), strict=True) if names else [()] * rated.n
    totals, unpriced = rated.total_fen.v.tolist(), rated.unpriced_wh.v.tolist()
    taxes = rated.tax_fen.v.tolist() if rated.tax_fen is not None else [None] * rated.n
    tariffs = tuple(dict.fromkeys((p.tariff.id, p.tariff.version, p.tariff.sha256) for p in rated.pieces))
    currency = rated.pieces[0].tariff.currency
    out: list[RatedBill | None] = [
        RatedBill(request.contract, currency, tuple(lines[i]), totals[i], taxes[i], states[i],
                  dict(zip(names, row, strict=True)), tariffs, tuple(found.get(i, ())),
                  unpriced_wh=unpriced[i], limits_wh=rated.limits)
        for i, (request, row) in enumerate(zip(requests, values, strict=True))
    ]  # fmt: skip
    for mask, refused in reversed(rated.refused):
        for i in mask.nonzero()[0].tolist():
            out[i] = refusal(requests[i], refused)
    for i in rated.apart.nonzero()[0].tolist():
        out[i] = None
    return out


def _lines(rated: Rated) -> list[list[Line]]:
    out: list[list[Line]] = [[] for _ in range(rated.n)]
    for column in rated.lines:
        for i, line in _of_column(column):
            out[i].append(line)
    return out


def _of_column(column: LineColumn) -> list[tuple[int, Line]]:
    tariff, den = column.piece.tariff, column.den
    zh = column.charge.zh if column.charge else ZH[column.kind]
    nums, fens = column.num.v.tolist(), column.amount_fen.v.tolist()
    quantities = column.quantity.tolist() if column.quantity is not None else [None] * len(nums)
    price_nums = column.price_num.tolist() if column.price_num is not None else None
    addends = [(values.tolist(), d) for values, d in column.on]
    out = []
    for i, num in enumerate(nums):
        if num == 0:
            continue
        price = column.price
        if price_nums is not None and price is not None:
            price = Exact(price_nums[i] * price.num, price.den)
        on = tuple(Exact(values[i], d) for values, d in addends if values[i])
        out.append((i, Line(
            column.name, zh, column.kind, column.period, column.tier, quantities[i], column.unit, price, Exact(num, den),
            fens[i], tariff.id, tariff.version, column.from_, column.to, column.factors, on,
        )))  # fmt: skip
    return out


def _states(rated: Rated, requests: Sequence[Request]) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = [{"ladders": {}} for _ in requests]
    for name, ladder in rated.ladders.items():
        by_period = {p: list(zip(*(c.v.tolist() for c in tiers), strict=True)) for p, tiers in ladder.used.items()}
        head: dict[str, Any] = {"year": ladder.year} | ({"version": ladder.version} if ladder.version else {})
        for i, state in enumerate(out):
            used: Any = {p: list(rows[i]) for p, rows in by_period.items()}
            state["ladders"][name] = head | {"used_wh": used.get("", used)}
    for name, (years, free) in rated.free.items():
        for state, year, used in zip(out, years.tolist(), free.v.tolist(), strict=True):
            state.setdefault("free", {})[name] = {"year": year, "used_wh": used}
    for name, rest in rated.rest_wh.items():
        for state, wh in zip(out, rest.v.tolist(), strict=True):
            state.setdefault("rest_wh", {})[name] = wh
    for name, history in rated.demand_w.items():
        months = {month: watts.v.tolist() for month, watts in history.items()}
        for i, state in enumerate(out):
            state.setdefault("demand_w", {})[name] = {month: watts[i] for month, watts in months.items()}
    return out


def _findings(rated: Rated) -> dict[int, list[Finding]]:
    out: dict[int, list[Finding]] = {}
    for note in rated.findings:
        for i in note.mask.nonzero()[0].tolist():
            out.setdefault(i, []).append(Finding(note.code, "warn", note.pointer, _detail(note, i)))
    return out


def _detail(note: Note, row: int) -> str:
    if note.detail:
        return note.detail.format(*(int(values[row]) for values in note.values))
    return FINDINGS[note.code]

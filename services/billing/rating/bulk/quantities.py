"""Quantities before prices, as columns: usage of a piece, kWh rounding, losses, shares, sub-meters."""

from services.billing.rating.bulk import curves
from services.billing.rating.bulk.months import cycle_days
from services.billing.rating.bulk.segments import Piece
from services.billing.rating.bulk.work import Work
from services.billing.rating.rating_types import UsagePart
from services.billing.rating.tariff.codes import WH_MAX, Refused
from services.billing.rating.tariff.quantity_rules import (
    Amount,
    FixedRule,
    LossRule,
    QuantityRule,
    RestRule,
    ShareRule,
    SpreadRule,
    SumRule,
)
from shared.arrays import Col, by_share
from shared.exact import Exact, RoundTo

ABSENT_IS_NONE = ("export", "reactive.export")
"""A meter that does not measure these directions has no such register."""


def fill(work: Work, piece: Piece) -> None:
    """Make all quantities of a piece."""
    q = work.of[piece.index].q
    _usage(work, piece, q)
    if piece.tariff.periods:
        _check_periods(work, piece, q)
    for name, col in q.items():
        if col.size > WH_MAX:
            work.rows.refuse((col.v > WH_MAX) | (col.v < -WH_MAX), Refused("overflow", f"/usage/{name}"))
        if col.lo < 0:
            work.note(col.v < 0, "usage_negative", f"/usage/{name}")
    rounding = piece.tariff.round_kwh
    if rounding is not None:
        for name in q:
            if not name.startswith("demand"):
                q[name] = _rounded_usage(work, piece, name, q[name], rounding)
    for rule in piece.tariff.quantities:
        _derive(work, piece, rule, q)


def _usage(work: Work, piece: Piece, q: dict[str, Col]) -> None:
    for index, part in enumerate(work.plan.request.usage):
        from_, to = max(part.from_, piece.from_), min(part.to, piece.to)
        if from_ >= to:
            continue
        own = {name: _own_days(work, part, index, name, piece) for name in part.wh}
        for at in range(len(part.curves)):
            curves.into_quantities(work, piece, index, at, own)
        for name, col in own.items():
            if name in q:
                join = work.rows.most if name.startswith("demand") else work.rows.plus
                q[name] = join(q[name], col)
            else:
                # more than one read or piece: a demand below zero is none
                alone = len(work.pieces) == len(work.plan.request.usage) == 1
                q[name] = col if alone or not name.startswith("demand") else work.rows.at_least_zero(col)


def _own_days(work: Work, part: UsagePart, index: int, name: str, piece: Piece) -> Col:
    """Return the share of a read's usage by days: what there was at the end less what there was at the start, each to the Wh."""
    col = work.take("wh", index, name)
    from_, to = max(part.from_, piece.from_), min(part.to, piece.to)
    if (from_, to) == (part.from_, part.to) or name.startswith("demand"):
        return col
    days = (part.to - part.from_).days
    rows = work.rows
    until = rows.divide(rows.times(col, (to - part.from_).days), days, "half_up")
    return rows.minus(until, rows.divide(rows.times(col, (from_ - part.from_).days), days, "half_up"))


def _check_periods(work: Work, piece: Piece, q: dict[str, Col]) -> None:
    tariff = piece.tariff
    divides = tariff.undivided != "held" and "import" in q
    if divides:
        _divide(work, piece, q)
    for quantity in ("import", "export"):
        registers = tariff.registers(quantity)
        for name, col in q.items() if quantity == "export" or not divides else ():
            if name.startswith(f"{quantity}.") and name not in registers and name not in tariff.known:
                work.rows.refuse(col.v != 0, Refused("register_unknown", f"/usage/{name}"))
        if not all(r in q for r in registers):
            continue
        total = work.rows.total([q[r] for r in registers])
        if quantity not in q:
            q[quantity] = total
            continue
        apart = work.rows.minus(q[quantity], total)
        if apart.size > tariff.sum_tolerance_wh:
            differs = (apart.v > tariff.sum_tolerance_wh) | (apart.v < -tariff.sum_tolerance_wh)
            values = (q[quantity].v, total.v)
            work.note(differs, "period_sum_differs", f"/usage/{quantity}", "{} Wh, periods {} Wh", values)
            if quantity == "import":
                work.of[piece.index].unpriced = work.rows.only(differs, apart)


def _divide(work: Work, piece: Piece, q: dict[str, Col]) -> None:
    """Give the periods, by the rule of the tariff, what the total register measured and no register of a period did."""
    tariff, rows = piece.tariff, work.rows
    registers = tariff.registers("import")
    measured = [q.get(r, rows.constant(0)) for r in registers]
    total = rows.total(measured)
    rest = rows.minus(q["import"], total)
    whole = all(r in q for r in registers)
    counts = rest.v > tariff.sum_tolerance_wh if whole else rest.v >= 0
    if tariff.undivided == "by_share":
        counts &= total.v > 0
        for col in measured:
            counts &= col.v >= 0
    if not counts.any():
        return
    if not whole:
        rows.set_apart(~counts)  # a row that is not divided lacks a register
    given = rows.only(counts, rest)
    if tariff.undivided == "by_share":
        shares = by_share(rows, given, [rows.only(counts, col) for col in measured])
    else:
        shares = [given if i == tariff.undivided_period else rows.constant(0) for i in range(len(registers))]
    for register, col, share in zip(registers, measured, shares, strict=True):
        q[register] = rows.plus(col, share)
    values = (rest.v, q["import"].v)
    work.note(counts & (rest.v > 0), "energy_divided", "/usage/import", "{} Wh of {} Wh", values)


def _rounded_usage(work: Work, piece: Piece, name: str, col: Col, to: RoundTo) -> Col:
    """Round usage to steps; where the rest stays in the register, the rest of the bill before is in it."""
    stays = piece.tariff.rest_stays
    if stays and name in work.rest_wh:
        col = work.rows.plus(col, work.rest_wh[name])
    rounded = _in_steps(work, col, 1, to)
    if stays:
        work.rest_wh[name] = work.rows.minus(col, rounded)
    return rounded


def _in_steps(work: Work, num: Col, den: int, to: RoundTo) -> Col:
    step = to.step.num * 1000 // to.step.den
    return work.rows.times(work.rows.divide(num, den * step, to.mode), step)


def _figure(work: Work, piece: Piece, value: Amount) -> tuple[Col, int]:
    """Return a figure of the document, or of the account facts, as a column and its denominator."""
    if isinstance(value, Exact):
        return work.rows.constant(value.num), value.den
    found = work.plan.request.facts[piece.fact].values.get(value)
    if found is None:
        raise Refused("fact_missing", f"/account/values/{value}")
    return work.take("value", piece.fact, value), found.den


def _derive(work: Work, piece: Piece, rule: QuantityRule, q: dict[str, Col]) -> None:
    rows = work.rows
    if isinstance(rule, SumRule):
        absent = [n for n in rule.of if n not in q and n not in ABSENT_IS_NONE]
        if any(n.startswith("reactive") for n in absent):
            return  # who needs it will miss it
        parts = _present(work, piece, rule.of)
        q[rule.name] = rows.total([Col(abs(c.v), 0, c.size) if rule.absolute else c for c in parts])
    elif isinstance(rule, RestRule):
        rest = rows.minus(work.need(piece, rule.of), rows.total(_present(work, piece, rule.without)))
        if rest.lo < 0 and rule.below_zero == "zero":
            work.note(rest.v < 0, "quantity_below_zero", f"/quantities/{rule.name}")
            rest = rows.at_least_zero(rest)
        q[rule.name] = rest
    elif isinstance(rule, LossRule):
        q[rule.name] = _loss(work, piece, rule)
    elif isinstance(rule, ShareRule):
        share, den = _figure(work, piece, rule.share)
        q[rule.name] = _in_steps(work, rows.product(work.need(piece, rule.of), share), den, rule.round)
    elif isinstance(rule, FixedRule):
        kwh, den = _figure(work, piece, rule.kwh)
        r = work.plan.request
        months = 1000 * len(r.bill_months) * piece.days
        q[rule.name] = _in_steps(work, rows.times(kwh, months), den * cycle_days(r), rule.round)
    else:
        _spread(work, piece, rule, q)


def _present(work: Work, piece: Piece, names: tuple[str, ...]) -> list[Col]:
    q = work.of[piece.index].q
    return [work.need(piece, n) for n in names if n in q or n not in ABSENT_IS_NONE]


def _spread(work: Work, piece: Piece, rule: SpreadRule, q: dict[str, Col]) -> None:
    weights = [work.need(piece, r) for r in piece.tariff.registers(rule.by)]
    shares = by_share(work.rows, work.need(piece, rule.of), weights)
    for period, share in zip(piece.tariff.periods, shares, strict=True):
        q[f"{rule.name}.{period.name}"] = share


def _loss(work: Work, piece: Piece, rule: LossRule) -> Col:
    """Return the loss.

    Iron loss: kWh a month (a whole cycle, thirtieths, or by calendar days) or W by hours; copper loss: a share.
    """
    rows = work.rows
    terms: list[tuple[Col, int]] = []
    if rule.iron is not None:
        iron, den = _figure(work, piece, rule.iron)
        r = work.plan.request
        cycle, months = cycle_days(r), len(r.bill_months)
        if rule.iron_by == "hours":
            terms.append((rows.times(iron, 24 * piece.days), den))
        elif piece.days == cycle:
            terms.append((rows.times(iron, 1000 * months), den))
        elif rule.iron_by == "thirtieths":
            terms.append((rows.times(iron, 1000 * piece.days), den * 30))
        else:
            terms.append((rows.times(iron, 1000 * months * piece.days), den * cycle))
    if rule.copper_share is not None:
        share, den = _figure(work, piece, rule.copper_share)
        terms.append((rows.product(work.need(piece, rule.copper_of), share), den))
    return _in_steps(work, *work.add_up(tuple(terms)), rule.round)

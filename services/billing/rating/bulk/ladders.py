"""Ladders (阶梯) over columns: which Wh fall into which tier, and what each tier has used afterwards."""

import numpy as np

from services.billing.rating.bulk.limits import free_allowance, is_outside, limits, year_of
from services.billing.rating.bulk.segments import Piece, meets
from services.billing.rating.bulk.work import LadderState, Work
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Ladder
from shared.arrays import Col, Rows


def climb(work: Work, piece: Piece, ladder: Ladder) -> None:
    """Put the counted Wh of a piece into tiers and carry the state on."""
    mine = work.of[piece.index]
    own = bool(ladder.limits_by_period)
    wh = work.rows.constant(0) if own and ladder.counts not in mine.q else work.need(piece, ladder.counts)
    free = _free(work, piece, ladder, wh)
    if free is not None:
        mine.free[ladder.name] = free
        if ladder.free is not None and ladder.free.how == "before_ladder":
            wh = work.rows.minus(wh, free)
    if ladder.outside_months and is_outside(work.plan.request, ladder):
        mine.tiers[ladder.name] = [wh] + [work.rows.constant(0)] * (ladder.tiers - 1)
        return
    used = _used(work, piece, ladder)
    after: dict[str, list[Col]] = {}
    names = [(p.name, f"{ladder.name}/{p.name}") for p in piece.tariff.periods] if own else [("", ladder.name)]
    registers = piece.tariff.registers(ladder.counts)
    for index, (period, name) in enumerate(names):
        if own and registers[index] not in mine.q:
            raise Refused("register_missing", f"/usage/{registers[index]}")
        counted = mine.q[registers[index]] if own else wh
        bounds = work.limits[name] = _limits(work, piece, ladder, period)
        put = whole_quantity if ladder.whole_quantity else fill
        mine.tiers[name] = put(work.rows, bounds, used[period], counted)
        after[period] = [work.rows.plus(u, t) for u, t in zip(used[period], mine.tiers[name], strict=True)]
    _keep(work, piece, ladder, after)


def _limits(work: Work, piece: Piece, ladder: Ladder, period: str) -> tuple[int, ...]:
    key = ("limits", piece.index, ladder.name, period)
    return work.plan.once(key, lambda: limits(work.plan, piece, ladder, period))


def fill(rows: Rows, bounds: tuple[int, ...], used: list[Col], wh: Col) -> list[Col]:
    """Fill the tiers from below, each up to its width less what it has used; the last is open.

    Negative Wh are taken back from above, each tier down to zero; what goes below is a negative use of tier 1.
    """
    left = rows.at_least_zero(wh)
    out: list[Col] = []
    below = 0
    for bound, gone in zip(bounds, used, strict=False):
        width = bound - below
        below = bound
        room = Col(np.maximum(width - gone.v, 0), max(width - gone.hi, 0), max(width - gone.lo, 0))
        taken = rows.least(room, left)
        left = Col(left.v - taken.v, max(left.lo - room.hi, 0), max(left.hi - room.lo, 0))
        out.append(taken)
    out.append(left)
    return out if wh.lo >= 0 else _give_back(rows, out, used, wh)


def _give_back(rows: Rows, filled: list[Col], used: list[Col], wh: Col) -> list[Col]:
    back = Col(np.maximum(-wh.v, 0), 0, max(-wh.lo, 0))
    out = list(filled)
    for tier in range(len(used) - 1, 0, -1):
        taken = rows.least(rows.at_least_zero(used[tier]), back)
        back = Col(back.v - taken.v, 0, back.hi)
        out[tier] = rows.minus(filled[tier], taken)
    out[0] = rows.minus(filled[0], back)
    return out


def whole_quantity(rows: Rows, bounds: tuple[int, ...], used: list[Col], wh: Col) -> list[Col]:
    """Put all Wh into the one tier that the whole quantity reaches."""
    total = rows.total([*used, wh])
    tier = np.zeros(rows.n, dtype=np.int64)
    for bound in bounds:
        tier += total.v > bound
    return [rows.only(tier == t, wh) for t in range(len(used))]


def _used(work: Work, piece: Piece, ladder: Ladder) -> dict[str, list[Col]]:
    """Return what each tier has used before the piece, by period ("" without own limits)."""
    zero = work.rows.constant(0)
    periods = [p.name for p in piece.tariff.periods] if ladder.limits_by_period else [""]
    fresh = {p: [zero] * ladder.tiers for p in periods}
    if ladder.span != "year":
        return {p: work.cycle_used.get(f"{ladder.name}/{p}", fresh[p]) for p in periods}
    pointer = f"/state/ladders/{ladder.name}"
    state = work.ladders.get(ladder.name)
    if state is None:
        raise Refused("ladder_state_missing", pointer)
    year = year_of(work.plan.request, piece, ladder)
    if state.year > year:
        raise Refused("ladder_state_wrong", f"{pointer}/year")
    left_behind = piece.tariff.on_change_ladder == "restart" and state.version not in ("", piece.version)
    if state.year < year or left_behind:
        return fresh
    out = {}
    for period in periods:
        used = state.used.get(period, [])
        if len(used) not in (ladder.tiers, ladder.tiers - 1):
            raise Refused("ladder_state_wrong", f"{pointer}/used_wh")
        out[period] = [*used, *[zero] * (ladder.tiers - len(used))]
    return out


def _keep(work: Work, piece: Piece, ladder: Ladder, after: dict[str, list[Col]]) -> None:
    if ladder.span != "year":
        work.cycle_used |= {f"{ladder.name}/{p}": used for p, used in after.items()}
        return
    year = year_of(work.plan.request, piece, ladder)
    before = work.ladders[ladder.name]
    others = {p: u for p, u in before.used.items() if before.year == year and p not in after} if "" not in after else {}
    version = piece.version if piece.tariff.on_change_ladder == "restart" else ""
    work.ladders[ladder.name] = LadderState(year, version, others | after)


def _free(work: Work, piece: Piece, ladder: Ladder, wh: Col) -> Col | None:
    """Return the Wh that are free in this piece: what was allowed so far less what was used of it, never more than was used."""
    rule = ladder.free
    if rule is None or wh.hi <= 0 or not meets(rule.applies, work.plan.request.facts[piece.fact]):
        return None
    rows = work.rows
    allowed, year = free_allowance(work.plan, piece, ladder, rule)
    counts = wh.v > 0
    if rule.rest == "lost":
        gone = work.cycle_free.get(ladder.name, rows.constant(0))
        free = _up_to(rows, allowed, gone, wh)
        work.cycle_free[ladder.name] = rows.plus(gone, free)
        return free
    entry = work.free.get(ladder.name)
    if entry is None:
        rows.refuse(counts, Refused("ladder_state_missing", f"/state/free/{ladder.name}"))
        return None
    gone = rows.only(entry[0] == year, entry[1])
    free = _up_to(rows, allowed, gone, wh)
    after = rows.choose(counts, rows.plus(gone, free), entry[1])
    work.free[ladder.name] = (np.where(counts, year, entry[0]), after)
    return free


def _up_to(rows: Rows, allowed: int, gone: Col, wh: Col) -> Col:
    return rows.least(rows.at_least_zero(wh), rows.at_least_zero(rows.minus(rows.constant(allowed), gone)))

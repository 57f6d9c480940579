"""What is in the making for one group of bills: quantities, tiers, line columns, state columns, findings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from math import gcd, lcm

import numpy as np

from services.billing.rating.bulk.forms import Key, Plan
from services.billing.rating.bulk.prices import unit_price
from services.billing.rating.bulk.segments import Piece, pieces
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import ChargeBase, Price
from shared.arrays import SAFE, Bools, Col, Ints, Rows
from shared.exact import Exact, RoundTo


class Unsupported(Exception):
    """A rule that only the reference has: its bills are left to it, and counted."""


@dataclass(slots=True)
class LineColumn:
    """One line of every bill of a group. A bill has the line where `num` is not 0.

    Exact value = num ÷ den yuan. The unit price is `price`, or price_num ÷ price.den where it differs by bill. `on` are
    addends as (num, den) columns, each present where it is not 0.
    """

    charge: ChargeBase | None
    kind: str
    piece: Piece
    num: Col
    den: int
    amount_fen: Col
    from_: date
    to: date
    period: str | None = None
    tier: int | None = None
    quantity: Ints | None = None
    unit: str = ""
    price: Exact | None = None
    price_num: Ints | None = None
    factors: tuple[Exact, ...] = ()
    on: tuple[tuple[Ints, int], ...] = ()

    @property
    def name(self) -> str:
        """Return the name of the charge, or the kind of a line that no charge makes."""
        return self.charge.name if self.charge else self.kind


@dataclass(frozen=True, slots=True)
class Note:
    """A finding on the bills of `mask`; `values` are shown in `detail`."""

    mask: Bools
    code: str
    pointer: str
    detail: str = ""
    values: tuple[Ints, ...] = ()


@dataclass(slots=True)
class Quantities:
    """What one piece has: Wh by quantity, Wh by ladder (or NAME/PERIOD) and tier, free Wh by ladder."""

    q: dict[str, Col] = field(default_factory=dict)
    unpriced: Col | None = None
    tiers: dict[str, list[Col]] = field(default_factory=dict)
    free: dict[str, Col] = field(default_factory=dict)


@dataclass(slots=True)
class LadderState:
    """The state of a yearly ladder: Wh by period ("" without own limits) and tier."""

    year: int
    version: str
    used: dict[str, list[Col]]


class Work:
    """The bills of one form in the making."""

    __slots__ = (
        "columns", "cycle_free", "cycle_used", "demand_w", "findings", "free", "given", "ladders", "limits", "lines", "of",
        "opened", "pieces", "plan", "rest_wh", "rows",
    )  # fmt: skip

    def __init__(self, plan: Plan, columns: Mapping[Key, Ints], n: int) -> None:
        self.plan = plan
        self.rows = Rows(n)
        self.pieces = plan.once("pieces", lambda: pieces(plan))
        self.of = [Quantities() for _ in self.pieces]
        self.lines: list[LineColumn] = []
        self.findings: list[Note] = []
        self.columns = columns
        self.given: dict[Key, Col] = {}
        self.opened: dict[Key, tuple[Ints, Ints]] = {}
        """Curves that have been checked, and the highest slot of each row."""
        self.cycle_used: dict[str, list[Col]] = {}
        self.cycle_free: dict[str, Col] = {}
        self.ladders: dict[str, LadderState] = {}
        self.limits: dict[str, tuple[int, ...]] = {}
        """The limits that the last piece used, by ladder (NAME/PERIOD with own limits)."""
        self.free: dict[str, tuple[Ints, Col]] = {}
        """By ladder: the year of each row, and the free Wh used in it."""
        self.rest_wh: dict[str, Col] = {}
        self.demand_w: dict[str, dict[str, Col]] = {}
        self._open_state()

    def take(self, *key: str | int) -> Col:
        """Return a column that came with the requests."""
        if key not in self.given:
            self.given[key] = self.rows.read(self.columns[key])
        return self.given[key]

    def _open_state(self) -> None:
        state = self.plan.request.state or {}
        for name, entry in (state.get("ladders") or {}).items():
            used = entry["used_wh"]
            by = {p: len(v) for p, v in used.items()} if isinstance(used, dict) else {"": len(used)}
            columns = {p: [self.take("used", name, p, t) for t in range(count)] for p, count in by.items()}
            self.ladders[name] = LadderState(entry["year"], entry.get("version", ""), columns)
        for name, entry in (state.get("free") or {}).items():
            self.free[name] = (np.full(self.rows.n, entry["year"], dtype=np.int64), self.take("free", name))
        for name in state.get("rest_wh") or {}:
            self.rest_wh[name] = self.take("rest", name)
        for name, history in (state.get("demand_w") or {}).items():
            self.demand_w[name] = {month: self.take("demand", name, month) for month in history}

    def price(self, piece: Piece, price: Price) -> Exact:
        """Return a unit price, looked up once for the form."""
        return self.plan.once(("price", piece.index, id(price)), lambda: unit_price(self.plan, piece, price))

    def same_tariff(self, piece: Piece) -> list[Piece]:
        """Return the pieces of the tariff of this piece."""
        return [p for p in self.pieces if p.tariff.id == piece.tariff.id]

    def need(self, piece: Piece, name: str) -> Col:
        """Return a quantity of a piece, or refuse by what is missing."""
        found = self.of[piece.index].q.get(name)
        if found is None:
            kinds = {"demand": "demand_missing", "reactive": "reactive_missing"}
            code = next((c for start, c in kinds.items() if name.startswith(start)), "register_missing")
            raise Refused(code, f"/usage/{name}")
        return found

    def sum_of_pieces(self, piece: Piece, name: str) -> Col:
        """Add a quantity over all pieces of the tariff."""
        return self.rows.total([self.need(p, name) for p in self.same_tariff(piece)])

    def note(self, mask: Bools, code: str, pointer: str, detail: str = "", values: tuple[Ints, ...] = ()) -> None:
        """Note a finding on the rows of a mask."""
        if mask.any():
            self.findings.append(Note(mask, code, pointer, detail, values))

    def to_fen(self, num: Col, den: int, to: RoundTo) -> Col:
        """Round yuan to fen by a rounding point of the document."""
        step = to.step.num * 100 // to.step.den
        common = gcd(100, den * step)
        fen = self.rows.divide(self.rows.times(num, 100 // common), den * step // common, to.mode)
        return self.rows.times(fen, step)

    def add(self, charge: ChargeBase, kind: str, piece: Piece, quantity: Col, price: Exact, *, unit: str = "kWh",
            period: str | None = None, tier: int | None = None, factors: tuple[Exact, ...] = (),
            span: tuple[date, date] | None = None) -> None:  # fmt: skip
        """Add the line quantity × price × factors; a thousand of the quantity (Wh, W, VA) make one unit of the price."""
        num, den = price
        for factor in factors:
            num, den = num * factor.num, den * factor.den
        den *= 1000
        common = gcd(num, den)
        self.add_value(
            charge, kind, piece, self.rows.times(quantity, num // common), den // common, quantity=quantity.v, unit=unit,
            price=price, period=period, tier=tier, factors=factors, span=span,
        )  # fmt: skip

    def add_value(self, charge: ChargeBase | None, kind: str, piece: Piece, num: Col, den: int, *,
                  quantity: Ints | None = None, unit: str = "", price: Exact | None = None, price_num: Ints | None = None,
                  period: str | None = None, tier: int | None = None, factors: tuple[Exact, ...] = (),
                  on: tuple[tuple[Ints, int], ...] = (), span: tuple[date, date] | None = None) -> None:  # fmt: skip
        """Add a line column by its exact value; one that is 0 in every bill is left out."""
        if num.is_zero:
            return
        to = piece.tariff.round_line
        fen = self.rows.constant(0) if to.mode == "none" else self.to_fen(num, den, to)
        from_, until = span or (piece.from_, piece.to)
        self.lines.append(
            LineColumn(charge, kind, piece, num, den, fen, from_, until, period, tier, quantity, unit, price, price_num,
                       factors, on)
        )  # fmt: skip

    def base(self, piece: Piece, names: tuple[str, ...], of: str) -> tuple[tuple[Col, int], ...]:
        """Return exact values or amounts, in yuan, of the lines of named charges so far."""
        lines = [x for x in self.lines if x.name in names and x.piece.tariff.id == piece.tariff.id]
        if of == "exact" or piece.tariff.round_line.mode == "none":
            return tuple((x.num, x.den) for x in lines)
        return tuple((x.amount_fen, 100) for x in lines)

    def add_up(self, values: tuple[tuple[Col, int], ...]) -> tuple[Col, int]:
        """Add fractions over their common denominator."""
        den = lcm(*(d for _, d in values)) if values else 1
        if den > SAFE:
            raise Unsupported("denominators too large")
        return self.rows.total([self.rows.times(num, den // d) for num, d in values]), den


def as_addends(values: tuple[tuple[Col, int], ...]) -> tuple[tuple[Ints, int], ...]:
    """Return addends as a line keeps them."""
    return tuple((num.v, den) for num, den in values)

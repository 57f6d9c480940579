"""The working frame of one bill: its request, segments, lines, findings and the state that is being carried on."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.billing.rating.rating_types import AccountSpan, Finding, Line, Request
from services.billing.rating.tariff.book import TariffBook
from services.billing.rating.tariff.codes import FINDINGS
from services.billing.rating.tariff.model import ChargeBase, Condition, Tariff
from shared.exact import Exact, divide


def fact_at(facts: Sequence[AccountSpan], day: date) -> AccountSpan | None:
    """Return the fact that holds on a day."""
    return next((f for f in facts if f.from_ <= day and (f.to is None or day < f.to)), None)


class Segment:
    """A part of the cycle in which tariff version and account facts that matter for prices do not change."""

    __slots__ = ("fact", "free_wh", "from_", "last", "q", "tariff", "tiers", "to", "unpriced_wh")

    def __init__(self, tariff: Tariff, from_: date, to: date, fact: AccountSpan) -> None:
        self.tariff = tariff
        self.from_ = from_
        self.to = to
        self.fact = fact
        self.last = True
        """The last segment of its tariff in this bill: charges of the whole bill are made here."""
        self.q: dict[str, int] = {}
        self.tiers: dict[str, list[int]] = {}
        self.free_wh: dict[str, int] = {}
        self.unpriced_wh = 0


class Frame:
    """What one bill is made in."""

    __slots__ = (
        "book",
        "cycle_used",
        "demand_w",
        "findings",
        "free_used",
        "ladders",
        "limits",
        "lines",
        "request",
        "rest_wh",
        "segments",
    )

    def __init__(self, request: Request, book: TariffBook) -> None:
        state: Any = request.state or {}
        self.request = request
        self.book = book
        self.segments: list[Segment] = []
        self.lines: list[Line] = []
        self.findings: list[Finding] = []
        self.ladders: dict[str, Any] = dict(state.get("ladders") or {})
        self.free_used: dict[str, Any] = dict(state.get("free") or {})
        self.rest_wh: dict[str, int] = dict(state.get("rest_wh") or {})
        self.demand_w: dict[str, dict[str, int]] = dict(state.get("demand_w") or {})
        self.cycle_used: dict[str, list[int]] = {}
        self.limits: dict[str, tuple[int, ...]] = {}
        """The limits that the last segment used, by ladder (NAME/PERIOD with own limits), to show what is left."""

    def find(self, code: str, severity: str, pointer: str, detail: str = "") -> None:
        """Note a finding."""
        self.findings.append(Finding(code, severity, pointer, detail or FINDINGS[code]))

    def new_state(self) -> dict[str, Any]:
        """Return the state after the bill, plain JSON."""
        out: dict[str, Any] = {"ladders": self.ladders}
        if self.free_used:
            out["free"] = self.free_used
        if self.rest_wh:
            out["rest_wh"] = self.rest_wh
        if self.demand_w:
            out["demand_w"] = self.demand_w
        return out

    def group(self, segment: Segment) -> list[Segment]:
        """Return all segments of the same tariff id."""
        if len(self.segments) == 1:
            return self.segments
        return [s for s in self.segments if s.tariff.id == segment.tariff.id]

    def base(self, segment: Segment, names: tuple[str, ...], of: str) -> tuple[Exact, ...]:
        """Return the lines (exact or amount, yuan) of the named charges in all segments of this tariff.

        Lines that are not rounded have no amount yet: their exact values stand for it.
        """
        lines = [ln for ln in self.lines if ln.charge in names and ln.tariff == segment.tariff.id]
        if of == "exact" or segment.tariff.round_line.mode == "none":
            return tuple(ln.exact for ln in lines)
        return tuple(Exact(ln.amount_fen, 100) for ln in lines)

    def add(
        self,
        segment: Segment,
        charge: ChargeBase,
        kind: str,
        exact: Exact,
        *,
        quantity: int | None = None,
        unit: str = "",
        price: Exact | None = None,
        period: str | None = None,
        tier: int | None = None,
        factors: tuple[Exact, ...] = (),
        on: tuple[Exact, ...] = (),
        span: tuple[date, date] | None = None,
    ) -> None:
        """Round a line to the fen by the rule of its document and add it; a line of 0 is left out."""
        if exact[0] == 0:
            return
        tariff = segment.tariff
        rounding = tariff.round_line
        if rounding.mode == "none":
            amount = 0  # settled when the total is known: see `totals`
        else:
            step_num, step_den = rounding.step
            step_fen = step_num * 100 // step_den
            amount = divide(exact[0] * 100, exact[1] * step_fen, rounding.mode) * step_fen
        from_, to = span or (segment.from_, segment.to)
        self.lines.append(
            Line(charge.name, charge.zh, kind, period, tier, quantity, unit, price, exact, amount,
                 tariff.id, tariff.version, from_, to, factors, on)
        )  # fmt: skip


def applies(condition: Condition, fact: AccountSpan) -> bool:
    """Return whether a condition of the document meets the account."""
    if condition.classes is not None and fact.class_ not in condition.classes:
        return False
    if condition.options is not None and fact.option not in condition.options:
        return False
    if any(name in condition.exempt for name in fact.exempt):
        return False
    if condition.people_from is not None and fact.people < condition.people_from:
        return False
    return condition.people_below is None or fact.people < condition.people_below

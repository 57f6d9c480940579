"""Adjustments (计量误差退补): what a tested meter recorded wrongly, as a document of its own, never as a usage. Pure.

The kWh follow from the supply rules: true = recorded ÷ (1 + error), over half of the span since the last check. They are not
traced to a cycle: each bill of the span takes its share at its own prices, refunded at the highest tier that it reached,
recovered at the first one (退高补低).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any, Final

from services.billing.rating.rating_types import Line
from shared import exact
from shared.regulation.calculate import calculate
from shared.regulation.policy import Item, Policy

RULES: Final = "CN/supply-rules"
KWH: Final = "kWh"
EXPORT: Final = "export"


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """What reading told of the test of a meter: [from_, to) is in question. `decided_by`: who let its result be told."""

    dispute_no: str
    version: int
    service_point_no: str
    org_unit: str
    meter_no: str
    error_percent: str
    within_limits: bool
    from_: date
    to: date
    tested_on: date
    entered_by: str
    decided_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """An issued bill of the span."""

    bill_id: str
    usage_id: str
    account_no: str
    org_unit: str
    period_from: date
    period_to: date
    energy_wh: int
    lines: Sequence[Line]

    def wh_within(self, test: Test) -> int:
        """Return the energy of the days within the span, half up; what only touches it is divided by days."""
        days = (min(self.period_to, test.to) - max(self.period_from, test.from_)).days
        return exact.divide(self.energy_wh * days, (self.period_to - self.period_from).days, "half_up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """What an account is to pay more (above 0) or gets back, and how that comes about."""

    account_no: str
    org_unit: str
    energy_wh: int
    total_fen: int
    components: tuple[tuple[str, int], ...]
    working: Mapping[str, Any]

    @property
    def figures(self) -> tuple[int, int, tuple[tuple[str, int], ...]]:
        """What two adjustments of an account are compared by."""
        return self.energy_wh, self.total_fen, self.components


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An adjustment that is to be issued; `reverses`: the one that it takes back."""

    adjustment: Adjustment
    reverses: str | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """What a bill's share of the kWh costs by one of its prices, in yuan."""

    charge: str
    period: str | None
    tier: int | None
    kwh: Fraction
    price: Fraction

    @property
    def yuan(self) -> Fraction:
        return self.kwh * self.price


def adjustments(test: Test, bills: Sequence[Billed], policy: Policy) -> list[Adjustment]:
    """Return what each account of the span pays or gets back; nothing of one that used nothing. Raises `Refused`."""
    by_account: dict[str, list[Billed]] = {}
    for bill in sorted(bills, key=lambda each: (each.period_from, each.bill_id)):
        by_account.setdefault(bill.account_no, []).append(bill)
    found = [_of_account(test, mine, policy) for _, mine in sorted(by_account.items())]
    return [each for each in found if each is not None]


def _of_account(test: Test, bills: Sequence[Billed], policy: Policy) -> Adjustment | None:
    shares = [(bill, bill.wh_within(test)) for bill in bills]
    recorded = sum(wh for _, wh in shares)
    if recorded <= 0:
        return None
    error = Fraction(test.error_percent) / 100
    given = {"kwh": exact.text(recorded, 1000), "error": exact.text(error.numerator, error.denominator)}
    (kwh,) = [item for item in calculate(policy, "meter_error", given) if item.name == "kwh"]
    parts = [(bill, wh, _parts(bill, kwh.value * wh / recorded)) for bill, wh in shares if wh > 0]
    sums: dict[str, Fraction] = {}
    for _, _, priced in parts:
        for part in priced:
            sums[part.charge] = sums.get(part.charge, Fraction(0)) + part.yuan
    components = tuple(
        (charge, exact.divide(s.numerator * 100, s.denominator, "half_up")) for charge, s in sums.items()
    )
    return Adjustment(
        account_no=bills[0].account_no,
        org_unit=bills[0].org_unit,
        energy_wh=exact.divide(kwh.value.numerator * 1000, kwh.value.denominator, "half_up"),
        total_fen=sum(fen for _, fen in components),
        components=tuple((charge, fen) for charge, fen in components if fen),
        working=_working(test, policy, kwh, recorded, parts),
    )


def _parts(bill: Billed, kwh: Fraction) -> list[_Part]:
    """Return what a bill's share of the kWh costs: by each charge that is priced by the kWh of the meter, in its proportions."""
    by_charge: dict[str, list[Line]] = {}
    for line in bill.lines:
        if line.unit == KWH and line.price is not None and line.quantity and line.kind != EXPORT:
            by_charge.setdefault(line.charge, []).append(line)
    found: list[_Part] = []
    for charge, lines in by_charge.items():
        if any(line.tier is not None for line in lines):
            found += _tiered(charge, lines, kwh)
        else:
            found += [
                _Part(charge, line.period, None, kwh * Fraction(line.quantity or 0, bill.energy_wh), _price(line))
                for line in lines
            ]
    return found


def _tiered(charge: str, lines: Sequence[Line], kwh: Fraction) -> list[_Part]:
    """Return the kWh at one tier: the highest that the bill reached where they are refunded, the first where they are recovered.

    An add-on (递增) has no line of the first tier: nothing of it is recovered.
    """
    whole = sum(line.quantity or 0 for line in lines)
    by_period: dict[str | None, list[Line]] = {}
    for line in lines:
        by_period.setdefault(line.period, []).append(line)
    found = []
    for period, mine in by_period.items():
        share = Fraction(sum(line.quantity or 0 for line in mine), whole)
        at = max(mine, key=_tier) if kwh < 0 else min(mine, key=_tier)
        if kwh < 0 or _tier(at) == 1:
            found.append(_Part(charge, period, _tier(at), kwh * share, _price(at)))
    return found


def _tier(line: Line) -> int:
    return line.tier or 0


def _price(line: Line) -> Fraction:
    assert line.price is not None
    price = line.price.fraction()
    for factor in line.factors:
        price *= factor.fraction()
    return price


def _working(
    test: Test, policy: Policy, kwh: Item, recorded: int, parts: Sequence[tuple[Billed, int, Sequence[_Part]]]
) -> dict[str, Any]:
    """Return how an adjustment comes about: the rule, what was recorded, and each price by which it is paid."""
    return {
        "test": {"dispute_no": test.dispute_no, "version": test.version, "meter_no": test.meter_no},
        "error_percent": test.error_percent,
        "from": test.from_.isoformat(),
        "to": test.to.isoformat(),
        "policy": f"{policy.id}@{policy.version}",
        "recorded_kwh": exact.text(recorded, 1000),
        "kwh": _text(kwh.value),
        "formula": kwh.formula,
        "bills": [
            {
                "bill_id": bill.bill_id,
                "recorded_kwh": exact.text(wh, 1000),
                "lines": [
                    {
                        "charge": part.charge,
                        "period": part.period,
                        "tier": part.tier,
                        "kwh": _text(part.kwh),
                        "price": _text(part.price),
                        "yuan": _text(part.yuan),
                    }
                    for part in priced
                ],
            }
            for bill, wh, priced in parts
        ],
    }


def told_before(test: Test, working: Mapping[str, Any]) -> Test:
    """Return a test as it was when something was adjusted for it; its day is that of now, the working names the policy."""
    return replace(
        test,
        version=working["test"]["version"],
        meter_no=working["test"]["meter_no"],
        error_percent=working["error_percent"],
        from_=date.fromisoformat(working["from"]),
        to=date.fromisoformat(working["to"]),
    )


def _text(value: Fraction) -> str:
    return exact.text(value.numerator, value.denominator)


def reversed_(adjustment: Adjustment, adjustment_id: str) -> Document:
    """Return the document that takes an adjustment back."""
    back = Adjustment(
        account_no=adjustment.account_no,
        org_unit=adjustment.org_unit,
        energy_wh=-adjustment.energy_wh,
        total_fen=-adjustment.total_fen,
        components=tuple((name, -fen) for name, fen in adjustment.components),
        working={"reverses": adjustment_id},
    )
    return Document(adjustment=back, reverses=adjustment_id)


def documents(wanted: Sequence[Adjustment], standing: Mapping[str, tuple[str, Adjustment]]) -> list[Document]:
    """Return what is to be issued so that what is wanted stands; what stands otherwise is reversed.

    `standing`: by account the id of what stands, and what that is.
    """
    new = {each.account_no: each for each in wanted if each.total_fen or each.energy_wh}
    found: list[Document] = []
    for account_no in sorted({*new, *standing}):
        now, then = new.get(account_no), standing.get(account_no)
        if now is not None and then is not None and now.figures == then[1].figures:
            continue
        if then is not None:
            found.append(reversed_(then[1], then[0]))
        if now is not None:
            found.append(Document(adjustment=now))
    return found

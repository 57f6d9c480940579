"""What a prepaid contract's energy since its last issued bill will cost (日测算电费). Pure; nothing is posted, no bill is made.

Two parts: bills that are not out yet, and the daily register rated as a usage of the cycle that goes on, from the ladder state
after the last bill.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import Final

from services.billing.bills.domain import chains
from services.billing.bills.domain.bills import EFFECTIVE, ISSUED, Stored
from services.billing.bills.domain.chains import Chain
from services.billing.contracts.domain import Payment, Terms
from services.billing.rating import rating_types
from services.billing.review.domain.findings import NOT_RATED
from services.billing.usages.domain import PackedCurve, Usage
from shared.errors import Refused
from shared.frozen import document

PREPAID: Final = "prepaid"
POSTPAID: Final = "postpaid"
GAP: Final = "usage_not_billed"
"""Between the last bill and the register lie days of which no bill is there yet: their usage waits, or is on its way."""
BILL_NOT_RATED: Final = "bill_not_rated"
USUAL_DAYS: Final = 92
"""Over how many days before the last bill ended it is reckoned what a day costs: a season."""


@document
class Register:
    """A daily register as it was heard: what ran in [`period_from`, `through`) of the cycle that ends on `read_date`."""

    service_point_no: str
    version: int
    org_unit: str
    route_no: str
    period_from: date
    through: date
    cycle: str
    read_date: date
    cycle_from: date | None
    months: int
    energy_wh: Mapping[str, int]
    demand_w: Mapping[str, int]
    curves: Sequence[PackedCurve]

    def usage(self, since: date) -> Usage:
        """Return it as the usage of a cycle that goes on."""
        return Usage(
            usage_id=f"daily~{self.service_point_no}~{self.version}",
            service_point_no=self.service_point_no,
            org_unit=self.org_unit,
            route_no=self.route_no,
            cycle=self.cycle,
            read_date=self.read_date,
            period_from=since,
            period_to=self.through,
            version=1,
            energy=self.energy_wh,
            import_wh=self.energy_wh.get("import", 0),
            demand=self.demand_w,
            curves=self.curves,
            months=self.months,
            cycle_from=self.cycle_from or self.period_from,
        )


@document
class Rated:
    """What a register came to; `lines` as those of a bill are stored. `why`: the code of what could not be rated."""

    period_from: date
    through: date
    amount_fen: int
    energy_wh: int
    lines: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What is told of a contract, beside its numbers and version."""

    mode: str
    period_from: date
    through: date
    amount_fen: int = 0
    not_out_fen: int = 0
    energy_wh: int = 0
    usual_fen: int | None = None
    why: str = ""
    turns_on: date | None = None

    @property
    def whole(self) -> bool:
        """Whether all was rated."""
        return not self.why


def mode_on(modes: Sequence[Payment], day: date) -> str:
    """Return how a contract is paid on a day."""
    return next((one.mode for one in reversed(modes) if one.from_ <= day), POSTPAID)


def turns_on(modes: Sequence[Payment], day: date) -> date | None:
    """Return the next day after one on which a contract is paid in another way, or None."""
    now = mode_on(modes, day)
    return next((one.from_ for one in modes if one.from_ > day and one.mode != now), None)


@dataclass(frozen=True, slots=True)
class Billed:
    """The bills of a contract in force: those that are not out yet, and the issued ones before."""

    effective: Sequence[Stored]

    @classmethod
    def of(cls, stored: Sequence[Stored]) -> "Billed":
        """Return those of the bills of any status that are in force, by period."""
        return cls(sorted([each for each in stored if each.status in EFFECTIVE], key=lambda each: each.period_from))

    @property
    def not_out(self) -> list[Stored]:
        """Those that are not out yet."""
        return [each for each in self.effective if each.status != ISSUED]

    def ends_on(self, opened: date) -> date:
        """Return where the last bill ends, or the contract begins."""
        return self.effective[-1].period_to if self.effective else opened

    def since(self, opened: date) -> date:
        """Return the first day that no issued bill is for."""
        return self.not_out[0].period_from if self.not_out else self.ends_on(opened)

    def usual_fen(self, days: int) -> int | None:
        """Return what as many days cost on the bills that were issued last, half up to the fen; None where there is none."""
        issued = [each for each in self.effective if each.status == ISSUED]
        if not issued:
            return None
        recent = [each for each in issued if (issued[-1].period_to - each.period_from).days <= USUAL_DAYS] or issued[
            -1:
        ]
        fen = sum(each.total_fen for each in recent)
        length = sum((each.period_to - each.period_from).days for each in recent)
        return (2 * fen * days + length) // (2 * length)


def rated_from(terms: Terms, billed: Billed, register: Register | None) -> date | None:
    """Return the first day of what of a register has to be rated, or None where nothing has.

    One that begins before the last bill ends is older than that: reading tells the next version, of the days behind it.
    """
    if register is None or register.through <= register.period_from or terms.ended == terms.opened:
        return None
    if terms.ended is not None and register.through > terms.ended:
        return None
    if register.period_from < billed.ends_on(terms.opened):
        return None
    return register.period_from


def chain(terms: Terms, billed: Billed, usage: Usage) -> Chain:
    """Lay out the chain of one step that a register is rated by, from the ladder state after the last bill."""
    return chains.plan(terms, billed.effective, {(usage.period_from, usage.period_to): usage}, {})


def rate(planned: Sequence[Chain], rate_all: chains.Rate) -> list[Rated]:
    """Rate the step of each chain, and nothing else: no review, no draft."""
    requests: list[rating_types.Request] = []
    refused: dict[int, str] = {}
    for place, one in enumerate(planned):
        try:
            requests.append(chains.request(one, one.steps[0]))
        except Refused as error:
            refused[place] = error.code
    answers = iter(rate_all(requests))
    return [
        _rated(one.steps[0].usage, None if at in refused else next(answers), refused.get(at, ""))
        for at, one in enumerate(planned)
    ]


def _rated(usage: Usage, answer: rating_types.RatedBill | None, why: str) -> Rated:
    refusal = answer.refusal.code if answer is not None and answer.refusal is not None else why
    is_rated = answer is not None and not refusal
    return Rated(
        period_from=usage.period_from,
        through=usage.period_to,
        amount_fen=answer.total_fen if answer is not None and is_rated else 0,
        energy_wh=usage.import_wh,
        lines=chains.lines_text(answer.lines) if answer is not None and is_rated else "[]",
        why=refusal,
    )


def charge(terms: Terms, billed: Billed, rated: Rated | None, modes: Sequence[Payment], today: date) -> Charge:
    """Return what a contract's energy since its last issued bill will cost, by what is known."""
    mode, ends_on = mode_on(modes, today), billed.ends_on(terms.opened)
    turns = turns_on(modes, today)
    if mode != PREPAID:
        return Charge(mode=mode, period_from=ends_on, through=ends_on, turns_on=turns)
    since, through = billed.since(terms.opened), rated.through if rated else ends_on
    if rated and not billed.effective:  # what was used before its first bill was billed elsewhere
        since = ends_on = rated.period_from
    not_out = billed.not_out
    not_out_fen = sum(each.total_fen for each in not_out)
    why = rated.why if rated else ""
    if rated and not why and rated.period_from > ends_on:
        why = GAP
    if not why and any(f'"{NOT_RATED}"' in each.findings for each in not_out):
        why = BILL_NOT_RATED
    return Charge(
        mode=mode,
        period_from=since,
        through=through,
        amount_fen=not_out_fen + (rated.amount_fen if rated else 0),
        not_out_fen=not_out_fen,
        energy_wh=sum(each.energy_wh for each in not_out) + (rated.energy_wh if rated else 0),
        usual_fen=billed.usual_fen((through - since).days),
        why=why,
        turns_on=turns,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDifference:
    """One line of an estimate beside that of the bill: kWh and fen of both, in which one of them may be missing."""

    charge: str
    title: str
    period: str
    tier: int | None
    price: str | None
    estimate_kwh: str | None
    bill_kwh: str | None
    estimate_fen: int
    bill_fen: int

    @property
    def difference_fen(self) -> int:
        """What the bill has more."""
        return self.bill_fen - self.estimate_fen


def differences(estimate: Sequence[Mapping[str, object]], bill: Sequence[Mapping[str, object]]) -> list[LineDifference]:
    """Return estimate and bill line by line, as people read them; the differences add up to that of the totals.

    Lines are of one another that have charge, period, tier and price in common, in their order.
    """
    keys = list(dict.fromkeys([_key(line) for line in (*bill, *estimate)]))
    found = []
    for key in keys:
        pairs = zip_longest([x for x in estimate if _key(x) == key], [x for x in bill if _key(x) == key])
        found += [_difference(one, other) for one, other in pairs]
    return found


def _key(line: Mapping[str, object]) -> tuple[object, ...]:
    return line["charge"], line["kind"], line["period"], line["tier"], line["price"]


def _difference(one: Mapping[str, object] | None, other: Mapping[str, object] | None) -> LineDifference:
    of = other or one
    assert of is not None

    def value(line: Mapping[str, object] | None, name: str) -> object:
        return line[name] if line is not None else None

    return LineDifference(
        charge=str(of["charge"]),
        title=str(of["title"]),
        period=str(of["period"] or ""),
        tier=of["tier"],  # type: ignore[arg-type]
        price=of["price"],  # type: ignore[arg-type]
        estimate_kwh=value(one, "quantity"),  # type: ignore[arg-type]
        bill_kwh=value(other, "quantity"),  # type: ignore[arg-type]
        estimate_fen=int(value(one, "amount_fen") or 0),  # type: ignore[call-overload]
        bill_fen=int(value(other, "amount_fen") or 0),  # type: ignore[call-overload]
    )


def reasons(*, through: date, period_to: date, estimate_wh: int, bill_wh: int, estimated: bool) -> list[str]:
    """Return why a bill may be another amount than the last estimate of its days."""
    found = {
        "days_not_estimated": through < period_to,
        "other_energy": estimate_wh != bill_wh,
        "bill_rests_on_estimated_read": estimated,
    }
    return [name for name, holds in found.items() if holds]

"""The calculation of a contract's bills in period order, where each bill's ladder state is the next one's beginning.

A chain begins at the first period that has something new and goes on over later effective bills for as long as the ladder
state differs from the one that they were calculated on: correcting period k re-rates k … latest, in order (退补). At the end of
the ladder year the state starts anew, so the chain ends there by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Any, Final

import orjson  # lint: skip=PURE-IMPORT text in and text out, as pure as json and ten times as fast

from services.billing.bills.domain import bills, reviewing, sub_meters
from services.billing.bills.domain import past as before
from services.billing.bills.domain.bills import EFFECTIVE, HELD, ISSUED, READY, Draft, MadeFrom, Stored
from services.billing.bills.domain.past import Past, TwoPart
from services.billing.bills.domain.policy import Policies, Policy
from services.billing.contracts.domain import Terms, tariff_on
from services.billing.rating import rating_types
from services.billing.review.domain import findings, to_site
from services.billing.review.domain.beside import Runs
from services.billing.review.domain.findings import HOLD, Finding
from services.billing.review.domain.limits import Limits, review
from services.billing.review.domain.subject import Subject
from services.billing.supplies.domain import NO_CUTS, Cuts
from services.billing.usages.domain import PackedCurve, Usage
from shared import packed
from shared.errors import Refused

MONTHS_DIFFER: Final = "months_differ"
"""The usage covers months that the contract's bills cannot: a contract of two months on a monthly route."""
CURVE_UNREADABLE: Final = "curve_unreadable"
CURVE_SUM_DIFFERS: Final = "curve_sum_differs"
"""The slots of a curve do not sum to the energy of its quantity: one of the two is wrong."""
DEMAND_MISNAMED: Final = "demand_misnamed"
"""A demand under the name of an energy would be added up with it."""
LINE_FIELDS: Final = (
    *("charge", "zh", "kind", "period", "tier", "quantity", "unit", "price", "exact", "amount_fen"),
    *("tariff", "version", "from_", "to", "factors", "on"),
)
"""A line is stored as the list of these: a bill's lines are one text, and line n of it is addressed by its number."""

NO_RUNS: Final = Runs()
Rate = Callable[[Sequence[rating_types.Request]], Sequence[rating_types.RatedBill]]
_line_values = attrgetter(*LINE_FIELDS)
_period = attrgetter("period_from", "period_to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One period of a chain. `fresh`: it has a new usage, or was asked for, and is calculated whatever the state before it.

    `after_gap`: a bill before it has been taken out. `instead_of`: the bills taken out that share days with it.
    """

    usage: Usage
    old: Stored | None
    version: int
    fresh: bool
    after_gap: bool
    instead_of: Sequence[Stored]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a step came to, whether or not the bill changes by it: its answer of rating, ladder state after it, and findings."""

    step: Step
    rated: rating_types.RatedBill
    state: str
    findings: Sequence[Finding]


@dataclass(slots=True, kw_only=True)
class Chain:
    """The periods of one contract to calculate, from the state of the effective bill before the first of them.

    `gone`: bills in force that are taken out, their periods are no more; `versions`: the latest of each period. `again`: every
    bill from this day on is calculated again, also where the ladder is untouched, and `cause` is the finding that tells of the
    change. `issued_stand`: issued bills stay as they are, what corrects them waits for a reviewer. A bill of days that the
    contract does not cover is passed over: it awaits the cut of its usage. `measured`: the usages in force of its sub-meters, and
    of its own point where nothing was used, by point. `past`: the bills in force before the step at hand that it is reviewed
    beside, the last one last. `lines`: the stored lines of bills by id, where the price has two parts. `cuts`: on which days its
    point was cut. `runs`: those that were compared. `seen`: what each step came to, for who wants to know it. Later bills that
    are not out yet are looked at again beside a new one: nothing depends on which came first.
    """

    terms: Terms
    steps: Sequence[Step]
    gone: Sequence[Stored]
    versions: Mapping[tuple[date, date], int]
    state: str
    past: list[Past] = field(default_factory=list)
    again: date | None = None
    cause: str = ""
    issued_stand: bool = False
    measured: Mapping[str, Sequence[Usage]] = field(default_factory=lambda: rating_types.NOTHING)
    lines: Mapping[str, str] = field(default_factory=lambda: rating_types.NOTHING)
    runs: Runs = NO_RUNS
    cuts: Cuts = NO_CUTS
    moved: bool = False
    index: int = 0
    drafts: list[Draft] = field(default_factory=list)
    restated: list[tuple[Stored, str]] = field(default_factory=list)
    seen: list[Seen] | None = None

    def seek(self) -> bool:
        """Go to the next step that must be calculated; False where there is none."""
        while self.index < len(self.steps):
            step = self.steps[self.index]
            if step.old is None or (self._is_touched(step) and self._is_covered(step)):
                return True
            self.advance(step.old.state, step.usage, _two_part(self.lines, step.old, step.usage))
        return False

    def _is_touched(self, step: Step) -> bool:
        again = self.again is not None and self.again < step.usage.period_to
        beside_news = bool(self.drafts) and step.old is not None and step.old.status != ISSUED
        return again or step.fresh or step.after_gap or self.moved or beside_news

    def _is_covered(self, step: Step) -> bool:
        ended = self.terms.ended
        return self.terms.opened <= step.usage.period_from and (ended is None or step.usage.period_to <= ended)

    def advance(self, state: str, usage: Usage, two_part: TwoPart | None) -> None:
        """Go past a step whose bill ends with this state and usage."""
        days = {"period_from": usage.period_from, "period_to": usage.period_to}
        self.state = state
        self.past.append(Past(**days, energy_wh=usage.import_wh, two_part=two_part))
        self.index += 1


def plan(
    terms: Terms,
    stored: Sequence[Stored],
    fresh: Mapping[tuple[date, date], Usage],
    known: Mapping[str, Usage],
    *,
    out: Mapping[str, tuple[date, date]] = rating_types.NOTHING,
    again: date | None = None,
    cause: str = "",
    issued_stand: bool = False,
    measured: Mapping[str, Sequence[Usage]] = rating_types.NOTHING,
    lines: Mapping[str, str] = rating_types.NOTHING,
    runs: Runs = NO_RUNS,
    last_year: Sequence[Past] = (),
) -> Chain:
    """Lay out the chain of one contract.

    `stored`: its bills from the effective one before the first period on, of any status. `fresh`: new usages by period. `known`:
    the usages of the effective bills that may be calculated again, by id. `out`: the periods of bills that are taken out, by
    their ids; the bills after one begin where it began. `last_year`: its bills in force a year before. `again`, `cause`,
    `issued_stand`, `measured`, `lines`, `runs`: see Chain.
    """
    versions: dict[tuple[date, date], int] = {}
    effective: dict[tuple[date, date], Stored] = {}
    gone = []
    for bill in stored:
        period = bill.period_from, bill.period_to
        versions[period] = max(versions.get(period, 0), bill.version)
        if bill.status in EFFECTIVE:
            if bill.bill_id in out:
                gone.append(bill)
            else:
                effective[period] = bill
    gaps = sorted(out.values())
    start = min([*fresh, *gaps[:1], *([(again, again)] if again else [])])
    last = max((bill for period, bill in effective.items() if period < start), key=_period, default=None)
    steps = []
    for period in sorted({*fresh, *(p for p in effective if p > start)}):
        after_gap = bool(gaps) and gaps[0] <= period
        while gaps and gaps[0] <= period:
            del gaps[0]
        usage = fresh[period] if period in fresh else known[effective[period].usage_id]
        steps.append(
            Step(
                usage=usage,
                old=effective.get(period),
                version=versions.get(period, 0) + 1,
                fresh=period in fresh,
                after_gap=after_gap,
                instead_of=[bill for bill in gone if usage.shares_a_day(*_period(bill))] if gone else (),
            )
        )
    return Chain(
        terms=terms,
        steps=steps,
        gone=gone,
        versions=versions,
        state=terms.opening if last is None else last.state,
        past=_past(last, last_year, lines, known),
        again=again,
        cause=cause,
        issued_stand=issued_stand,
        measured=measured,
        lines=lines,
        runs=runs,
    )


def _past(
    last: Stored | None, last_year: Sequence[Past], lines: Mapping[str, str], known: Mapping[str, Usage]
) -> list[Past]:
    """Return the bills in force before the first step: those of last year, and the last one."""
    if last is None:
        return []
    own = Past(
        period_from=last.period_from,
        period_to=last.period_to,
        energy_wh=last.energy_wh,
        two_part=_two_part(lines, last, known.get(last.usage_id)),
    )
    return [*(one for one in last_year if one.period_to <= last.period_from), own]


def _two_part(lines: Mapping[str, str], bill: Stored, usage: Usage | None) -> TwoPart | None:
    return before.two_part_of(lines[bill.bill_id], usage) if bill.bill_id in lines else None


def calculate(chains: Sequence[Chain], rate: Rate, policies: Policies, old_lines: Mapping[str, str]) -> None:
    """Rate all chains in waves, the n-th step of every chain together, and leave drafts in them.

    `old_lines` holds the stored lines of bills that may be calculated again, by bill id: an issued bill whose lines come out
    the same is left as it is, and at most its ladder state is restated.
    """
    active = [chain for chain in chains if chain.seek()]
    while active:
        steps = [chain.steps[chain.index] for chain in active]
        policy_on = {day: policies.on(day) for day in {step.usage.read_date for step in steps}}
        refusals: dict[int, rating_types.RatedBill] = {}
        requests = []
        for place, (chain, step) in enumerate(zip(active, steps, strict=True)):
            try:
                requests.append(request(chain, step))
            except Refused as refused:
                refusals[place] = refused_by(chain, refused)
        answers = list(rate(requests))
        for place, refusal in refusals.items():
            answers.insert(place, refusal)
        for chain, step, rated in zip(active, steps, answers, strict=True):
            _take(chain, step, rated, policy_on[step.usage.read_date], old_lines)
        active = [chain for chain in active if chain.seek()]


def lines_text(lines: Sequence[rating_types.Line]) -> str:
    """Return the lines of a bill as they are stored: the same lines always make the same text."""
    return orjson.dumps([_line_values(line) for line in lines], default=list).decode()


def state_text(state: rating_types.JsonState | None) -> str:
    """Return a ladder state as it is stored: equal states make equal texts."""
    return orjson.dumps(state, option=orjson.OPT_SORT_KEYS, default=_plain).decode()


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else list(value)


def request(chain: Chain, step: Step) -> rating_types.Request:
    """Return what is to be rated; raises Refused for what cannot be."""
    usage, terms = step.usage, chain.terms
    if not usage.months or usage.months % terms.cycle_months:
        raise Refused(MONTHS_DIFFER, "/usage/months")
    month, supplied = bills.of_cycle(usage, terms)
    quantities = _quantities(usage) if usage.demand else usage.energy
    if terms.sub_meters:
        quantities = {**sub_meters.energy(terms.sub_meters, usage, chain.measured), **quantities}
    curves = tuple(_curve(usage, curve) for curve in usage.curves) if usage.curves else ()
    return rating_types.Request(
        contract=terms.contract_no,
        tariff=tariff_on(terms.assignments, usage.period_from),
        from_=usage.period_from,
        to=usage.period_to,
        read_day=usage.period_to,
        bill_months=bills.bill_months(usage.cycle, usage.months),
        facts=terms.spans,
        usage=(rating_types.UsagePart(usage.period_from, usage.period_to, quantities, curves),),
        state=orjson.loads(chain.state) if chain.state else None,
        month=month,
        supplied=supplied,
        cycles=usage.months // terms.cycle_months,
        opened=terms.opened,
    )


def _quantities(usage: Usage) -> Mapping[str, int]:
    """Return the quantities of a usage, Wh and W by name; raises Refused."""
    if not all(name.startswith("demand") for name in usage.demand):
        raise Refused(DEMAND_MISNAMED, "/usage/demand_w")
    return {**usage.energy, **usage.demand}


def _curve(usage: Usage, curve: PackedCurve) -> rating_types.Curve:
    """Return a load curve of a usage; raises Refused where it cannot be read, or is not the energy that is billed."""
    pointer = f"/usage/curves/{curve.quantity}"
    try:
        wh = packed.unpack(curve.values)
    except packed.NotPacked:
        raise Refused(CURVE_UNREADABLE, pointer) from None
    if sum(wh) != usage.energy.get(curve.quantity):
        raise Refused(CURVE_SUM_DIFFERS, pointer)
    return rating_types.Curve(curve.quantity, curve.start, curve.minutes, wh)


def refused_by(chain: Chain, refused: Refused) -> rating_types.RatedBill:
    return rating_types.RatedBill(
        contract=chain.terms.contract_no,
        currency="",
        lines=(),
        total_fen=0,
        tax_fen=None,
        state=None,
        quantities_wh=rating_types.NOTHING,
        tariffs=(),
        refusal=rating_types.Finding(refused.code, "refused", refused.pointer, refused.detail),
    )


def _take(
    chain: Chain, step: Step, rated: rating_types.RatedBill, policy: Policy, old_lines: Mapping[str, str]
) -> None:
    """Turn an answer of rating into a draft, a restated ladder state, or nothing where nothing changed."""
    old, refusal = step.old, rated.refusal
    state = "" if refusal else state_text(rated.state)
    text = lines_text(rated.lines)
    same = (
        old is not None
        and (refusal is None or old.status == HELD)
        and old.energy_wh == step.usage.import_wh
        and old.estimated == step.usage.estimated
        and old_lines.get(old.bill_id) == text
    )
    moved = old is None or state != old.state
    corrects = _status(step, ()) == ISSUED
    subject = reviewing.subject(
        chain.terms, step.usage, rated, chain.past, chain.measured, chain.cuts, corrects=corrects
    )
    usage = step.usage
    chain.runs.put_beside(subject, (usage.route_no, usage.cycle), usage.service_point_no, usage.period_from)
    found = _findings(step, subject, rated, policy.review)
    if chain.seen is not None:
        chain.seen.append(Seen(step=step, rated=rated, state=state, findings=found))
    if same and old is not None and (old.status == ISSUED or not _is_due(old, step, found, moved=moved)):
        if moved:
            chain.restated.append((old, state))
    elif chain.issued_stand and old is not None and old.status == ISSUED:
        state, moved = old.state, False
    else:
        chain.drafts.append(
            Draft(
                terms=chain.terms,
                usage=step.usage,
                version=step.version,
                replaces=old,
                status=_status(step, found),
                total_fen=rated.total_fen,
                state=state,
                findings=found,
                lines=rated.lines,
                tariffs=rated.tariffs,
                lines_text=text,
                tax_fen=rated.tax_fen,
                limits=rated.limits_wh,
                values=dict(rated.quantities_wh),
                subject=subject,
                made_from=MadeFrom(chain.state, sub_meters.used(chain.terms.sub_meters, step.usage, chain.measured)),
                read_wanted=reviewing.read_wanted(rated),
            )
        )
    chain.moved = moved
    chain.advance(state, step.usage, before.two_part(rated.lines, step.usage))


def _is_due(old: Stored, step: Step, found: Sequence[Finding], *, moved: bool) -> bool:
    """Return whether a bill that is not out yet is replaced by one of the same lines.

    It rests on another usage or ladder state, or has other findings than it has now.
    """
    return step.fresh or moved or not findings.are_same(old.findings, found)


def _status(step: Step, found: Sequence[Finding]) -> str:
    """Return the status of a new bill: what takes the place of an issued one, of its own or other days, is issued with it."""
    if step.old is not None and step.old.status == ISSUED:
        return ISSUED
    if step.instead_of and any(bill.status == ISSUED for bill in step.instead_of):
        return ISSUED
    return HELD if findings.worst(found) == HOLD else READY


def _findings(step: Step, subject: Subject, rated: rating_types.RatedBill, limits: Limits) -> list[Finding]:
    found = [*reviewing.not_rated(rated), *review(subject, limits)]
    found += to_site.find(found, limits.site_orders)
    old = [step.old] if step.old is not None else step.instead_of
    if old and any(bill.held_by_reviewer for bill in old):
        found.append(Finding(findings.HELD_BY_REVIEWER, HOLD))
    return found

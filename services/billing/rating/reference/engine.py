"""The reference: one bill at a time, written to be read beside the rule. It shares nothing with the bulk implementation but
the loaded documents and the types.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from services.billing.rating.rating_types import AccountSpan, Finding, RatedBill, Request
from services.billing.rating.reference import kwh_charges, ladders, other_charges, quantities
from services.billing.rating.reference.frame import Frame, Segment, applies, fact_at
from services.billing.rating.reference.two_part import capacity, demand, power_factor
from services.billing.rating.tariff.book import TariffBook
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import (
    Capacity,
    Credit,
    Demand,
    Energy,
    Fixed,
    Given,
    Minimum,
    Percent,
    PowerFactor,
    Tariff,
    Tiered,
)


def rate(requests: Iterable[Request], book: TariffBook) -> list[RatedBill]:
    """Rate each request by itself; one that cannot be rated is answered with its coded refusal."""
    return [rate_one(request, book) for request in requests]


def rate_one(request: Request, book: TariffBook) -> RatedBill:
    """Rate one request: check, cut into segments, quantities, ladders, charges in order, total."""
    return rate_in(Frame(request, book))


def rate_in(frame: Frame) -> RatedBill:
    """Rate the request of a frame; the frame then shows how (limits, segments)."""
    request = frame.request
    try:
        _check(request)
        _cut(frame)
        for segment in frame.segments:
            quantities.fill_in(frame, segment)
        for segment in frame.segments:
            for ladder in segment.tariff.ladders.values():
                ladders.walk(frame, segment, ladder, _counted(segment, ladder.counts, ladder.limits_by_period))
            _charge(frame, segment)
        total, tax = other_charges.totals(frame)
    except Refused as refused:
        finding = Finding(refused.code, "refused", refused.pointer, refused.detail)
        return RatedBill(request.contract, "", (), 0, None, request.state, {}, (), (finding,), finding)
    return RatedBill(
        request.contract,
        frame.segments[0].tariff.currency,
        tuple(frame.lines),
        total,
        tax,
        frame.new_state(),
        _all_quantities(frame),
        _used_tariffs(frame),
        tuple(frame.findings),
        unpriced_wh=sum(segment.unpriced_wh for segment in frame.segments),
        limits_wh=dict(frame.limits),
    )


def _counted(segment: Segment, name: str, by_period: object) -> int:
    return 0 if by_period and name not in segment.q else quantities.need(segment, name)


def _used_tariffs(frame: Frame) -> tuple[tuple[str, str, str], ...]:
    return tuple(dict.fromkeys((s.tariff.id, s.tariff.version, s.tariff.sha256) for s in frame.segments))


def _all_quantities(frame: Frame) -> dict[str, int]:
    if len(frame.segments) == 1:
        return frame.segments[0].q
    out: dict[str, int] = {}
    for segment in frame.segments:
        for name, wh in segment.q.items():
            out[name] = max(out.get(name, 0), wh) if name.startswith("demand") else out.get(name, 0) + wh
    return out


# --- charges in the order of the document

_EACH_SEGMENT: dict[type, Callable[[Frame, Segment, Any], None]] = {
    Energy: kwh_charges.energy,
    Tiered: kwh_charges.tiered,
    Capacity: capacity.add,
    Demand: demand.add,
    Credit: kwh_charges.credit,
    Fixed: other_charges.fixed,
}
_WHOLE_BILL: dict[type, Callable[[Frame, Segment, Any], None]] = {
    PowerFactor: power_factor.add,
    Percent: other_charges.percent,
    Minimum: other_charges.minimum,
    Given: other_charges.given,
}


def _charge(frame: Frame, segment: Segment) -> None:
    mine = [charge for charge in segment.tariff.charges if applies(charge.applies, segment.fact)]
    if not mine:
        frame.find("no_charge_applies", "warn", f"/account/{frame.request.facts.index(segment.fact)}")
    if segment.tariff.prices_kwh and not any(charge.prices_kwh for charge in mine):
        segment.unpriced_wh = abs(segment.q.get("import", 0))
    for charge in mine:
        make = _EACH_SEGMENT.get(type(charge))
        if make is not None:
            make(frame, segment, charge)
        elif segment.last:
            _WHOLE_BILL[type(charge)](frame, segment, charge)


# --- checks and segments


def _check(request: Request) -> None:
    if request.to <= request.from_:
        raise Refused("request_wrong", "/cycle/to", "the end does not lie after the beginning")
    if not request.bill_months or any(m.day != 1 for m in request.bill_months):
        raise Refused("request_wrong", "/cycle/bill_months", "at least one first day of a month was expected")
    day = request.from_
    for index, part in enumerate(request.usage):
        if part.from_ != day or part.to <= part.from_:
            raise Refused("usage_span", f"/usage/{index}/from")
        day = part.to
    if day != request.to:
        raise Refused("usage_span", "/usage")
    _check_facts(request)


def _check_facts(request: Request) -> None:
    facts = request.facts
    if not facts or facts[0].from_ > request.from_:
        raise Refused("facts_gap", "/account/0/from")
    for index in range(1, len(facts)):
        if facts[index - 1].to != facts[index].from_:
            raise Refused("facts_gap", f"/account/{index}/from")
    last = facts[-1].to
    if last is not None and last < request.to:
        raise Refused("facts_gap", f"/account/{len(facts) - 1}/to")


def _in_force(frame: Frame, day: date) -> tuple[Tariff, AccountSpan]:
    fact = fact_at(frame.request.facts, day) or frame.request.facts[-1]
    tariff_id = fact.tariff or frame.request.tariff
    tariff = frame.book.version_on(tariff_id, day)
    if tariff is None:
        if tariff_id not in frame.book.versions:
            raise Refused("tariff_unknown", "/tariff", tariff_id)
        raise Refused("version_missing", "/tariff", f"{tariff_id} on {day.isoformat()}")
    if tariff.unconfirmed:
        raise Refused("tariff_unconfirmed", "/tariff", f"{tariff_id}: {', '.join(tariff.unconfirmed)}")
    return tariff, fact


def _cut(frame: Frame) -> None:
    """Cut the cycle into segments by the switch rule of the tariff in force on its last day (`on_change.usage`)."""
    request = frame.request
    last_day = request.to - timedelta(days=1)
    tariff, fact = _in_force(frame, last_day)
    rule = tariff.on_change_usage
    if rule == "price_of_the_read_day":
        spans = [(request.from_, request.to, *_in_force(frame, request.read_day))]
    elif rule in ("price_of_the_first_day", "next_cycle"):
        spans = [(request.from_, request.to, *_in_force(frame, request.from_))]
    elif _nothing_changes(request, tariff):
        spans = [(request.from_, request.to, tariff, fact)]
    else:
        spans = _spans(frame)
    for from_, to, version, own in spans:
        if version.currency != spans[0][2].currency:
            raise Refused("currency_mismatch", "/tariff", version.id)
        frame.segments.append(Segment(version, from_, to, own))
    if len(spans) > 1:
        _by_reads(frame, spans)
        for index, segment in enumerate(frame.segments):
            segment.last = all(s.tariff.id != segment.tariff.id for s in frame.segments[index + 1 :])


def _nothing_changes(request: Request, tariff: Tariff) -> bool:
    covered = tariff.from_ is not None and tariff.from_ <= request.from_
    return covered and len(request.facts) == 1 and not _splits_years(tariff)


def _splits_years(tariff: Tariff) -> bool:
    return any(ladder.belongs_to == "split_at_year_end" for ladder in tariff.ladders.values())


Span = tuple[date, date, Tariff, AccountSpan]


def _spans(frame: Frame) -> list[Span]:
    request = frame.request
    days = {f.from_ for f in request.facts}
    for versions in (
        frame.book.versions.get(i, ()) for i in {request.tariff, *(f.tariff or "" for f in request.facts)}
    ):
        for version in versions:
            days |= {d for d in (version.from_, version.to) if d}
            if _splits_years(version):
                starts = {x.year_starts for x in version.ladders.values() if x.belongs_to == "split_at_year_end"}
                days |= {date(y, m, 1) for y in (request.from_.year, request.to.year) for m in starts}
    starts_at = [request.from_, *sorted(d for d in days if request.from_ < d < request.to)]
    ends = [*starts_at[1:], request.to]
    spans: list[Span] = []
    for from_, to in zip(starts_at, ends, strict=True):
        tariff, fact = _in_force(frame, from_)
        if spans and spans[-1][2] is tariff and not _matters(tariff, spans[-1], fact, from_):
            spans[-1] = (spans[-1][0], to, tariff, fact)
        else:
            spans.append((from_, to, tariff, fact))
    return spans


def _matters(tariff: Tariff, before: Span, fact: AccountSpan, day: date) -> bool:
    """Return whether a change of account facts makes other charges (or another ladder year) hold from a day on."""
    old = before[3]
    if any(applies(c, old) != applies(c, fact) for c in tariff.conditions):
        return True
    if tariff.is_cut_by_figures and dict(old.values) != dict(fact.values):
        return True
    return any(
        x.belongs_to == "split_at_year_end" and day == date(day.year, x.year_starts, 1) for x in tariff.ladders.values()
    )


def _by_reads(frame: Frame, spans: list[Span]) -> None:
    """Refuse a `split_by_read` whose day of change is not the border of two parts of the usage, or divide by days and say so."""
    borders = {part.from_ for part in frame.request.usage}
    for from_, _, tariff, _ in spans[1:]:
        if tariff.on_change_usage == "split_by_read" and from_ not in borders:
            if tariff.on_change_without_read == "held":
                raise Refused("read_missing_at_change", "/usage", from_.isoformat())
            frame.find("read_missing_at_change", "warn", "/usage", from_.isoformat())

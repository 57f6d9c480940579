"""Where a cycle is cut: by tariff version, by tariff, by account facts that matter. Decided once for a form."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from services.billing.rating.bulk.forms import Plan, same_values
from services.billing.rating.rating_types import AccountSpan, Request
from services.billing.rating.tariff.codes import Refused
from services.billing.rating.tariff.model import Condition, Tariff


@dataclass(frozen=True, slots=True)
class Piece:
    """A part [from_, to) of the cycle under one tariff version; `fact` is the index of the account fact at its end.

    `closes`: no later piece has the same tariff, so charges of the whole bill stand here.
    """

    index: int
    tariff: Tariff
    from_: date
    to: date
    fact: int
    closes: bool = True

    @property
    def days(self) -> int:
        """Return the length in days."""
        return (self.to - self.from_).days

    @property
    def version(self) -> str:
        """Return the tariff version as ladder states do."""
        return f"{self.tariff.id}@{self.tariff.version}"


def pieces(plan: Plan) -> list[Piece]:
    """Check a form and cut its cycle; raises Refused."""
    r = plan.request
    _check(r)
    rule = _in_force(plan, r.to - timedelta(days=1))[0].on_change_usage
    if rule == "price_of_the_read_day":
        cut = [(r.from_, r.to, *_in_force(plan, r.read_day))]
    elif rule in ("price_of_the_first_day", "next_cycle"):
        cut = [(r.from_, r.to, *_in_force(plan, r.from_))]
    else:
        cut = _cut(plan)
    if any(tariff.currency != cut[0][2].currency for _, _, tariff, _ in cut):
        raise Refused("currency_mismatch", "/tariff")
    ids = [tariff.id for _, _, tariff, _ in cut]
    found = [Piece(i, t, a, b, f, t.id not in ids[i + 1 :]) for i, (a, b, t, f) in enumerate(cut)]
    for day, tariff in unread(r, found):
        if tariff.on_change_without_read == "held":
            raise Refused("read_missing_at_change", "/usage", day.isoformat())
    return found


def unread(r: Request, found: Sequence[Piece]) -> list[tuple[date, Tariff]]:
    """Return the days of change that the tariff wants a read of and that have none."""
    reads = {part.from_ for part in r.usage}
    wanted = [p for p in found[1:] if p.tariff.on_change_usage == "split_by_read"]
    return [(p.from_, p.tariff) for p in wanted if p.from_ not in reads]


def _check(r: Request) -> None:
    if r.to <= r.from_ or not r.bill_months or any(m.day != 1 for m in r.bill_months):
        raise Refused("request_wrong", "/cycle")
    starts = [p.from_ for p in r.usage]
    ends = [p.to for p in r.usage]
    if [r.from_, *ends] != [*starts, r.to] or any(b <= a for a, b in zip(starts, ends, strict=True)):
        raise Refused("usage_span", "/usage")
    if not r.facts or r.facts[0].from_ > r.from_:
        raise Refused("facts_gap", "/account/0/from")
    if any(a.to != b.from_ for a, b in pairwise(r.facts)):
        raise Refused("facts_gap", "/account")
    end = r.facts[-1].to
    if end is not None and end < r.to:
        raise Refused("facts_gap", "/account")


def fact_at(facts: tuple[AccountSpan, ...], day: date) -> int | None:
    """Return the index of the fact that holds on a day."""
    return next((i for i, f in enumerate(facts) if f.from_ <= day and (f.to is None or day < f.to)), None)


def _in_force(plan: Plan, day: date) -> tuple[Tariff, int]:
    facts = plan.request.facts
    at = fact_at(facts, day)
    index = len(facts) - 1 if at is None else at
    wanted = facts[index].tariff or plan.request.tariff
    tariff = plan.book.version_on(wanted, day)
    if tariff is None:
        raise Refused("version_missing" if wanted in plan.book.versions else "tariff_unknown", "/tariff", wanted)
    if tariff.unconfirmed:
        raise Refused("tariff_unconfirmed", "/tariff", wanted)
    return tariff, index


def _year_starts(tariff: Tariff) -> set[int]:
    return {x.year_starts for x in tariff.ladders.values() if x.belongs_to == "split_at_year_end"}


def _borders(plan: Plan) -> list[date]:
    """Return every day within the cycle on which something could change."""
    r = plan.request
    days = {f.from_ for f in r.facts}
    for wanted in {r.tariff} | {f.tariff for f in r.facts if f.tariff}:
        for version in plan.book.versions.get(wanted, ()):
            days |= {d for d in (version.from_, version.to) if d is not None}
            days |= {date(y, m, 1) for y in range(r.from_.year, r.to.year + 1) for m in _year_starts(version)}
    return sorted(d for d in days if r.from_ < d < r.to)


def _cut(plan: Plan) -> list[tuple[date, date, Tariff, int]]:
    r = plan.request
    out: list[tuple[date, date, Tariff, int]] = []
    for from_, to in pairwise([r.from_, *_borders(plan), r.to]):
        tariff, fact = _in_force(plan, from_)
        if out and out[-1][2] is tariff and not _matters(plan, tariff, out[-1][3], fact, from_):
            out[-1] = (out[-1][0], to, tariff, fact)
        else:
            out.append((from_, to, tariff, fact))
    return out


def _matters(plan: Plan, tariff: Tariff, old: int, new: int, day: date) -> bool:
    before, after = plan.request.facts[old], plan.request.facts[new]
    if any(meets(c, before) != meets(c, after) for c in tariff.conditions):
        return True
    if tariff.is_cut_by_figures and not same_values(before, after):
        return True
    return day.day == 1 and day.month in _year_starts(tariff)


def meets(condition: Condition, fact: AccountSpan) -> bool:
    """Return whether an account is among those whom a rule is for."""
    return (
        (condition.classes is None or fact.class_ in condition.classes)
        and (condition.options is None or fact.option in condition.options)
        and condition.exempt.isdisjoint(fact.exempt)
        and (condition.people_from is None or fact.people >= condition.people_from)
        and (condition.people_below is None or fact.people < condition.people_below)
    )
